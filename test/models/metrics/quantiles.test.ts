/** Quantiles of scores from histograms. */
import { expect, test } from "vitest";
import { UNLABELLED } from "../../../models/data.ts";
import { addScoresInPlace } from "../../../models/metrics/histogram.ts";
import { scoreQuantiles } from "../../../models/metrics/quantiles.ts";

const logit = (score: number): number => Math.log(score / (1 - score));

test("rows of every class count, and rows without a label have a section of their own", () => {
  const logits = Float32Array.from({ length: 1000 }, (_, i) => logit((i + 0.5) / 1000));
  const labels = Uint8Array.from(logits.keys(), (row) => row % 3);
  const histogram = new Float64Array(3 * 256);
  addScoresInPlace(histogram, logits, labels, null, 3);
  const sums = [0, 1, 2].map((s) =>
    histogram.subarray(s * 256, (s + 1) * 256).reduce((sum, count) => sum + count, 0),
  );
  expect(sums).toEqual([334, 333, 333]);
  const { rows, p50, p90, p99 } = scoreQuantiles(histogram, 256) ?? { rows: 0 };
  expect(rows).toBe(1000);
  expect(p50).toBeCloseTo(0.5, 2);
  expect(p90).toBeCloseTo(0.9, 2);
  expect(p99).toBeCloseTo(0.99, 2);
});

test("without a section of their own, rows without a label are not counted", () => {
  const histogram = new Float64Array(2 * 8);
  addScoresInPlace(histogram, Float32Array.of(0, 1, 2), Uint8Array.of(0, UNLABELLED, 1), null);
  expect(histogram.reduce((sum, count) => sum + count, 0)).toBe(2);
});

test("no rows, or fewer than noise explains, have no quantiles", () => {
  expect(scoreQuantiles(new Float64Array(32), 16)).toBeNull();
  expect(scoreQuantiles(new Float64Array(32).fill(-1), 16)).toBeNull();
  expect(scoreQuantiles(Float64Array.of(-3, 10, -4, 2), 4)).toMatchObject({ rows: 5 });
});
