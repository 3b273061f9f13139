/** The interval of a ROC-AUC: the published example, and coverage by simulation. */
import { expect, test } from "vitest";
import { rocAucInterval } from "../../../models/metrics/intervals.ts";
import { metricsOfScores } from "../../../models/metrics/ranking.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { rng } from "../fixtures.ts";

test("Hanley and McNeil's example: 51 abnormal and 58 normal images, area 0.893, standard error 0.032", () => {
  const { low, high } = rocAucInterval(0.893, { positives: 51, negatives: 58 });
  expect(Math.abs((high - low) / (2 * 1.96) - 0.032)).toBeLessThan(0.001);
  expect((high + low) / 2).toBeCloseTo(0.893, 12);
});

test("it never leaves [0, 1], and vanishes where the ranking is perfect", () => {
  const counts = { positives: 3, negatives: 3 };
  expect(rocAucInterval(0.99, counts).high).toBe(1);
  expect(rocAucInterval(0.01, counts).low).toBe(0);
  expect(rocAucInterval(1, counts)).toEqual({ low: 1, high: 1 });
});

test("nineteen of twenty intervals hold the true area", () => {
  // Exponential scores, as the model of the paper has them: the true area is 3 / (1 + 3).
  const source = new UniformSource(rng("coverage"));
  const drawn = (mean: number): number => -mean * Math.log(1 - source.unit());
  const [positives, negatives, trials] = [60, 240, 1000];
  let held = 0;
  let [halves, areas, squares] = [0, 0, 0];
  for (let trial = 0; trial < trials; trial++) {
    const labels = Uint8Array.from({ length: positives + negatives }, (_, i) => +(i < positives));
    const scores = Float64Array.from(labels, (label) => drawn(label === 1 ? 3 : 1));
    const { rocAuc, counts } = metricsOfScores(scores, labels) ?? { rocAuc: Number.NaN };
    const interval = rocAucInterval(rocAuc, counts ?? { positives: 0, negatives: 0 });
    halves += (interval.high - interval.low) / 2 / trials;
    areas += rocAuc / trials;
    squares += rocAuc ** 2 / trials;
    if (interval.low <= 0.75 && 0.75 <= interval.high) held += 1;
  }
  // Its width is that of the areas' own spread; over 1000 trials that is known to 2 %.
  expect(halves / 1.96 / Math.sqrt(squares - areas ** 2)).toBeCloseTo(1, 1);
  expect(held / trials).toBeGreaterThan(0.93);
  expect(held / trials).toBeLessThan(0.975);
});
