/** Federated training without labels: planted anomalies stand out, and no evaluation claims what it cannot know. */
import { describe, expect, test } from "vitest";
import { type EncodedData, type PartitionedData, UNLABELLED } from "../../../models/data.ts";
import { metricsOfScores } from "../../../models/metrics/ranking.ts";
import { netScorer } from "../../../models/scoring/scorer.ts";
import { boostTask } from "../../../models/tasks/boost/boost.ts";
import { evaluationShape, readEvaluation } from "../../../models/tasks/train/evaluation.ts";
import type { TrainState } from "../../../models/tasks/train/state.ts";
import { modelOf, trainTask } from "../../../models/tasks/train/train.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { BoostTask } from "../../../shared/charter/boost-spec.ts";
import { DataSchema } from "../../../shared/charter/schema.ts";
import { rng, schemaOf } from "../fixtures.ts";
import { federation, run, trainSpec } from "./federation.ts";

const plainSchema = schemaOf([
  "number",
  "number",
  "missing",
  "number",
  { onehot: 3 },
  { embedding: 4 },
]);
const schema = DataSchema.parse({
  ...plainSchema,
  label: { ...plainSchema.label, missing: "allow" },
});

/**
 * Usual rows lie along one line, its sign and the codes going together. Every `every`-th row breaks the pattern: each of its
 * values occurs in usual rows too, but not together.
 */
function rowsOf(seed: string, count: number, every: number): EncodedData {
  const source = new UniformSource(rng(seed));
  const numbers: number[] = [];
  const codes: number[] = [];
  const labels: number[] = [];
  for (let row = 0; row < count; row++) {
    const isOdd = row % every === every - 1;
    const draw = (): number => 2 * source.unit() - 1;
    const t = draw();
    const noise = (): number => 0.05 * source.normal();
    const of = (slope: number): number =>
      Math.max(-1, Math.min(1, (isOdd ? draw() : slope * t) + noise()));
    numbers.push(of(0.9), of(-0.9), of(0.8), of(0.7));
    if (source.below(10) === 0) numbers[numbers.length - 2] = Number.NaN;
    codes.push(isOdd ? source.below(4) : t > 0 ? 1 : 2, isOdd ? source.below(5) : t > 0 ? 3 : 4);
    labels.push(isOdd ? 1 : 0);
  }
  return {
    rowCount: count,
    numbers: Float32Array.from(numbers),
    codes: Uint16Array.from(codes),
    labels: Uint8Array.from(labels),
    unitStarts: Uint32Array.from({ length: count + 1 }, (_, row) => row),
  };
}

function unlabelled(data: EncodedData): EncodedData {
  return { ...data, labels: data.labels.map(() => UNLABELLED) };
}

/** Trained on rows without labels, 2 % of which are unusual; held-out rows have theirs. */
const members: PartitionedData[] = [0, 1, 2].map((k) => ({
  train: unlabelled(rowsOf(`train ${k}`, 500, 50)),
  holdout: rowsOf(`holdout ${k}`, 300, 10),
}));

const model = { autoencoder: { hidden: [8, 2, 8] } };
const fedAvg = { kind: "fedAvg", rounds: 15, localEpochs: 2, batchSize: 32, learningRate: 0.01 };
const evaluation = { everyRounds: null, bins: 256 };

function trained(over: readonly PartitionedData[], parts: object = {}): TrainState {
  const spec = trainSpec({ model, scaling: "moments", strategy: fedAvg, evaluation, ...parts });
  return run(federation(schema, spec, over));
}

