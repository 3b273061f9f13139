/** Training through the encodings: what arrives is good enough to learn from. */
import { expect, test } from "vitest";
import { defaultTrainTask, fedAvgTask } from "../../../models/tasks/defaults.ts";
import type { TaskContext } from "../../../models/tasks/task.ts";
import { trainTask } from "../../../models/tasks/train/train.ts";
import type { WireManifest } from "../../../models/tasks/wire.ts";
import type { ManifestEncoding, ManifestPrivacy } from "../../../shared/charter/manifest.ts";
import type { TrainTask } from "../../../shared/charter/task-spec.ts";
import {
  rmsErrorMax,
  type UnnoisedProfile,
  unnoisedEncoding,
} from "../../../shared/privacy/encoding/profiles.ts";
import { l2Norm } from "../../../shared/privacy/mechanism/clip.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { PRIVACY, signedManifest } from "../../support/manifests.ts";
import { secureSum } from "../../support/secure-sum.ts";
import { membersOf, rng, schemaOf } from "../fixtures.ts";

const schema = schemaOf(["number", "missing", { onehot: 3 }, { embedding: 4 }]);
const { roster } = signedManifest(smallCharter(memberIds(3)));
const members = membersOf(schema, 3, 200);

interface Outcome {
  readonly rocAuc: number;
  readonly loss: number;
  /** ‖opened − true sum‖/‖true sum‖ of the model vectors, over all rounds. */
  readonly error: number;
}

function train(
  spec: TrainTask,
  privacy: ManifestPrivacy | null,
  encoding: ManifestEncoding | undefined,
): Outcome {
  const context: TaskContext<TrainTask> = {
    spec,
    schema,
    noise: privacy,
    rowsMax: 1000,
    memberCount: roster.length,
  };
  const manifest: WireManifest = { roster, privacy, encoding };
  let state = trainTask.begin(context);
  let [errors, energy] = [0, 0];
  for (let attempt = 0; ; attempt++) {
    const ask = trainTask.nextAsk(context, state);
    if (ask === null) break;
    const shape = trainTask.shapeOf(context, ask.kind);
    const parts = members.map((member, k) =>
      trainTask.contribute(context, ask, member, rng(`${attempt}/${k}`)),
    );
    const opened = secureSum(parts, shape, manifest, attempt);
    const sum = opened.map((_, i) => parts.reduce((total, part) => total + (part[i] ?? 0), 0));
    if (shape.isModelVector) {
      errors += l2Norm(opened.map((value, i) => value - (sum[i] ?? 0))) ** 2;
      energy += l2Norm(sum) ** 2;
    } else if (privacy === null && ask.kind === "evaluate") expect(opened).toEqual(sum);
    state = trainTask.absorb(context, state, opened);
  }
  const { loss, metrics } = trainTask.progress(state);
  return {
    rocAuc: metrics?.rocAuc ?? 0,
    loss: loss ?? Number.NaN,
    error: Math.sqrt(errors / energy),
  };
}

test("federated averaging learns as well from 16 bits as from 24 or 32", () => {
  const spec = fedAvgTask({ rounds: 20 });
  const exact = train(spec, null, { profile: "exact" });
  const compact = train(spec, null, { profile: "compact" });
  const wan = train(spec, null, { profile: "wan" });
  expect(exact.rocAuc).toBeGreaterThan(0.93);
  for (const { rocAuc, loss } of [compact, wan]) {
    expect(Math.abs(rocAuc - exact.rocAuc)).toBeLessThan(0.003);
    expect(Math.abs(loss / exact.loss - 1)).toBeLessThan(0.02);
  }
  // What is lost on the way: some thousand coordinates are few for a rotation to pay, and it suffices.
  expect(exact.error).toBeLessThan(compact.error / 100);
  expect(compact.error).toBeLessThan(wan.error / 3);
  expect(wan.error).toBeLessThan(0.03);
});

test("real updates of a larger net arrive within the stated error, and 16 bits come nearer to 24", () => {
  const base = fedAvgTask();
  const spec = {
    ...base,
    scaling: "bounds" as const,
    model: { ...base.model, hidden: [256, 128] },
  };
  const context = { spec, schema, noise: null, rowsMax: 1000, memberCount: 3 };
  const ask = trainTask.nextAsk(context, trainTask.begin(context));
  if (ask === null) throw new Error("an update is asked for first");
  const shape = trainTask.shapeOf(context, ask.kind);
  if (shape.release.kind !== "bounded") throw new Error("updates are bounded");
  const bound = {
    ...shape.release,
    dimension: shape.dimension,
    l2NormMax: shape.release.l2NormMax,
  };
  const parts = members.map((member, k) => trainTask.contribute(context, ask, member, rng(`${k}`)));
  const errorOf = (profile: UnnoisedProfile): number => {
    const opened = secureSum(parts, shape, { roster, privacy: null, encoding: { profile } });
    const difference = opened.map((value, i) =>
      parts.reduce((rest, part) => rest - (part[i] ?? 0), value),
    );
    const stated = rmsErrorMax(unnoisedEncoding(profile, bound, 3), bound);
    expect(l2Norm(difference)).toBeLessThan(stated);
    expect(l2Norm(difference)).toBeGreaterThan(stated / 20);
    return l2Norm(difference);
  };
  const [wan, compact] = [errorOf("wan"), errorOf("compact")];
  // κ·2^8/√p, p = 2^15: at p = 2^20 they would be equal.
  expect((wan / compact) * (Math.sqrt(2 ** 15) / (5 * 2 ** 8))).toBeCloseTo(1, 1);
});

test("with noise, 18 bits around the value carry what the 32-bit grid does", () => {
  const base = defaultTrainTask({ noised: true, rounds: 40 });
  if (base.strategy.kind !== "dpSgd") throw new Error("the noised default is dpSgd");
  const steps = { optimizer: "momentum" as const, learningRate: 0.5, momentum: 0.9 };
  const strategy = { ...base.strategy, samplingProbability: 0.5, ...steps };
  const spec = { ...base, strategy };
  const privacy = { ...PRIVACY, trainMultiplier: 1, holdoutMultiplier: 1, unitsExpected: 600 };
  const grid = train(spec, privacy, undefined);
  const dp = train(spec, privacy, { profile: "dp", ringBits: 18 });
  expect(grid.rocAuc).toBeGreaterThan(0.9);
  expect(Math.abs(dp.rocAuc - grid.rocAuc)).toBeLessThan(0.02);
  // The error of both is the noise, and it is the same.
  expect(dp.error).toBeGreaterThan(0.2);
  expect(Math.abs(dp.error / grid.error - 1)).toBeLessThan(0.1);
});
