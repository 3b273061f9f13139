/** How far two histograms are apart, exact or noised. Pure. */
import { assert } from "../../shared/base/assert.ts";
import { chiSquareTail } from "./distributions.ts";
import type { NoisedSums, Told } from "./noised.ts";
import { squaredLengthTold } from "./norm-told.ts";
import { projectedLaw } from "./quadratic-form.ts";

export interface Stability {
  readonly index: Told;
  /** Of an index as large if both were drawn from one law; the noise is allowed for. Null: not defined. */
  readonly pValue: number | null;
}

/** A bin with fewer rows counts as half a row, so that its logarithm is one. */
const COUNT_MIN = 0.5;

/**
 * The population stability index Σ (p − q)·ln(p/q): by custom, below 0.1 nothing has changed, and above 0.25 much has.
 *
 * @param noised Counts of the one, then of the other, and the noise of the one's. Shape [2 × bins].
 * @param spread How many times as large the noise of the other's is.
 * @returns Null where one of them has no rows, or no more than noise makes.
 * @see Yurdakul 2018, Statistical properties of the population stability index, theorem 1: times the harmonic sum of
 *   counts it is χ² with bins − 1 degrees of freedom where nothing has changed.
 */
export function stabilityOf({ sums, stdDev }: NoisedSums, spread = 1): Stability | null {
  const bins = sums.length / 2;
  assert(Number.isInteger(bins), "two histograms of the same bins");
  const isTold = [0, 1].every((side) => {
    const noise = stdDev * (side === 0 ? 1 : spread);
    const total = totalOf(sums.subarray(side * bins, (side + 1) * bins));
    return total > Math.max(COUNT_MIN, 2 * noise * Math.sqrt(bins));
  });
  if (!isTold) return null;
  // In units of its own noise each count has noise of one standard deviation.
  const alike = { sums: sums.map((count, i) => (i < bins ? count : count / spread)), stdDev };
  const index = squaredLengthTold(alike, (own) =>
    residualsOf(own.map((count, i) => (i < bins ? count : count * spread))),
  );
  return { index, pValue: bins < 2 ? null : pValueOf({ sums, stdDev }, spread) };
}

/** √((p − q)·ln(p/q)), with the sign of p − q. */
function residualsOf(sums: Float64Array): Float64Array {
  const bins = sums.length / 2;
  const [p, q] = [sharesOf(sums.subarray(0, bins)), sharesOf(sums.subarray(bins))];
  return p.map((own, b) => {
    const other = q[b] ?? 0;
    return Math.sign(own - other) * Math.sqrt((own - other) * Math.log(own / other));
  });
}

function sharesOf(counts: Float64Array): Float64Array {
  const usable = counts.map((count) => Math.max(COUNT_MIN, count));
  const total = totalOf(usable);
  return usable.map((count) => count / total);
}

function pValueOf({ sums, stdDev }: NoisedSums, spread: number): number {
  const bins = sums.length / 2;
  const [before, after] = [totalOf(sums.subarray(0, bins)), totalOf(sums.subarray(bins))];
  const index = residualsOf(sums).reduce((sum, residual) => sum + residual ** 2, 0);
  const sampling = 1 / before + 1 / after;
  if (stdDev === 0) return chiSquareTail(index / sampling, bins - 1);
  const both = sharesOf(sums.subarray(0, bins).map((count, b) => count + (sums[bins + b] ?? 0)));
  const noise = stdDev ** 2 * (1 / before ** 2 + (spread / after) ** 2);
  const variances = both.map((share) => 1 + noise / sampling / share);
  const law = projectedLaw(
    variances,
    (i, j) => +(i === j) - Math.sqrt((both[i] ?? 0) * (both[j] ?? 0)),
  );
  return chiSquareTail(index / sampling / law.scale, law.degrees);
}

function totalOf(counts: Float64Array): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
