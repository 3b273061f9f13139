/** Class weights, the round that counts positives, and prior correction. */
import { expect, test } from "vitest";
import type { PartitionedData } from "../../../../models/data.ts";
import { architectureOf } from "../../../../models/engine/architecture.ts";
import { rowLossOf } from "../../../../models/engine/loss.ts";
import { plainBackend } from "../../../../models/engine/plain.ts";
import { modelToJson, parseModelJson } from "../../../../models/export/json.ts";
import {
  logitShift,
  positiveWeight,
  shareOf,
} from "../../../../models/tasks/train/class-balance.ts";
import { identityScaling, modelOf, trainTask } from "../../../../models/tasks/train/train.ts";
import { UniformSource } from "../../../../shared/base/uniform.ts";
import type { LossSpec } from "../../../../shared/charter/loss-spec.ts";
import { rng, schemaOf } from "../../fixtures.ts";
import { distance, federation, run, trainSpec } from "../federation.ts";

const schema = schemaOf(["number", "number"]);

/** Labels drawn with the odds of a logistic model, about one positive in twelve. */
function drawn(seed: string, rowCount = 400): PartitionedData["train"] {
  const source = new UniformSource(rng(seed));
  const numbers = Float32Array.from({ length: 2 * rowCount }, () => 2 * source.unit() - 1);
  const labels = Uint8Array.from({ length: rowCount }, (_, row) => {
    const z = -3.4 + 2.5 * (numbers[2 * row] ?? 0) - (numbers[2 * row + 1] ?? 0);
    return source.unit() < 1 / (1 + Math.exp(-z)) ? 1 : 0;
  });
  const unitStarts = Uint32Array.from({ length: rowCount + 1 }, (_, row) => row);
  return { rowCount, numbers, codes: new Uint16Array(0), labels, unitStarts };
}

const members: readonly PartitionedData[] = [1, 2, 3].map((k) => ({
  train: drawn(`train ${k}`),
  holdout: drawn(`holdout ${k}`),
}));
const rowCount = 1200;
const positives = members.reduce(
  (sum, { train }) => sum + train.labels.reduce((a, b) => a + b, 0),
  0,
);
const share = positives / rowCount;

const STEPS = {
  kind: "dpSgd",
  rounds: 400,
  samplingProbability: 1,
  clipNorm: 1e3,
  learningRate: 1,
  momentum: 0.9,
};
const spec = (loss?: object, strategy: object = STEPS) => trainSpec({ loss, strategy });

test("where the plan asks for balance without a figure, one exact round counts rows and positives", () => {
  const federated = federation(
    schema,
    spec({ kind: "crossEntropy", positiveWeight: "balanced" }),
    members,
  );
  const { context } = federated;
  const ask = trainTask.nextAsk(context, trainTask.begin(context));
  expect(ask?.kind).toBe("counts");
  expect(trainTask.shapeOf(context, "counts")).toEqual({
    dimension: 2,
    release: { kind: "bounded", magnitudeMax: context.rowsMax, ringBits: 32, exact: true },
  });
  const state = run(federated);
  expect(state.positiveShare).toBeCloseTo(share, 12);
  expect(trainTask.progress(state)).toMatchObject({ done: 402, total: 402 });
});

test("a declared figure is used as it is, and nothing is counted", () => {
  const loss = { kind: "crossEntropy", positiveWeight: "balanced", positiveShare: 0.2 };
  const { context } = federation(schema, spec(loss), members);
  expect(trainTask.nextAsk(context, trainTask.begin(context))?.kind).toBe("gradient");
  expect(() => trainTask.shapeOf(context, "counts")).toThrow('never asks for "counts"');
  const noise = { trainMultiplier: 1, holdoutMultiplier: 1, unitsExpected: 1200 };
  expect(trainTask.begin({ ...context, noise }).positiveShare).toBeNull();
});

test("a noised run does not count: it asks for a public figure", () => {
  const { context } = federation(
    schema,
    spec({ kind: "focal", positiveWeight: "balanced" }),
    members,
  );
  const noise = { trainMultiplier: 1, holdoutMultiplier: 1, unitsExpected: 1200 };
  expect(() => trainTask.begin({ ...context, noise })).toThrow("Declare loss.positiveShare");
});

