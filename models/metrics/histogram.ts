/** Score histograms by label: the only form in which an evaluation leaves a member. Pure. */
import { assert } from "../../shared/base/assert.ts";
import type { Metrics } from "../tasks/task.ts";
import { rankingMetrics } from "./ranking.ts";

/** Log-odds beyond ±8 (probabilities 0.03 % and 99.97 %) share the outermost bins. */
const LOGIT_MAX = 8;

/** Bin of a score, equal in log-odds on [−8, 8]; 0 is the lowest. A NaN falls into bin 0. */
export function scoreBin(logit: number, bins: number): number {
  const position = Math.floor(placeOf(logit, bins));
  return position > 0 ? Math.min(bins - 1, position) : 0;
}

/** Where log-odds are among the bins: from 0 to `bins`, or beyond. */
export function placeOf(logit: number, bins: number): number {
  return ((logit + LOGIT_MAX) / (2 * LOGIT_MAX)) * bins;
}

/** The log-odds at a place among the bins, from 0, their lower end, to `bins`. */
export function logitAt(place: number, bins: number): number {
  return (place / bins) * 2 * LOGIT_MAX - LOGIT_MAX;
}

/**
 * Adds rows to a histogram of shape [sections × bins]: counts of negatives by bin, then of positives, then, where there
 * is a third section, of rows without a label; without one those are not counted.
 *
 * @param rows Row indices to count; all rows where null.
 */
export function addScoresInPlace(
  histogram: Float64Array,
  logits: Float32Array,
  labels: Uint8Array,
  rows: Uint32Array | null,
  sections: 2 | 3 = 2,
): void {
  const bins = histogram.length / sections;
  const count = rows === null ? logits.length : rows.length;
  for (let i = 0; i < count; i++) {
    const row = rows === null ? i : (rows[i] ?? 0);
    const section = labels[row] ?? 0;
    if (section >= sections) continue;
    const bin = scoreBin(logits[row] ?? 0, bins) + section * bins;
    histogram[bin] = (histogram[bin] ?? 0) + 1;
  }
}

/**
 * Metrics of a histogram by label, exact or noised.
 *
 * @param histogram Shape [2 × bins] as `addScoresInPlace` fills it. Unchanged.
 * @returns Null where a class is empty, or the noise says it is.
 */
export function metricsOfHistogram(histogram: Float64Array): Metrics | null {
  assert(histogram.length % 2 === 0, "a histogram has two halves");
  const bins = histogram.length / 2;
  return rankingMetrics({
    negatives: cleanCounts(histogram.subarray(0, bins)).reverse(),
    positives: cleanCounts(histogram.subarray(bins)).reverse(),
  });
}

/**
 * The nearest non-negative counts (least squares) with the same total: the projection onto a
 * scaled simplex. Cutting negative bins off at zero instead would add the noise of every empty
 * bin to the total. Exact counts come back as they are; a total that is not positive gives zeros.
 *
 * @returns A new array of the same shape.
 * @see Duchi et al. 2008, Efficient projections onto the ℓ1-ball, figure 1.
 */
export function cleanCounts(counts: Float64Array): Float64Array {
  const usable = counts.map((count) => (Number.isFinite(count) ? count : 0));
  if (usable.every((count) => count >= 0)) return usable;
  const sum = usable.reduce((total, count) => total + count, 0);
  if (sum <= 0) return usable.fill(0);
  const descending = usable.slice().sort().reverse();
  let partial = 0;
  let shift = 0;
  for (let i = 0; i < descending.length; i++) {
    partial += descending[i] ?? 0;
    const candidate = (partial - sum) / (i + 1);
    if ((descending[i] ?? 0) - candidate <= 0) break;
    shift = candidate;
  }
  return usable.map((count) => Math.max(0, count - shift));
}
