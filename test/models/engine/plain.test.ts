/** The plain engine against an explicit one, for every kind of input and depth. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { EncodedData } from "../../../models/data.ts";
import { architectureOf, initialParams } from "../../../models/engine/architecture.ts";
import type { UnitRows } from "../../../models/engine/backend.ts";
import { trainLocally } from "../../../models/engine/local-training.ts";
import { plainBackend } from "../../../models/engine/plain.ts";
import { selectUnits } from "../../../models/engine/units.ts";
import { identityScaling } from "../../../models/tasks/train.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { rng, type ShortFeature, schemaOf, tableOf, unevenScaling } from "../fixtures.ts";
import { explicitGradient, explicitLogit, explicitLoss } from "./explicit.ts";

const everything: ShortFeature[] = [
  "number",
  "missing",
  { onehot: 3 },
  { embedding: 2 },
  { onehot: 2 },
];
const kinds: [string, ShortFeature[], number[], "relu" | "tanh"][] = [
  ["logistic regression on everything", everything, [], "relu"],
  ["one hidden layer on everything", everything, [5], "tanh"],
  ["two hidden layers on everything", [...everything, { embedding: 4 }], [6, 3], "tanh"],
  ["relu on everything", everything, [7, 4], "relu"],
  ["numbers only", ["number", "number", "number"], [4], "tanh"],
  ["one-hot categories only", [{ onehot: 3 }, { onehot: 2 }], [4], "tanh"],
  ["one-hot categories only, logistic", [{ onehot: 3 }, { onehot: 2 }], [], "relu"],
  ["embedded categories only", [{ embedding: 3 }], [4], "relu"],
];

function setup(features: ShortFeature[], hidden: number[], activation: "relu" | "tanh") {
  const schema = schemaOf(features);
  const architecture = architectureOf(schema, { hidden, activation, seed: "a" });
  const source = new UniformSource(rng("params"));
  const params = Float64Array.from(
    { length: architecture.paramCount },
    () => 0.6 * source.normal(),
  );
  const scaling = unevenScaling(architecture.numberCount);
  const data = tableOf(schema, 12, (u) => 1 + (u % 4));
  return { schema, architecture, params, scaling, data, backend: plainBackend(architecture) };
}

function unitRows(data: EncodedData): UnitRows {
  const rows = Uint32Array.from({ length: data.rowCount }, (_, row) => row);
  return unitsOf(rows, data.unitStarts);
}

function rowsOfUnit(data: EncodedData, unit: number): number[] {
  const start = data.unitStarts[unit] ?? 0;
  const end = data.unitStarts[unit + 1] ?? 0;
  return Array.from({ length: end - start }, (_, r) => start + r);
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let largest = 0;
  for (let i = 0; i < a.length; i++)
    largest = Math.max(largest, Math.abs((a[i] ?? 0) - (b[i] ?? 0)));
  return largest;
}

test.each(kinds)("%s: logits, mean loss and gradient are those of the definition", (_, ...kind) => {
  const { architecture, params, scaling, data, backend } = setup(...kind);
  const rows = [3, 0, 7, 7, 11];
  const explicit = Array.from({ length: data.rowCount }, (_, row) =>
    explicitLogit(architecture, params, scaling, data, row),
  );
  expect(largestDifference(backend.logits(params, scaling, data), explicit)).toBeLessThan(1e-6);
  const scores = explicit.map((z) => 1 / (1 + Math.exp(-z)));
  expect(largestDifference(backend.scores(params, scaling, data), scores)).toBeLessThan(1e-6);
  const { gradient, loss } = backend.meanGradient(params, scaling, data, Uint32Array.from(rows));
  expect(loss).toBeCloseTo(explicitLoss(architecture, params, scaling, data, rows), 12);
  const numeric = explicitGradient(architecture, params, scaling, data, rows);
  expect(largestDifference(gradient, numeric)).toBeLessThan(1e-8);
  expect(Math.hypot(...numeric)).toBeGreaterThan(1e-3);
});

test.each(
  kinds,
)("%s: ghost norms, losses and the clipped sum are the explicit ones", (_, ...kind) => {
  const { architecture, params, scaling, data, backend } = setup(...kind);
  const clipNorm = 0.6;
  const sum = new Float64Array(architecture.paramCount);
  const norms: number[] = [];
  for (let u = 0; u + 1 < data.unitStarts.length; u++) {
    const gradient = explicitGradient(architecture, params, scaling, data, rowsOfUnit(data, u));
    const norm = Math.hypot(...gradient);
    norms.push(norm);
    const factor = Math.min(1, clipNorm / norm);
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + factor * (gradient[i] ?? 0);
  }
  const fast = backend.clippedGradientSum(params, scaling, data, unitRows(data), clipNorm);
  expect(largestDifference(fast.norms, norms)).toBeLessThan(1e-8);
  expect(largestDifference(fast.gradient, sum)).toBeLessThan(1e-7);
  for (const [u, loss] of fast.losses.entries()) {
    const expected = explicitLoss(architecture, params, scaling, data, rowsOfUnit(data, u));
    expect(loss).toBeCloseTo(expected, 12);
  }
  expect(norms.some((norm) => norm > clipNorm)).toBe(true);
});

test("a result does not depend on where chunks end, nor on earlier calls", () => {
  const { schema, params, scaling, architecture } = setup(everything, [6, 3], "relu");
  const data = tableOf(schema, 301, (u) => (u % 50 === 7 ? 60 : u % 3));
  const backend = plainBackend(architecture);
  const whole = backend.clippedGradientSum(params, scaling, data, unitRows(data), 0.3);
  const parts = new Float64Array(architecture.paramCount);
  for (let u = 0; u < 301; u++) {
    const rows = Uint32Array.from(rowsOfUnit(data, u));
    const units = { rows, starts: Uint32Array.of(0, rows.length) };
    const one = plainBackend(architecture).clippedGradientSum(params, scaling, data, units, 0.3);
    expect(Math.hypot(...one.gradient)).toBeLessThanOrEqual(0.3);
    expect(one.norms[0]).toBeCloseTo(whole.norms[u] ?? Number.NaN, 10);
    for (let i = 0; i < parts.length; i++) parts[i] = (parts[i] ?? 0) + (one.gradient[i] ?? 0);
  }
  expect(largestDifference(whole.gradient, parts)).toBeLessThan(1e-10);
  const again = backend.clippedGradientSum(params, scaling, data, unitRows(data), 0.3);
  expect(again.gradient).toEqual(whole.gradient);
});

const wild = fc.oneof(
  fc.constantFrom(0, 1, -1, 1e30, -1e38, Number.NaN, Number.POSITIVE_INFINITY, 3e-39),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }),
);

test("no unit moves the sum by more than the clip norm, whatever its rows and the parameters", () => {
  const { schema, architecture } = setup(everything, [4, 3], "relu");
  const backend = plainBackend(architecture);
  const data = tableOf(schema, 3, () => 2);
  const bounded = fc.property(
    fc.array(wild, { minLength: 4, maxLength: 4 }),
    fc.array(wild, { minLength: 1, maxLength: 9 }),
    fc.double({ min: 1e-6, max: 100, noNaN: true }),
    (numbers, weights, clipNorm) => {
      const params = Float32Array.from(
        { length: architecture.paramCount },
        (_, i) => weights[i % weights.length] ?? 0,
      );
      const bad = { ...data, numbers: data.numbers.slice() };
      bad.numbers.set(numbers, 4);
      const units = { rows: Uint32Array.of(2, 3), starts: Uint32Array.of(0, 2) };
      const scaling = unevenScaling(2);
      const { gradient, losses } = backend.clippedGradientSum(
        params,
        scaling,
        bad,
        units,
        clipNorm,
      );
      expect(Math.hypot(...gradient)).toBeLessThanOrEqual(clipNorm);
      expect(Number.isFinite(losses[0])).toBe(true);
    },
  );
  fc.assert(bounded, { numRuns: 300, seed: 1 });
});

test("a unit that is not finite contributes zero and leaves the others as they are", () => {
  const { schema, architecture, params, scaling } = setup(
    ["number", { embedding: 2 }],
    [4],
    "relu",
  );
  const backend = plainBackend(architecture);
  const data = tableOf(schema, 4, () => 2);
  const broken = { ...data, numbers: data.numbers.slice() };
  broken.numbers[3] = Number.POSITIVE_INFINITY;
  const { gradient, losses } = backend.clippedGradientSum(
    params,
    scaling,
    broken,
    unitRows(data),
    1,
  );
  const others = { rows: Uint32Array.of(0, 1, 4, 5, 6, 7), starts: Uint32Array.of(0, 2, 4, 6) };
  const expected = backend.clippedGradientSum(params, scaling, data, others, 1);
  expect(losses[1]).toBe(0);
  expect(largestDifference(gradient, expected.gradient)).toBeLessThan(1e-12);
});

test("no rows and one row are data like any other", () => {
  const { schema, architecture, params, scaling, backend } = setup(everything, [4], "relu");
  const empty = tableOf(schema, 0, () => 0);
  const none = backend.clippedGradientSum(params, scaling, empty, unitRows(empty), 1);
  expect(none.gradient).toEqual(new Float64Array(architecture.paramCount));
  expect(backend.meanGradient(params, scaling, empty, new Uint32Array(0)).loss).toBe(0);
  expect(backend.logits(params, scaling, empty)).toHaveLength(0);
  const one = tableOf(schema, 1, () => 1);
  const { loss } = backend.meanGradient(params, scaling, one, Uint32Array.of(0));
  expect(loss).toBeCloseTo(explicitLoss(architecture, params, scaling, one, [0]), 12);
});

test("parameters are laid out without gaps, and the seed alone decides the first ones", () => {
  const schema = schemaOf(everything);
  const spec = { hidden: [5, 2], activation: "relu", seed: "a" } as const;
  const architecture = architectureOf(schema, { ...spec, hidden: [5, 2] });
  let end = 0;
  for (const { offset, shape } of architecture.slices) {
    expect(offset).toBe(end);
    end += shape.reduce((product, size) => product * size, 1);
  }
  expect(architecture.paramCount).toBe(end);
  // Embedding 3×3, one-hot 4×5 and 3×5, layers (3+3)×5+5, 5×2+2, 2×1+1.
  expect(end).toBe(9 + 20 + 15 + 35 + 12 + 3);
  expect(initialParams(architecture, "a")).toEqual(initialParams(architecture, "a"));
  expect(initialParams(architecture, "a")).not.toEqual(initialParams(architecture, "b"));
});

test("units are sampled at the given rate, each with its own rows and no row twice", () => {
  const schema = schemaOf(["number"]);
  const data = tableOf(schema, 4000, (u) => (u % 2 === 0 ? 5 : 1));
  const { rows, starts } = selectUnits(data, 0.3, 3, new UniformSource(rng("units")));
  expect(Math.abs(starts.length - 1 - 1200)).toBeLessThan(5 * Math.sqrt(4000 * 0.21));
  expect(new Set(rows).size).toBe(rows.length);
  const unitOf = (row: number): number => data.unitStarts.findIndex((start) => start > row) - 1;
  for (let u = 0; u < 50; u++) {
    const mine = [...rows.subarray(starts[u], starts[u + 1])];
    expect(mine.length === 3 || mine.length === 1).toBe(true);
    expect(new Set(mine.map(unitOf)).size).toBe(1);
  }
  const places = new Set(
    [...rows].filter((row) => unitOf(row) === 0 || row % 6 < 5).map((row) => row % 6),
  );
  expect([...places].sort()).toEqual([0, 1, 2, 3, 4]);
});

test.each([
  "sgd",
  "adam",
] as const)("local training by %s learns, and leaves its start alone", (kind) => {
  const schema = schemaOf(["number", { onehot: 2 }]);
  const architecture = architectureOf(schema, { hidden: [8], activation: "relu", seed: "a" });
  const backend = plainBackend(architecture);
  const data = tableOf(schema, 400, () => 1);
  const start = initialParams(architecture, "a");
  const optimizer = { kind, learningRate: kind === "sgd" ? 0.5 : 0.02 };
  const training = { epochs: 20, batchSize: 32, optimizer };
  const scaling = identityScaling(1);
  const { params, meanLoss } = trainLocally(backend, start, scaling, data, training, rng("order"));
  expect(start).toEqual(initialParams(architecture, "a"));
  expect(meanLoss).toBeLessThan(0.3);
  const again = trainLocally(backend, start, scaling, data, training, rng("order"));
  expect(again.params).toEqual(params);
});