const STRATEGIES: readonly object[] = [
  { ...STEPS, rounds: 30, momentum: 0 },
  {
    kind: "fedAvg",
    rounds: 30,
    batchSize: 400,
    localOptimizer: "sgd",
    learningRate: 1,
    clipNorm: 1e3,
  },
];
test.each(
  STRATEGIES,
)("balanced training goes where weighted training on pooled rows goes: $kind", (strategy) => {
  const loss: LossSpec = { kind: "crossEntropy", positiveWeight: "balanced" };
  const { params } = run(federation(schema, spec(loss, strategy), members));
  const expected = pooledDescent(loss, (1 - share) / share, 30);
  expect(distance(params, expected)).toBeLessThan(1e-5);
  expect(distance(params, pooledDescent(loss, 1, 30))).toBeGreaterThan(0.1);
});

test("so does training with a focal loss", () => {
  const loss: LossSpec = { kind: "focal", gamma: 1.5, positiveWeight: 3 };
  const { params } = run(federation(schema, spec(loss, STRATEGIES[0]), members));
  expect(distance(params, pooledDescent(loss, 3, 30))).toBeLessThan(1e-5);
});

/** Gradient descent with steps of 1 on all rows in one place. */
function pooledDescent(loss: LossSpec, weight: number, steps: number): Float64Array {
  const architecture = architectureOf(schema, { hidden: [], activation: "relu", seed: "" });
  const backend = plainBackend(architecture);
  const numbers = Float32Array.from(members.flatMap(({ train }) => [...train.numbers]));
  const labels = Uint8Array.from(members.flatMap(({ train }) => [...train.labels]));
  const unitStarts = new Uint32Array(0);
  const data = { rowCount, numbers, codes: new Uint16Array(0), labels, unitStarts };
  const rows = Uint32Array.from({ length: rowCount }, (_, row) => row);
  const params = new Float64Array(architecture.paramCount);
  const rowLoss = rowLossOf(loss, labels, weight);
  for (let t = 0; t < steps; t++) {
    const { gradient } = backend.meanGradient(params, identityScaling(2), data, rows, rowLoss);
    for (let i = 0; i < params.length; i++) params[i] = (params[i] ?? 0) - (gradient[i] ?? 0);
  }
  return params;
}

test("prior correction makes a balanced model's scores probabilities again", () => {
  const corrected = { kind: "crossEntropy", positiveWeight: "balanced", priorCorrection: {} };
  const federated = federation(schema, spec(corrected), members);
  const state = run(federated);
  const model = modelOf(federated.context, state);
  expect(model.logitShift).toBeCloseTo(-Math.log((1 - share) / share), 6);
  expect(meanScore(model.params)).toBeCloseTo(share, 1);
  expect(Math.abs(meanScore(model.params) - share)).toBeLessThan(0.02);
  expect(meanScore(state.params)).toBeGreaterThan(3 * share);
  // The bias alone has moved, and the file remembers by how much.
  const shifted = model.params.filter((value, i) => value !== state.params[i]);
  expect(shifted).toHaveLength(1);
  expect(parseModelJson(modelToJson(model)).logitShift).toBe(model.logitShift);
});

function meanScore(params: Float32Array): number {
  const backend = plainBackend(
    architectureOf(schema, { hidden: [], activation: "relu", seed: "" }),
  );
  const scores = members.flatMap(({ holdout }) => [
    ...backend.scores(params, identityScaling(2), holdout),
  ]);
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

test("for rows with another share of positives the odds move by the ratio of the odds", () => {
  const loss: LossSpec = { kind: "crossEntropy", priorCorrection: { deployedShare: 0.02 } };
  const odds = (p: number): number => p / (1 - p);
  expect(logitShift(loss, 0.2)).toBeCloseTo(Math.log(odds(0.02) / odds(0.2)), 12);
  const weighted: LossSpec = { ...loss, positiveWeight: 7 };
  expect(logitShift(weighted, 0.2)).toBeCloseTo(Math.log(odds(0.02) / odds(0.2) / 7), 12);
  expect(logitShift({ kind: "crossEntropy", positiveWeight: 7 }, 0.2)).toBe(0);
});

test("a class that nobody has gets a large weight, not an infinite one", () => {
  const balanced: LossSpec = { kind: "crossEntropy", positiveWeight: "balanced" };
  for (const counted of [0, 1]) {
    const weight = positiveWeight(balanced, shareOf(balanced, counted));
    expect(Math.abs(Math.log10(weight))).toBeCloseTo(4, 3);
  }
});

test.each([0, -1, Number.NaN, 1e9])("a weight of %d in an ask is refused", (weight) => {
  const loss = { kind: "crossEntropy", positiveWeight: "balanced" };
  const { context } = federation(schema, spec(loss), members);
  const [data] = members;
  const input = Float32Array.of(...identityScaling(2), 0, 0, 0, weight);
  const contribute = (): unknown =>
    data && trainTask.contribute(context, { kind: "gradient", input }, data, rng("x"));
  expect(contribute).toThrow("weight of positives");
});
