/** A simulated run without noise is a real one's: same members, same masked sums, same model, to the last bit. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { federate } from "../../../bin/simulate/federation.ts";
import type { NamedMember } from "../../../bin/simulate/members.ts";
import { runOf } from "../../../bin/simulate/setting.ts";
import { openedSum } from "../../../bin/simulate/sum.ts";
import { decodeSum } from "../../../models/tasks/decode.ts";
import { taskFor } from "../../../models/tasks/registry.ts";
import { wireFormat } from "../../../models/tasks/wire.ts";
import { toHex } from "../../../shared/base/bytes.ts";
import { randomBytes } from "../../../shared/base/env.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { type Manifest, runIdOf } from "../../../shared/charter/manifest.ts";
import { TaskSpec } from "../../../shared/charter/task-spec.ts";
import { identityFromSecret } from "../../../shared/crypto/identity.ts";
import { addVectorInPlace, reduceInPlace } from "../../../shared/secagg/ring.ts";
import { realGate, watchedGate } from "../../audit-privacy/gates.ts";
import { tableOf } from "../../models/fixtures.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { signedManifest } from "../../support/manifests.ts";
import { playRun } from "../../support/whole-run.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-simulate-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const charter = smallCharter(memberIds(4));
const members: NamedMember[] = charter.members.map((memberId) => ({
  memberId,
  data: {
    train: tableOf(charter.schema, 40, (unit) => 1 + (unit % 2), `${memberId} train`),
    holdout: tableOf(charter.schema, 15, () => 1, `${memberId} holdout`),
  },
}));
const coordinator = identityFromSecret(randomBytes(reproducibleRng("coordinator"), 32));

const EVALUATION = { everyRounds: null, bins: 16 };
const FED_AVG = { kind: "fedAvg", rounds: 2, learningRate: 0.05, batchSize: 16 };
const DP_SGD = { kind: "dpSgd", rounds: 2, samplingProbability: 0.5, clipNorm: 1, learningRate: 1 };
const train = (strategy: object, scaling: "moments" | "bounds"): object => ({
  kind: "train",
  model: { hidden: [4] },
  scaling,
  strategy,
  evaluation: EVALUATION,
});

const RUNS: readonly (readonly [string, object, Partial<Manifest>])[] = [
  ["fedAvg, rotated and 16 bits", train(FED_AVG, "moments"), { encoding: { profile: "wan" } }],
  ["dpSgd, 32 bits", train(DP_SGD, "bounds"), {}],
  [
    "boosted trees",
    {
      kind: "boost",
      model: { trees: 2, depth: 2, minRows: 1 },
      evaluation: { everyTrees: null, bins: 16 },
    },
    {},
  ],
];

test.each(
  RUNS,
)("%s: masked and opened, or simulated, the sums and the model are the same", (name, task, changes) => {
  const manifest = signedManifest(charter, {
    coordinatorKey: toHex(coordinator.publicKey),
    task: TaskSpec.parse(task),
    privacy: null,
    ...changes,
  });
  const { states, sums } = playedSecurely(name, manifest);

  const setting = { epsilon: null, charter, manifest, runId: runIdOf(manifest), worth: null };
  const simulated = runOf(setting, members, "seed");
  const outcome = federate(simulated);
  const { context } = simulated;
  expect(outcome.failure).toBeNull();
  expect(outcome.rounds).toHaveLength(states.length);
  expect(taskFor(manifest.task).encodeState(outcome.state)).toEqual(states.at(-1));

  // And the first round's sum alone, opened from what the real gates sealed.
  const ask = taskFor(manifest.task).nextAsk(context, taskFor(manifest.task).begin(context));
  if (!ask) throw new Error("a run asks something");
  const shape = taskFor(manifest.task).shapeOf(context, ask.kind);
  const place = { runId: setting.runId, attempt: 0 };
  const ring = sums.get(0) ?? new Uint32Array(0);
  reduceInPlace(ring, wireFormat(shape, manifest).ringBits);
  const own = openedSum(runOf(setting, members, "other seed"), ask, 0, [0, 1, 2, 3]);
  expect(own).toEqual(decodeSum(ring, shape, manifest, place));
});

/** The real run: coordinator, agents, gates and ledgers. The states after each round, and the unmasked sums by attempt. */
function playedSecurely(
  name: string,
  manifest: Manifest,
): { states: Uint8Array[]; sums: Map<number, Uint32Array> } {
  const states: Uint8Array[] = [];
  const sums = new Map<number, Uint32Array>();
  const open: (() => void)[] = [];
  playRun({
    charter,
    manifest,
    coordinator,
    append: (event, state) => {
      if (event.type === "roundReleased" && state) states.push(state);
    },
    gateOf: (memberId, index) => {
      const data = members[index]?.data;
      if (!data) throw new Error("a member has data");
      const setting = { charter, manifest, memberId, data, rng: reproducibleRng(memberId) };
      const gate = realGate(setting, join(folder, `${name.replaceAll(/\W/g, "-")}-${memberId}.db`));
      open.push(gate.close);
      return watchedGate(gate.answers, setting, (attempt, _, ring) => {
        const sum = sums.get(attempt) ?? new Uint32Array(ring.length);
        addVectorInPlace(sum, ring);
        sums.set(attempt, sum);
      });
    },
  });
  for (const close of open) close();
  return { states, sums };
}
