/** Personal layers live in the gate: in its memory, and in a file that only its owner may read. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Gate } from "../../../agent/gate/gate.ts";
import { type OwnModels, ownModelsIn } from "../../../agent/gate/own-models.ts";
import { openAccount } from "../../../agent/ledger/account.ts";
import type { Ledger } from "../../../agent/ledger/ledger.ts";
import { contextOf } from "../../../models/tasks/context.ts";
import { taskFor } from "../../../models/tasks/registry.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { charterHash } from "../../../shared/charter/charter.ts";
import { TaskSpec } from "../../../shared/charter/task-spec.ts";
import type { Mask } from "../../../shared/secagg/masks.ts";
import { tableOf } from "../../models/fixtures.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { questionOf, signedManifest } from "../../support/manifests.ts";
import { fileLedger, TERMS } from "../ledger/ledgers.ts";

const RUN = "ab".repeat(32);
const MASKS: Mask[] = [1, 2, 3].map((byte) => ({ key: new Uint8Array(32).fill(byte), sign: 1 }));
const charter = smallCharter(memberIds(3));
const task = TaskSpec.parse({
  kind: "train",
  model: { hidden: [4], activation: "tanh" },
  scaling: "bounds",
  strategy: { kind: "fedAvg", rounds: 5, learningRate: 0.1, batchSize: 8, personalLayers: 1 },
  evaluation: { everyRounds: null, bins: 8 },
});
const manifest = signedManifest(charter, { task, privacy: null });
const data = {
  train: tableOf(charter.schema, 30, () => 1, "gate train"),
  holdout: tableOf(charter.schema, 30, () => 1, "gate holdout"),
};
let folder = "";
let ledgers: Ledger[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "own-models-"));
});
afterEach(() => {
  for (const ledger of ledgers) ledger.close();
  ledgers = [];
  rmSync(folder, { recursive: true });
});

function gateWith(ownModels: OwnModels | undefined): Gate {
  const file = fileLedger(join(folder, `${ledgers.length}.db`));
  ledgers.push(file);
  const { budget } = charter.privacy;
  const ledger = openAccount(file, { ...TERMS, budget, charterHash: charterHash(charter) });
  const gate = new Gate({
    charter,
    memberId: "bank-1",
    data,
    ledger,
    rng: reproducibleRng("gate"),
    ownModels,
  });
  expect(gate.assess(questionOf(manifest, RUN))).toEqual([]);
  return gate;
}

/** The input of a round's ask; rounds differ in their parameters. */
function inputOf(round: number): Float32Array {
  const context = contextOf(charter, manifest);
  const { nextAsk, begin } = taskFor(manifest.task);
  const { input } = nextAsk(context, begin(context)) ?? { input: new Float32Array() };
  return input.map((x, i) => (i < 4 ? x : x + 0.01 * round));
}

function answer(gate: Gate, round: number): Uint8Array {
  gate.work(round, "update", inputOf(round));
  const sealed = gate.seal(round, round, MASKS);
  if ("refused" in sealed) throw new Error(sealed.refused);
  return sealed.vector;
}

test("a gate that is opened again goes on with its own layers; one without the file begins anew", () => {
  const models = join(folder, "models");
  const lasting = gateWith(ownModelsIn(models));
  for (const round of [0, 1, 2]) answer(lasting, round);
  const reopened = gateWith(ownModelsIn(models));
  const forgetful = gateWith(undefined);
  // Reopened before the next round's answer changes the file.
  const [expected, found, other] = [lasting, reopened, forgetful].map((gate) => answer(gate, 3));
  expect(found).toEqual(expected);
  expect(other).not.toEqual(expected);
});

test("the file holds the member's whole model, and only its owner may read it", () => {
  const models = join(folder, "models");
  answer(gateWith(ownModelsIn(models)), 0);
  expect(readdirSync(models)).toEqual([`${RUN}.json`]);
  const path = join(models, `${RUN}.json`);
  expect(statSync(path).mode & 0o077).toBe(0);
  expect(statSync(models).mode & 0o077).toBe(0);
  expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ format: "cloister-model/1" });
});

test("taking the same run up again keeps what the gate remembers", () => {
  const [one, two] = [gateWith(undefined), gateWith(undefined)];
  for (const gate of [one, two]) answer(gate, 0);
  two.assess(questionOf(manifest, RUN));
  expect(answer(two, 1)).toEqual(answer(one, 1));
});

test("a file that is no model of this schema stops the member before any work", () => {
  const models = join(folder, "models");
  answer(gateWith(ownModelsIn(models)), 0);
  writeFileSync(join(models, `${RUN}.json`), "{");
  expect(() => gateWith(ownModelsIn(models))).toThrow(`${RUN}.json: The model cannot be read`);
});
