/** Ranking metrics against their definitions, and histograms exact, noised and broken. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  addScoresInPlace,
  cleanCounts,
  metricsOfHistogram,
  scoreBin,
} from "../../../models/metrics/histogram.ts";
import { metricsOfScores } from "../../../models/metrics/ranking.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { rng } from "../fixtures.ts";

/** ROC-AUC by all pairs; precision and recall by every threshold; recall by scanning the curve. */
function bruteForce(scores: readonly number[], labels: readonly number[]) {
  const of = (label: number) => scores.filter((_, i) => labels[i] === label);
  const [negatives, positives] = [of(0), of(1)];
  let wins = 0;
  for (const p of positives) for (const n of negatives) wins += p > n ? 1 : p === n ? 0.5 : 0;
  const thresholds = [...new Set(scores)].sort((a, b) => b - a);
  const points = thresholds.map((t) => ({
    tp: positives.filter((s) => s >= t).length,
    fp: negatives.filter((s) => s >= t).length,
  }));
  let prAuc = 0;
  let recallBefore = 0;
  for (const { tp, fp } of points) {
    const recall = tp / positives.length;
    prAuc += (recall - recallBefore) * (tp / (tp + fp));
    recallBefore = recall;
  }
  const recallAt = (fpr: number) => {
    let before = { tpr: 0, fpr: 0 };
    for (const { tp, fp } of points) {
      const here = { tpr: tp / positives.length, fpr: fp / negatives.length };
      if (here.fpr > fpr) {
        const share = (fpr - before.fpr) / (here.fpr - before.fpr);
        return before.tpr + share * (here.tpr - before.tpr);
      }
      before = here;
    }
    return 1;
  };
  const rocAuc = wins / (positives.length * negatives.length);
  return { rocAuc, prAuc, recallAt1pctFpr: recallAt(0.01), recallAt5pctFpr: recallAt(0.05) };
}

const table = fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: 0, max: 1 })), {
  minLength: 2,
  maxLength: 200,
});

test("metrics of exact scores, ties included, are those of the definitions", () => {
  const property = fc.property(table, (rows) => {
    const scores = rows.map(([score]) => score / 2);
    const labels = rows.map(([, label]) => label);
    const metrics = metricsOfScores(Float32Array.from(scores), Uint8Array.from(labels));
    if (new Set(labels).size < 2) {
      expect(metrics).toBeNull();
      return;
    }
    for (const [name, value] of Object.entries(bruteForce(scores, labels))) {
      expect({ [name]: metrics?.[name as "rocAuc"] }).toEqual({
        [name]: expect.closeTo(value, 10),
      });
    }
  });
  fc.assert(property, { seed: 3, numRuns: 300 });
});

test("a histogram gives the metrics of its bins' scores", () => {
  const property = fc.property(table, fc.integer({ min: 2, max: 40 }), (rows, bins) => {
    const logits = Float32Array.from(rows, ([score]) => score);
    const labels = Uint8Array.from(rows, ([, label]) => label);
    const histogram = new Float64Array(2 * bins);
    addScoresInPlace(histogram, logits, labels, null);
    const binned = logits.map((logit) => scoreBin(logit, bins));
    expect(metricsOfHistogram(histogram)).toEqual(metricsOfScores(binned, labels));
  });
  fc.assert(property, { seed: 4 });
});

test("bins are equal in log-odds, and every number has one", () => {
  const bins = (logits: number[]) => logits.map((logit) => scoreBin(logit, 16));
  expect(bins([-8, -7.01, -7, -0.01, 0, 6.99, 7, 7.99, 8])).toEqual([
    0, 0, 1, 7, 8, 14, 15, 15, 15,
  ]);
  expect(bins([-1e9, 1e9, Number.NaN, -Infinity, Infinity])).toEqual([0, 15, 0, 0, 15]);
});

test("only the chosen rows are counted", () => {
  const histogram = new Float64Array(4);
  const logits = Float32Array.of(-1, 1, 1, 1);
  addScoresInPlace(histogram, logits, Uint8Array.of(0, 0, 1, 1), Uint32Array.of(0, 3));
  expect([...histogram]).toEqual([1, 0, 0, 1]);
});

test("cleaning keeps the total, makes no count negative and leaves exact counts alone", () => {
  const noised = fc.array(fc.double({ min: -50, max: 100, noNaN: true }), { minLength: 1 });
  const property = fc.property(noised, (counts) => {
    const given = Float64Array.from(counts);
    const clean = cleanCounts(given);
    const sum = (values: Float64Array) => values.reduce((total, x) => total + x, 0);
    expect(given).toEqual(Float64Array.from(counts));
    expect(clean.every((count) => count >= 0)).toBe(true);
    expect(sum(clean)).toBeCloseTo(Math.max(0, sum(given)), 6);
    if (counts.every((count) => count >= 0)) expect(clean).toEqual(given);
  });
  fc.assert(property, { seed: 5 });
});

test("no histogram, however noised or broken, crashes or gives a metric outside 0 to 1", () => {
  const count = fc.oneof(
    fc.double({ min: -1e3, max: 1e3 }),
    fc.constantFrom(Number.NaN, Infinity, -Infinity, 0, -0, 1e-300),
  );
  const property = fc.property(fc.array(fc.tuple(count, count)), (pairs) => {
    const metrics = metricsOfHistogram(Float64Array.from(pairs.flat()));
    const { counts, ...shares } = metrics ?? {};
    for (const value of Object.values(counts ?? {})) expect(value).toBeGreaterThan(0);
    for (const value of Object.values(shares)) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(1 + 1e-9);
    }
  });
  fc.assert(property, { seed: 6, numRuns: 500 });
  expect(metricsOfHistogram(Float64Array.of(5, 5, -3, 1))).toBeNull();
  expect(metricsOfHistogram(Float64Array.of(-5, 2, 3, 1))).toBeNull();
});

test("noise on every bin moves the ROC-AUC little, since cleaning adds no mass", () => {
  const source = new UniformSource(rng("noise"));
  const bins = 32;
  const exact = new Float64Array(2 * bins);
  const scores = Float32Array.from(
    { length: 22_000 },
    (_, i) => source.normal() + (i < 2000 ? 1.5 : 0),
  );
  const labels = Uint8Array.from({ length: 22_000 }, (_, i) => (i < 2000 ? 1 : 0));
  addScoresInPlace(exact, scores, labels, null);
  const truth = metricsOfHistogram(exact)?.rocAuc ?? Number.NaN;
  const unbinned = metricsOfScores(scores, labels)?.rocAuc ?? Number.NaN;
  expect(Math.abs(truth - unbinned)).toBeLessThan(0.01);
  const errorOf = (histogram: Float64Array): number =>
    Math.abs((metricsOfHistogram(histogram)?.rocAuc ?? 0) - truth);
  const projected: number[] = [];
  const cutOff: number[] = [];
  for (let draw = 0; draw < 300; draw++) {
    const noised = exact.map((count) => count + 5 * source.normal());
    projected.push(errorOf(noised));
    cutOff.push(errorOf(noised.map((count) => Math.max(0, count))));
  }
  const p95 = (errors: number[]): number => errors.sort((a, b) => a - b)[285] ?? Number.NaN;
  expect(p95(projected)).toBeLessThan(0.017);
  expect(p95(projected)).toBeLessThan(0.9 * p95(cutOff));
});
