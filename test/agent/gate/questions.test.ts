/** Questions with exact sums at the gate: what one answer and the next tell together is refused by the member alone. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Gate } from "../../../agent/gate/gate.ts";
import { keptIn } from "../../../agent/gate/kept.ts";
import { openAccount } from "../../../agent/ledger/account.ts";
import type { EncodedData } from "../../../models/data.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { Charter, charterHash } from "../../../shared/charter/charter.ts";
import { type Manifest, runIdOf } from "../../../shared/charter/manifest.ts";
import { TaskSpec } from "../../../shared/charter/task-spec.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { questionOf, signedManifest } from "../../support/manifests.ts";
import { fileLedger, TERMS } from "../ledger/ledgers.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cloister-questions-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const small = smallCharter(memberIds(3));
const CHARTER = Charter.parse({
  ...small,
  tasks: ["query"],
  columns: { amount: { group: true } },
  privacy: { ...small.privacy, unnoisedRuns: "allowed" },
});
const MASKS = Array.from({ length: 3 }, (_, i) => ({
  key: new Uint8Array(32).fill(i + 1),
  sign: 1 as const,
}));

/** Amounts from −1 to 1 on the encoded scale, one row a unit. */
function table(rowCount: number): EncodedData {
  const { features } = CHARTER.schema;
  const numberCount = features.filter(({ type }) => type === "number").length;
  const numbers = Float32Array.from(
    { length: rowCount * numberCount },
    (_, i) => (2 * Math.floor(i / numberCount)) / (rowCount - 1) - 1,
  );
  const codes = new Uint16Array(rowCount * (features.length - numberCount));
  const unitStarts = Uint32Array.from({ length: rowCount + 1 }, (_, i) => i);
  return { rowCount, numbers, codes, labels: new Uint8Array(rowCount), unitStarts };
}

function opened(): Gate {
  const ledger = openAccount(fileLedger(join(folder, "ledger.db")), {
    ...TERMS,
    budget: CHARTER.privacy.budget,
    charterHash: charterHash(CHARTER),
  });
  const data = { train: table(41), holdout: table(11) };
  const rng = reproducibleRng("gate");
  return new Gate({ charter: CHARTER, memberId: "bank-1", data, ledger, rng, ...keptIn(folder) });
}

function asking(where: object[]): Manifest {
  const task = TaskSpec.parse({ kind: "query", where, statistic: { kind: "count" } });
  return signedManifest(CHARTER, { task, privacy: null });
}

const codes = (gate: Gate, manifest: Manifest): string[] =>
  gate.assess(questionOf(manifest)).map(({ code }) => code);

const amount = CHARTER.schema.features.find(({ type }) => type === "number");
if (amount?.type !== "number") throw new Error("the charter has a number");
const { name, min, max } = amount;

test("the answer to all but one customer is refused after the answer to all, also by the next process", () => {
  const gate = opened();
  const everybody = asking([]);
  expect(codes(gate, everybody)).toEqual([]);
  gate.work(0, "query", new Float32Array(0));
  expect(gate.seal(0, 0, MASKS)).toHaveProperty("vector");
  const butTheLargest = asking([{ column: name, is: "<", value: max }]);
  expect(codes(gate, butTheLargest)).toEqual(["isolatesFew"]);
  expect(codes(opened(), butTheLargest)).toEqual(["isolatesFew"]);
  const half = asking([{ column: name, is: "<", value: (min + max) / 2 }]);
  expect(codes(gate, half)).toEqual([]);
  expect(codes(gate, everybody), "the same again tells nothing new").toEqual([]);
  expect(runIdOf(half)).not.toBe(runIdOf(everybody));
});

test("what was only proposed, and never answered, stands in nobody's way", () => {
  const gate = opened();
  expect(codes(gate, asking([]))).toEqual([]);
  expect(codes(gate, asking([{ column: name, is: "<", value: max }]))).toEqual([]);
});
