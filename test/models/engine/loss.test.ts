/** Losses and row weights: derivatives against differences, weights against repeated rows, and what no engine may skip. */
import { expect, test } from "vitest";
import { architectureOf, initialParams } from "../../../models/engine/architecture.ts";
import type { RowLoss, TrainerBackend } from "../../../models/engine/backend.ts";
import { backendFor, focalLoss, rowLossOf } from "../../../models/engine/loss.ts";
import { plainBackend } from "../../../models/engine/plain.ts";
import { schemaOf, tableOf, unevenScaling } from "../fixtures.ts";
import { allUnits, ENGINES, largestDifference } from "./backends.ts";

const schema = schemaOf(["number", "missing", { onehot: 3 }, { embedding: 4 }]);
const architecture = architectureOf(schema, { hidden: [5], activation: "tanh", seed: "loss" });
const params = Float64Array.from(initialParams(architecture, "loss"));
const scaling = unevenScaling(2);
const data = tableOf(schema, 20, (u) => 1 + (u % 3));
const rows = Uint32Array.from({ length: data.rowCount }, (_, row) => row);
const weights = Float32Array.from({ length: data.rowCount }, (_, row) => (row % 4) / 2);
const LOSSES: RowLoss[] = [
  { kind: "crossEntropy", weights },
  { kind: "focal", gamma: 2, weights: null },
  { kind: "focal", gamma: 0.5, weights },
];

test.each([
  0.5, 1, 2, 5,
])("the focal loss with γ = %d is its definition, and so is its derivative", (gamma) => {
  for (const label of [0, 1]) {
    for (const z of [-30, -4, -1, 0, 0.3, 2, 9]) {
      const p = 1 / (1 + Math.exp(label === 1 ? -z : z));
      const { loss, derivative } = focalLoss(z, label, gamma);
      expect(loss).toBeCloseTo(-((1 - p) ** gamma) * Math.log(p), 9);
      const h = 1e-6;
      const slope = focalLoss(z + h, label, gamma).loss - focalLoss(z - h, label, gamma).loss;
      expect(derivative).toBeCloseTo(slope / (2 * h), 6);
    }
  }
});

test("the focal loss stays a number where the log-odds are extreme", () => {
  for (const z of [-1e6, -800, 800, 1e6]) {
    const { loss, derivative } = focalLoss(z, 1, 2);
    expect(Number.isFinite(loss) && Number.isFinite(derivative)).toBe(true);
  }
  expect(focalLoss(-800, 1, 2)).toEqual({ loss: 800, derivative: -1 });
});

test.each(LOSSES)("the gradient of $kind is that of its mean loss, by differences", (loss) => {
  const backend = plainBackend(architecture);
  const { gradient } = backend.meanGradient(params, scaling, data, rows, loss);
  const at = (i: number, h: number): number => {
    const moved = params.slice();
    moved[i] = (moved[i] ?? 0) + h;
    return backend.meanGradient(moved, scaling, data, rows, loss).loss;
  };
  const h = 1e-5;
  for (let i = 0; i < params.length; i++)
    expect(gradient[i]).toBeCloseTo((at(i, h) - at(i, -h)) / (2 * h), 7);
});

test("a row of weight 3 counts as if it were there three times, and one of weight 0 as if it were not", () => {
  const backend = plainBackend(architecture);
  const threefold = Float32Array.from(rows, (row) => [0, 1, 3][row % 3] ?? 0);
  const repeated = Uint32Array.from(
    [...rows].flatMap((row) => new Array<number>(threefold[row] ?? 0).fill(row)),
  );
  const loss = { kind: "crossEntropy", weights: threefold } as const;
  const weighted = backend.meanGradient(params, scaling, data, rows, loss);
  const counted = backend.meanGradient(params, scaling, data, repeated);
  const share = repeated.length / rows.length;
  expect(weighted.loss).toBeCloseTo(counted.loss * share, 12);
  for (const [i, value] of weighted.gradient.entries())
    expect(value).toBeCloseTo((counted.gradient[i] ?? 0) * share, 12);
});

