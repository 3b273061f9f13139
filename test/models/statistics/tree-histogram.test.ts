/** The tree of counts: exact quantiles, and least squares against the normal equations solved plainly. */
import { expect, test } from "vitest";
import {
  addToTreeInPlace,
  belowVariance,
  binVariance,
  consistentBins,
  quantilePlace,
  treeLength,
} from "../../../models/statistics/tree-histogram.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { rng } from "../fixtures.ts";

const HEIGHT = 3;
const BINS = 8;

/** Which bins each node counts. Shape [15][8]. */
const nodes = Array.from({ length: treeLength(HEIGHT) }, () => Array<number>(BINS).fill(0));
for (let bin = 0; bin < BINS; bin++) {
  const sums = new Float64Array(nodes.length);
  addToTreeInPlace(sums, 0, HEIGHT, bin);
  for (const [node, row] of nodes.entries()) row[bin] = sums[node] ?? 0;
}
const normal = Array.from({ length: BINS }, (_, i) =>
  Array.from({ length: BINS }, (_, j) =>
    nodes.reduce((sum, row) => sum + (row[i] ?? 0) * (row[j] ?? 0), 0),
  ),
);

/** Gauss and Jordan, of a positive definite matrix. */
function solved(vector: readonly number[]): number[] {
  const rows = normal.map((row, i) => [...row, vector[i] ?? 0]);
  for (const [i, row] of rows.entries()) {
    const pivot = row[i] ?? 1;
    for (let k = 0; k <= BINS; k++) row[k] = (row[k] ?? 0) / pivot;
    for (const other of rows) {
      if (other === row) continue;
      const factor = other[i] ?? 0;
      for (let k = 0; k <= BINS; k++) other[k] = (other[k] ?? 0) - factor * (row[k] ?? 0);
    }
  }
  return rows.map((row) => row[BINS] ?? 0);
}

test("noised counts of all levels give the bins that fit them best", () => {
  const source = new UniformSource(rng("tree"));
  const sums = Float64Array.from(nodes, () => 100 * source.unit());
  const { bins } = consistentBins({ sums, stdDev: 1 });
  const right = Array.from({ length: BINS }, (_, b) =>
    nodes.reduce((sum, row, node) => sum + (row[b] ?? 0) * (sums[node] ?? 0), 0),
  );
  for (const [b, truth] of solved(right).entries()) expect(bins[b]).toBeCloseTo(truth, 9);
});

test("variances are those of the normal equations, at any place and share", () => {
  const histogram = { bins: new Float64Array(BINS), stdDev: 3 };
  const variance = (weights: readonly number[]): number =>
    9 * solved(weights).reduce((sum, x, b) => sum + x * (weights[b] ?? 0), 0);
  for (const place of [0, 0.3, 1, 2.5, 4, 5.75, 8])
    for (const share of [0, 0.1, 0.5, 1]) {
      const below = Array.from({ length: BINS }, (_, b) => Math.min(1, Math.max(0, place - b)));
      const truth = variance(below.map((part) => part - share));
      expect(belowVariance(histogram, place, share)).toBeCloseTo(truth, 9);
    }
  expect(binVariance(histogram)).toBeCloseTo(variance([0, 0, 0, 1, 0, 0, 0, 0]), 9);
});

test("exact counts come back, and quantiles are linear within a bin", () => {
  const sums = new Float64Array(treeLength(HEIGHT));
  const rows = [0, 0, 2, 2, 2, 2, 7, 7];
  for (const bin of rows) addToTreeInPlace(sums, 0, HEIGHT, bin);
  const histogram = consistentBins({ sums, stdDev: 0 });
  expect(histogram.bins).toEqual(Float64Array.of(2, 0, 4, 0, 0, 0, 0, 2));
  expect(quantilePlace(histogram, 0.125)).toBe(0.5);
  expect(quantilePlace(histogram, 0.5)).toBe(2.5);
  expect(quantilePlace(histogram, 1)).toBe(8);
});

test("there is no quantile of no rows, nor of rows that noise may have made", () => {
  const none = new Float64Array(treeLength(HEIGHT));
  expect(quantilePlace(consistentBins({ sums: none, stdDev: 0 }), 0.5)).toBeNull();
  expect(quantilePlace(consistentBins({ sums: none.fill(1), stdDev: 10 }), 0.5)).toBeNull();
});
