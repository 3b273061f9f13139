/** What the engine owes of an autoencoder: the definition's errors and gradients, exact norms, a bound that always holds. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { architectureOf } from "../../../../models/engine/architecture.ts";
import { bestBackend } from "../../../../models/engine/best.ts";
import { CROSS_ENTROPY } from "../../../../models/engine/loss.ts";
import { type ShortFeature, schemaOf, tableOf, unevenScaling } from "../../fixtures.ts";
import { allUnits, largestDifference, rowsOfUnit, unitsOf } from "../backends.ts";
import {
  autoencoder,
  drawnParams,
  EVERYTHING,
  explicitError,
  explicitGradient,
  explicitLoss,
} from "./explicit.ts";

const KINDS: readonly [string, ShortFeature[], number[], "relu" | "tanh"][] = [
  ["everything", EVERYTHING, [6, 2, 6], "tanh"],
  ["everything, relu", EVERYTHING, [7, 4], "relu"],
  ["numbers only", ["number", "number", "number"], [2], "tanh"],
  ["one-hot categories only", [{ onehot: 3 }, { onehot: 2 }], [2], "tanh"],
  ["embedded categories only", [{ embedding: 3 }], [2], "tanh"],
];

function setup(features: ShortFeature[], hidden: number[], activation: "relu" | "tanh" = "tanh") {
  const schema = schemaOf(features);
  const architecture = architectureOf(schema, autoencoder(hidden, activation));
  const scaling = unevenScaling(architecture.numberCount);
  // Wide enough that numbers reach Huber's straight branch and the cut-off of targets.
  for (let j = 0; j < architecture.numberCount; j++)
    scaling[architecture.numberCount + j] = 1 + 6 * j;
  const rowsOf = (unit: number): number => [1, 2, 3, 5, 8, 16][unit % 6] ?? 1;
  const data = tableOf(schema, 12, rowsOf);
  const backend = bestBackend(architecture, { acrossMachines: true });
  return { schema, architecture, params: drawnParams(architecture), scaling, data, backend };
}

test.each(KINDS)("%s: scores, losses and gradients are those of the definition", (_, ...kind) => {
  const { architecture, params, scaling, data, backend } = setup(...kind);
  const logits = backend.logits(params, scaling, data);
  const explicit = Array.from(
    { length: data.rowCount },
    (_, row) => 2 * Math.log(explicitError(architecture, params, scaling, data, row)),
  );
  expect(largestDifference(logits, explicit)).toBeLessThan(2e-6);
  expect(Math.max(...logits) - Math.min(...logits)).toBeGreaterThan(0.1);
  const rows = [3, 0, 7, 7, 11, 40];
  const { gradient, loss } = backend.meanGradient(params, scaling, data, Uint32Array.from(rows));
  expect(Math.abs(loss - explicitLoss(architecture, params, scaling, data, rows))).toBeLessThan(
    1e-12,
  );
  const numeric = explicitGradient(architecture, params, scaling, data, rows);
  expect(largestDifference(gradient, numeric)).toBeLessThan(1e-8);
  expect(Math.hypot(...numeric)).toBeGreaterThan(1e-2);
});

test.each(KINDS)("%s: ghost norms are the norms of the units' gradients", (_, ...kind) => {
  const { architecture, params, scaling, data, backend } = setup(...kind);
  const clipNorm = 0.4;
  const clipped = backend.clippedGradientSum(params, scaling, data, allUnits(data), clipNorm);
  const sum = new Float64Array(architecture.paramCount);
  for (const [u, ghost] of clipped.norms.entries()) {
    const rows = Uint32Array.from(rowsOfUnit(data, u));
    const { gradient, loss } = backend.meanGradient(params, scaling, data, rows);
    const norm = Math.hypot(...gradient);
    // What is added for safety grows with the square of the rows.
    expect(Math.abs(ghost - norm)).toBeLessThan(1e-12 + 1e-13 * rows.length ** 2);
    expect(Math.abs((clipped.losses[u] ?? 0) - loss)).toBeLessThan(1e-12);
    const factor = Math.min(1, clipNorm / norm);
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + factor * (gradient[i] ?? 0);
  }
  expect(largestDifference(clipped.gradient, sum)).toBeLessThan(1e-8);
  expect(clipped.norms.some((norm) => norm > clipNorm)).toBe(true);
});

test("labels change nothing", () => {
  const { params, scaling, data, backend } = setup(EVERYTHING, [4, 2, 4]);
  const other = { ...data, labels: data.labels.map((label) => 1 - label) };
  const rows = Uint32Array.from(data.numbers.keys()).subarray(0, 20);
  expect(backend.meanGradient(params, scaling, other, rows)).toEqual(
    backend.meanGradient(params, scaling, data, rows),
  );
});

const wild = fc.oneof(
  fc.constantFrom(0, 1, -1, 1e30, -1e38, Number.NaN, Number.POSITIVE_INFINITY, 3e-39, 1e17),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }),
);

test("no unit moves the sum by more than the clip norm, whatever its rows and the parameters", () => {
  const { schema, architecture, backend } = setup(EVERYTHING, [4, 2, 4], "relu");
  const data = tableOf(schema, 3, () => 2);
  const bounded = fc.property(
    fc.array(wild, { minLength: 6, maxLength: 6 }),
    fc.array(wild, { minLength: 1, maxLength: 9 }),
    fc.double({ min: 1e-6, max: 100, noNaN: true }),
    fc.integer({ min: 1, max: 2 }),
    (numbers, weights, clipNorm, rows) => {
      const params = Float32Array.from(
        { length: architecture.paramCount },
        (_, i) => weights[i % weights.length] ?? 0,
      );
      const bad = { ...data, numbers: data.numbers.slice() };
      bad.numbers.set(numbers, 6);
      const units = unitsOf([2, 3].slice(0, rows), [0, rows]);
      const sum = backend.clippedGradientSum(params, unevenScaling(3), bad, units, clipNorm);
      expect(Math.hypot(...sum.gradient)).toBeLessThanOrEqual(clipNorm);
      expect(Number.isFinite(sum.losses[0])).toBe(true);
    },
  );
  fc.assert(bounded, { numRuns: 400, seed: 1 });
});

test("a unit that breaks is left out, and the others are summed as without it", () => {
  const { architecture, params, scaling, data, backend } = setup(["number", "missing"], [2]);
  const broken = { ...data, numbers: data.numbers.slice() };
  broken.numbers[0] = Number.POSITIVE_INFINITY;
  const whole = backend.clippedGradientSum(params, scaling, broken, allUnits(data), 1);
  expect([whole.norms[0], whole.losses[0]]).toEqual([Number.NaN, 0]);
  const rest = unitsOf(
    [...Array(data.rowCount - 1).keys()].map((r) => r + 1),
    [...[...data.unitStarts.subarray(1)].map((start) => start - 1)],
  );
  const without = backend.clippedGradientSum(params, scaling, data, rest, 1);
  expect(largestDifference(whole.gradient, without.gradient)).toBeLessThan(1e-12);
  expect(architecture.paramCount).toBe(whole.gradient.length);
});

test("a loss of labels is refused, by name", () => {
  const { params, scaling, data, backend } = setup(["number"], [1]);
  expect(backend.supports(CROSS_ENTROPY)).toBe(false);
  expect(backend.supports({ kind: "reconstruction", weights: null })).toBe(true);
  const rows = Uint32Array.of(0);
  expect(() => backend.meanGradient(params, scaling, data, rows, CROSS_ENTROPY)).toThrow(
    "cannot minimise",
  );
});
