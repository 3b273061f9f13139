/** Personal layers: what stays with a member, what it is worth, and that it survives a restart. */
import { expect, test } from "vitest";
import type { PartitionedData } from "../../../models/data.ts";
import { architectureOf, initialParams } from "../../../models/engine/architecture.ts";
import { trainLocally } from "../../../models/engine/local-training.ts";
import { plainBackend } from "../../../models/engine/plain.ts";
import { metricsOfScores } from "../../../models/metrics/ranking.ts";
import { newMemory } from "../../../models/tasks/member-memory.ts";
import { identityScaling, modelOf, trainTask } from "../../../models/tasks/train/train.ts";
import { membersOf, rng, schemaOf } from "../fixtures.ts";
import { distance, federation, round, run, trainSpec } from "./federation.ts";

const schema = schemaOf(["number", "number", { onehot: 3 }]);
const MODEL = { hidden: [8, 4], activation: "tanh" };
const STRATEGY = {
  kind: "fedAvg",
  rounds: 12,
  batchSize: 16,
  localOptimizer: "sgd",
  learningRate: 0.3,
  clipNorm: 1e3,
};
const evaluation = { everyRounds: 4, bins: 64 };
const personal = (personalLayers: number, more = {}) =>
  trainSpec({ model: MODEL, strategy: { ...STRATEGY, personalLayers, ...more }, evaluation });

/** The last member calls positive what the others call negative. */
const members: readonly PartitionedData[] = membersOf(schema, 3, 80).map((member, k) =>
  k === 2 ? { train: flipped(member.train), holdout: flipped(member.holdout) } : member,
);

function flipped(data: PartitionedData["train"]): PartitionedData["train"] {
  return { ...data, labels: data.labels.map((label) => 1 - label) };
}

test("a vector holds no number of a personal layer: it is as long as what is shared, and moves nothing else", () => {
  const spec = personal(2);
  const federated = federation(schema, spec, members);
  const { slices, paramCount } = architectureOf(schema, spec.model);
  const shared = slices.find(({ name }) => name === "layer1/kernel")?.offset ?? 0;
  expect(trainTask.shapeOf(federated.context, "update").dimension).toBe(shared + 2);
  const state = run(federated);
  const start = initialParams(architectureOf(schema, spec.model), spec.model.seed);
  expect(state.params.subarray(shared)).toEqual(start.subarray(shared));
  expect(distance(state.params.subarray(0, shared), start)).toBeGreaterThan(0.1);
  const own = federated.memories.map(({ last }) => last?.after.personal);
  for (const layers of own) expect(layers?.length).toBe(paramCount - shared);
  expect(distance(own[0] ?? [], own[2] ?? [])).toBeGreaterThan(0.1);
  expect(() => modelOf(federated.context, state)).toThrow("stayed with the members");
});

test("where members disagree, models of their own serve all of them, and one for all does not", () => {
  const together = run(
    federation(schema, trainSpec({ model: MODEL, strategy: STRATEGY }), members),
  );
  const apart = run(federation(schema, personal(1), members));
  expect(apart.metrics?.rocAuc).toBeGreaterThan(0.9);
  expect(together.metrics?.rocAuc).toBeLessThan(0.75);
});

test("the evaluation is of each member's own model", () => {
  const federated = federation(schema, personal(1), members);
  const { context, memories } = federated;
  const state = run(federated);
  const backend = plainBackend(architectureOf(schema, context.spec.model));
  const scores: number[] = [];
  const labels: number[] = [];
  for (const [k, { holdout }] of members.entries()) {
    const ask = { kind: "evaluate", input: inputOf(state.params, backend.architecture.paramCount) };
    const model = trainTask.ownModel?.(context, ask, memories[k] ?? newMemory());
    if (!model) throw new Error("every member has a model of its own");
    scores.push(...backend.logits(model.params, model.scaling, holdout));
    labels.push(...holdout.labels);
  }
  const exact = metricsOfScores(Float32Array.from(scores), Uint8Array.from(labels));
  expect(state.metrics?.rocAuc).toBeCloseTo(exact?.rocAuc ?? 0, 2);
});