describe("three members, federated averaging", () => {
  const state = trained(members);

  test("the secure evaluation finds the planted rows, and agrees with exact scores", () => {
    const context = federation(
      schema,
      trainSpec({ model, scaling: "moments", strategy: fedAvg, evaluation }),
      members,
    ).context;
    const { logits } = netScorer(modelOf(context, state));
    const scores = members.flatMap(({ holdout }) => Array.from(logits(holdout)));
    const labels = members.flatMap(({ holdout }) => Array.from(holdout.labels));
    const exact = metricsOfScores(Float64Array.from(scores), Uint8Array.from(labels));
    expect(exact?.rocAuc).toBeGreaterThan(0.9);
    expect(Math.abs((state.metrics?.rocAuc ?? 0) - (exact?.rocAuc ?? 1))).toBeLessThan(0.005);
    expect(state.loss).toBeLessThan(0.4);
    expect(state.metrics?.counts).toEqual({ positives: 90, negatives: 810 });
  });

  test("reasons are shares of the error, and name what was changed", () => {
    const context = { spec: trainSpec({ model, strategy: fedAvg }), schema };
    const scorer = netScorer(
      modelOf({ ...context, noise: null, rowsMax: 1000, memberCount: 3 }, state),
    );
    const numbers = Float32Array.of(0.45, -0.45, 0.4, 0.35);
    const codes = Uint16Array.of(1, 3);
    const usual = scorer.explain(numbers, 0, codes, 0);
    const odd = scorer.explain(Float32Array.of(0.45, 0.9, 0.4, 0.35), 0, codes, 0);
    for (const { reasons, gap } of [usual, odd]) {
      expect(Math.abs(gap)).toBeLessThan(1e-12);
      const sum = reasons.reduce((all, { contribution }) => all + contribution, 0);
      expect(Math.abs(sum - 1)).toBeLessThan(1e-12);
      expect(Math.min(...reasons.map(({ contribution }) => contribution))).toBeGreaterThanOrEqual(
        0,
      );
    }
    expect(odd.logit).toBeGreaterThan(usual.logit + 1);
    const [largest] = [...odd.reasons].sort((a, b) => b.contribution - a.contribution);
    expect(largest?.feature).toBe("f1");
    expect(odd.logit).toBe(scorer.row.logit(Float32Array.of(0.45, 0.9, 0.4, 0.35), 0, codes, 0));
  });

  test("the state survives the store", () => {
    const spec = trainSpec({ model, scaling: "moments", strategy: fedAvg, evaluation });
    const { context } = federation(schema, spec, members);
    expect(trainTask.decodeState(context, trainTask.encodeState(state))).toEqual(state);
  });
});

test("without any label an evaluation tells how scores are spread, and no metric", () => {
  const blind = members.map(({ train, holdout }) => ({ train, holdout: unlabelled(holdout) }));
  const strategy = { ...fedAvg, rounds: 4 };
  const state = trained(blind, { strategy });
  expect(state.metrics).toBeNull();
  expect(state.scores?.rows).toBe(900);
  const { p50 = 0, p90 = 0, p99 = 0 } = state.scores ?? {};
  const context = federation(
    schema,
    trainSpec({ model, scaling: "moments", strategy, evaluation }),
    blind,
  ).context;
  const { logits } = netScorer(modelOf(context, state));
  const scores = blind
    .flatMap(({ holdout }) => Array.from(logits(holdout)))
    .map((z) => 1 / (1 + Math.exp(-z)))
    .sort((a, b) => a - b);
  // A bin is 1/16 wide in log-odds, at most 1/64 in the score.
  expect(Math.abs(p50 - (scores[450] ?? 0))).toBeLessThan(1 / 64);
  expect(Math.abs(p90 - (scores[810] ?? 0))).toBeLessThan(1 / 64);
  expect(Math.abs(p99 - (scores[891] ?? 0))).toBeLessThan(1 / 64);
  expect(trainTask.progress(state).scores).toEqual(state.scores);
});

test("dpSgd by units trains it too", () => {
  const strategy = {
    kind: "dpSgd",
    rounds: 60,
    samplingProbability: 0.3,
    clipNorm: 1,
    learningRate: 0.5,
  };
  const state = trained(members, { strategy });
  expect(state.metrics?.rocAuc).toBeGreaterThan(0.8);
});

test("under noise, a class that noise could have made gives no metric", () => {
  const spec = trainSpec({ model, strategy: fedAvg, evaluation: { everyRounds: null, bins: 16 } });
  const noise = { trainMultiplier: 1, holdoutMultiplier: 2, unitsExpected: 1000 };
  const context = { spec, schema, noise, rowsMax: 1000, memberCount: 3 };
  // Noise of a class's sum: 2 · 16 rows · √16 = 128.
  const histogram = (positives: number): Float64Array => {
    const counts = new Float64Array(3 * 16);
    counts.fill(1000, 0, 8);
    counts[30] = positives;
    counts.fill(500, 32);
    return counts;
  };
  expect(evaluationShape(context)).toMatchObject({ dimension: 48, release: { sensitivity: 16 } });
  expect(readEvaluation(context, histogram(500)).metrics).toBeNull();
  expect(readEvaluation(context, histogram(500)).scores?.rows).toBe(16_500);
  expect(readEvaluation(context, histogram(520)).metrics?.rocAuc).toBe(1);
  expect(readEvaluation({ ...context, noise: null }, histogram(5)).metrics?.rocAuc).toBe(1);
});

test("a model that learns labels is refused where they may be missing", () => {
  const spec = trainSpec({ strategy: fedAvg });
  const context = { spec, schema, noise: null, rowsMax: 1000, memberCount: 3 };
  expect(() => trainTask.begin(context)).toThrow("Train an autoencoder");
  expect(() => trainTask.shapeOf(context, "update")).toThrow("Train an autoencoder");
  const boost = BoostTask.parse({
    kind: "boost",
    model: { trees: 1 },
    evaluation: { everyTrees: null, bins: 16 },
  });
  expect(() => boostTask.begin({ ...context, spec: boost })).toThrow("Train an autoencoder");
});
