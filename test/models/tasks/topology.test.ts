/** Training a topology as a run does: by both kinds of strategy, with clipping and noise, and to a model to hand out. */
import { describe, expect, test } from "vitest";
import { architectureOf, isGraph } from "../../../models/engine/architecture.ts";
import { plainBackend } from "../../../models/engine/plain.ts";
import { contextOf } from "../../../models/tasks/context.ts";
import { checkEncoding } from "../../../models/tasks/encoding.ts";
import { newMemory } from "../../../models/tasks/member-memory.ts";
import type { TaskContext } from "../../../models/tasks/task.ts";
import type { TrainState } from "../../../models/tasks/train/state.ts";
import { modelOf, trainTask } from "../../../models/tasks/train/train.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { manifestText, parseManifest } from "../../../shared/charter/manifest.ts";
import type { TrainTask } from "../../../shared/charter/task-spec.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { signedManifest } from "../../support/manifests.ts";
import { membersOf, rng, schemaOf } from "../fixtures.ts";
import { functional, input, normalised } from "../topologies.ts";
import { EVALUATED_ONCE, federation, run, trainSpec } from "./federation.ts";

const schema = schemaOf(["number", "missing", { onehot: 3 }, { embedding: 2 }]);
const members = membersOf(schema, 4, 120);
const model = { topology: normalised(schema, { dropout: 0.2 }), seed: "a" };
const fedAvg = {
  kind: "fedAvg",
  rounds: 8,
  localEpochs: 2,
  batchSize: 16,
  localOptimizer: "adam",
  learningRate: 0.01,
  clipNorm: 10,
};
const dpSgd = {
  kind: "dpSgd",
  rounds: 60,
  samplingProbability: 0.5,
  learningRate: 0.5,
  momentum: 0,
};

/** Mean cross-entropy of all members' training rows. */
function lossOf(context: TaskContext<TrainTask>, state: TrainState): number {
  const { params, scaling, spec } = modelOf(context, state);
  const backend = plainBackend(architectureOf(schema, spec));
  const losses = members.map(({ train }) => {
    const rows = Uint32Array.from({ length: train.rowCount }, (_, row) => row);
    return backend.meanGradient(params, scaling, train, rows).loss;
  });
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

/** A run whose sums carry Gaussian noise in every coordinate, as large as the run states. */
function noised(context: TaskContext<TrainTask>): TrainState {
  let state = trainTask.begin(context);
  const source = new UniformSource(rng("noise"));
  const memories = members.map((_, k) => newMemory(k));
  for (let ask = trainTask.nextAsk(context, state); ask; ask = trainTask.nextAsk(context, state)) {
    const { dimension, release } = trainTask.shapeOf(context, ask.kind);
    const stdDev = release.kind === "noised" ? release.noiseMultiplier * release.sensitivity : 0;
    const sum = new Float64Array(dimension).map(() => stdDev * source.normal());
    for (const [k, member] of members.entries()) {
      const random = rng(`member ${k}, step ${state.done}`);
      const part = trainTask.contribute(context, ask, member, random, memories[k]);
      for (let i = 0; i < dimension; i++) sum[i] = (sum[i] ?? 0) + (part[i] ?? 0);
    }
    state = trainTask.absorb(context, state, sum);
  }
  return state;
}

describe("a topology with layer normalisation, dropout and tables", () => {
  test.each([
    ["fedAvg", fedAvg],
    ["fedAvg over moments", { ...fedAvg, scaling: "moments" }],
    ["dpSgd without effective clipping", { ...dpSgd, clipNorm: 1000 }],
    ["dpSgd with clipping", { ...dpSgd, clipNorm: 0.3 }],
  ])("%s trains it to a better loss", (_, {
    scaling = "bounds",
    ...strategy
  }: object & { scaling?: string }) => {
    const spec = trainSpec({ model, strategy, scaling });
    const federated = federation(schema, spec, members);
    const begun = trainTask.begin(federated.context);
    const before = lossOf(federated.context, begun);
    const ended = run(federated);
    expect(ended.failure).toBeNull();
    expect(lossOf(federated.context, ended)).toBeLessThan(0.75 * before);
    expect(ended.metrics?.rocAuc).toBeGreaterThan(0.9);
  });

  test.each([
    ["fedAvg", { ...fedAvg, rounds: 2 }],
    ["dpSgd", { ...dpSgd, clipNorm: 0.3, rounds: 3 }],
  ])("%s gives the same model again from its seed", (_, strategy) => {
    const spec = trainSpec({ model, strategy });
    const ended = run(federation(schema, spec, members));
    expect(run(federation(schema, spec, members)).params).toEqual(ended.params);
  });

  test("with clipping and noise it still learns", () => {
    const strategy = { ...dpSgd, clipNorm: 0.3, learningRate: 1 };
    const spec = trainSpec({ model, strategy, evaluation: { ...EVALUATED_ONCE, bins: 8 } });
    const noise = { trainMultiplier: 1, holdoutMultiplier: 1, unitsExpected: 480 };
    const context = { spec, schema, noise, rowsMax: 10_000, memberCount: 4 };
    const before = lossOf(context, trainTask.begin(context));
    const ended = noised(context);
    expect(ended.failure).toBeNull();
    expect(lossOf(context, ended)).toBeLessThan(0.85 * before);
  });

  test("prior correction shifts its logits, and nothing else", () => {
    const loss = { kind: "crossEntropy", positiveWeight: 3, priorCorrection: {} };
    const spec = trainSpec({ model, strategy: { ...fedAvg, rounds: 1 }, loss });
    const { context } = federation(schema, spec, members);
    const state = trainTask.begin(context);
    const { params, scaling, logitShift } = modelOf(context, state);
    const backend = plainBackend(architectureOf(schema, spec.model));
    const data = members[0]?.holdout ?? expect.fail();
    const before = backend.logits(state.params, scaling, data);
    const after = backend.logits(params, scaling, data);
    expect(logitShift).toBeCloseTo(-Math.log(3), 12);
    for (const [i, logit] of after.entries())
      expect(logit - (before[i] ?? 0)).toBeCloseTo(-Math.log(3), 5);
  });
});

test("a manifest carries a topology word for word, and what does not fit the charter is refused before any round", () => {
  const charter = smallCharter(memberIds(5));
  const [feature] = charter.schema.features;
  const width = feature?.type === "number" ? 1 : 0;
  const topology = (name: string): object =>
    functional(
      input(name, width),
      ["Dense", "deep", { units: 3, activation: "swish" }, name],
      ["Dense", "score", { units: 1, activation: "sigmoid" }, "deep"],
    );
  const strategy = { ...dpSgd, clipNorm: 1 };
  const alone = {
    ...charter,
    schema: { ...charter.schema, features: charter.schema.features.slice(0, 1) },
  };
  const manifestFor = (name: string) =>
    signedManifest(alone, { task: trainSpec({ model: { topology: topology(name) }, strategy }) });
  const manifest = manifestFor("numbers");
  const read = parseManifest(manifestText(manifest));
  expect(read).toEqual(manifest);
  expect(() => checkEncoding(alone, manifest)).not.toThrow();
  const context = contextOf(alone, manifest);
  if (context.spec.kind !== "train") throw new Error("a training run");
  expect(isGraph(architectureOf(alone.schema, context.spec.model))).toBe(true);
  expect(() => checkEncoding(alone, manifestFor("amounts"))).toThrow('layer "amounts"');
});