test.each(LOSSES)("every unit's gradient of $kind is clipped, weights and all", (loss) => {
  const backend = plainBackend(architecture);
  const tags = new Uint32Array(data.unitStarts.length - 1);
  const units = { rows, starts: data.unitStarts, tags };
  const clipNorm = 0.3;
  const found = backend.clippedGradientSum(params, scaling, data, units, clipNorm, loss);
  const expected = new Float64Array(params.length);
  for (let u = 0; u + 1 < units.starts.length; u++) {
    const own = rows.subarray(units.starts[u], units.starts[u + 1]);
    const { gradient, loss: mean } = backend.meanGradient(params, scaling, data, own, loss);
    const norm = Math.hypot(...gradient);
    const factor = norm > clipNorm ? clipNorm / norm : 1;
    for (let i = 0; i < expected.length; i++)
      expected[i] = (expected[i] ?? 0) + factor * (gradient[i] ?? 0);
    expect(found.norms[u]).toBeCloseTo(norm, 9);
    expect(found.losses[u]).toBeCloseTo(mean, 12);
  }
  for (const [i, value] of expected.entries()) expect(found.gradient[i]).toBeCloseTo(value, 8);
});

const cases = ENGINES.flatMap((engine) =>
  LOSSES.map((loss) => [engine.name, loss.kind, engine, loss] as const),
);

test.each(
  cases,
)("%s finds the means and clipped sums of %s that the plain one finds", (_, __, engine, loss) => {
  // Two of the units have more rows than a chunk.
  const table = tableOf(schema, 30, (u) => (u % 15 === 7 ? 70 : 1 + (u % 3)));
  const all = Uint32Array.from({ length: table.rowCount }, (_, row) => row);
  const rowLoss = loss.weights
    ? { ...loss, weights: Float32Array.from(all, (row) => (row % 4) / 2) }
    : loss;
  const compute = ({ meanGradient, clippedGradientSum }: TrainerBackend) => {
    const mean = meanGradient(params, scaling, table, all, rowLoss);
    const sum = clippedGradientSum(params, scaling, table, allUnits(table), 0.05, rowLoss);
    return [...mean.gradient, mean.loss, ...sum.gradient, ...sum.norms, ...sum.losses];
  };
  const [found, plain] = [compute(engine.open(architecture)), compute(plainBackend(architecture))];
  expect(largestDifference(found, plain)).toBeLessThan(2e-6);
});

test.each(ENGINES)("$name: extreme log-odds have the focal loss that they should have", ({
  open,
}) => {
  const single = architectureOf(schemaOf(["number"]), {
    hidden: [],
    activation: "relu",
    seed: "x",
  });
  for (const slope of [-3e4, -90, -20, 20, 90, 3e4]) {
    const table = tableOf(schemaOf(["number"]), 8, () => 1);
    const own = Float64Array.from({ length: single.paramCount }, (_, i) => (i === 0 ? slope : 0));
    const compute = (backend: TrainerBackend) =>
      backend.clippedGradientSum(own, unevenScaling(1), table, allUnits(table), 10, {
        kind: "focal",
        gamma: 2,
        weights: null,
      });
    const [found, plain] = [compute(open(single)), compute(plainBackend(single))];
    for (const [u, loss] of plain.losses.entries()) {
      expect(Math.abs((found.losses[u] ?? Number.NaN) - loss)).toBeLessThan(1e-5 * (1 + loss));
      expect(found.norms[u]).toBeCloseTo(plain.norms[u] ?? 0, 4);
    }
  }
});

test.each(ENGINES)("$name: weights of another number than the rows' are refused", ({ open }) => {
  const backend = open(architecture);
  const loss = { kind: "crossEntropy", weights: weights.subarray(1) } as const;
  expect(() => backend.meanGradient(params, scaling, data, rows, loss)).toThrow("weight");
});

test("a specification's loss weighs positives, and only where it is asked to", () => {
  const labels = Uint8Array.of(0, 1, 1);
  expect(rowLossOf(undefined, labels, 1)).toEqual({ kind: "crossEntropy", weights: null });
  expect(rowLossOf({ kind: "focal" }, labels, 4)).toEqual({
    kind: "focal",
    gamma: 2,
    weights: Float32Array.of(1, 4, 4),
  });
});

test("an engine that lacks a loss is not asked for it: the plain one is", () => {
  const plain = plainBackend(architecture);
  const narrow: TrainerBackend = { ...plain, supports: ({ kind }) => kind === "crossEntropy" };
  const choose = (loss: RowLoss): TrainerBackend => backendFor(loss, narrow, () => plain);
  expect(choose({ kind: "crossEntropy", weights: null })).toBe(narrow);
  expect(choose({ kind: "focal", gamma: 2, weights: null })).toBe(plain);
});