/** What an evaluation of these parameters asks: scaling, and the layers before the last. */
function inputOf(params: Float32Array, paramCount: number): Float32Array {
  return Float32Array.of(...identityScaling(2), ...params.subarray(0, paramCount - 5));
}

test("a run ends where a plain version of the paper's algorithm does", () => {
  const spec = personal(1);
  const federated = federation(schema, spec, members);
  const found = run(federated);
  const architecture = architectureOf(schema, spec.model);
  const backend = plainBackend(architecture);
  const shared = architecture.paramCount - 5;
  const optimizer = { kind: "sgd", learningRate: 0.3 } as const;
  let body = initialParams(architecture, spec.model.seed).slice(0, shared);
  const heads = members.map(() => initialParams(architecture, spec.model.seed).slice(shared));
  for (let t = 0, step = 0; t < 12; t++) {
    const sum = new Float64Array(shared);
    let rows = 0;
    for (const [k, { train }] of members.entries()) {
      const start = Float32Array.of(...body, ...(heads[k] ?? []));
      const random = rng(`member ${k}, step ${step}`);
      const training = { epochs: 1, batchSize: 16, optimizer };
      const { params } = trainLocally(backend, start, identityScaling(2), train, training, random);
      for (let i = 0; i < shared; i++) sum[i] = (sum[i] ?? 0) + train.rowCount * (params[i] ?? 0);
      heads[k] = params.slice(shared);
      rows += train.rowCount;
    }
    body = Float32Array.from(sum, (x) => x / rows);
    step += (t + 1) % 4 === 0 ? 2 : 1;
  }
  expect(distance(found.params.subarray(0, shared), body)).toBeLessThan(1e-4);
  for (const [k, head] of heads.entries())
    expect(distance(federated.memories[k]?.last?.after.personal ?? [], head)).toBeLessThan(1e-4);
});

test("a member that restarts from its own model's file goes on as if it had not", () => {
  const federated = federation(schema, personal(1), members);
  const { context, memories } = federated;
  let state = trainTask.begin(context);
  for (let t = 0; t < 3; t++) {
    const ask = trainTask.nextAsk(context, state);
    state = round(federated, state);
    const [memory] = memories;
    if (!ask || !memory) throw new Error("there are rounds and members");
    const model = trainTask.ownModel?.(context, ask, memory);
    const next = trainTask.nextAsk(context, state);
    const [data] = members;
    if (!model || !next || !data) throw new Error("there are rounds to come");
    const recalled = trainTask.recall?.(context, model);
    const answer = (own = memory): Float64Array =>
      trainTask.contribute(context, next, data, rng("same"), structuredClone(own));
    expect(answer(recalled)).toEqual(answer());
    expect(answer(newMemory())).not.toEqual(answer());
  }
});

test("a proximal term holds what is shared, and leaves personal layers alone", () => {
  const moved = (proximal: number): { shared: number; own: number } => {
    const spec = personal(1, { kind: "fedProx", proximal, rounds: 3, learningRate: 0.1 });
    const federated = federation(schema, spec, members);
    const { params } = run(federated);
    const start = trainTask.begin(federated.context).params;
    const shared = params.length - 5;
    const own = federated.memories[0]?.last?.after.personal ?? [];
    return { shared: distance(params, start), own: distance(own, start.subarray(shared)) };
  };
  const [free, held] = [moved(1e-9), moved(9)];
  expect(held.shared).toBeLessThan(0.3 * free.shared);
  expect(held.own).toBeGreaterThan(0.5 * free.own);
});

test("with scaffold the control variate is of what is shared only", () => {
  const federated = federation(schema, personal(1, { kind: "scaffold", rounds: 4 }), members);
  const state = run(federated);
  expect(state.control.length).toBe(state.params.length - 5);
  expect(Math.hypot(...state.control)).toBeGreaterThan(0);
  expect(state.metrics?.rocAuc).toBeGreaterThan(0.8);
});
