/** Overlaps, sizes and shares from members' sketches, with 95 % intervals. Unbiased: values below zero are left. Pure. */
import type { Estimate } from "../answers/answer.ts";
import { Z_95 } from "../answers/estimate.ts";
import { covariance, type Gram, type Measured, measured, pairWeights } from "./gram.ts";

/** A size of fewer standard errors is too unsure to divide by. */
const DIVISOR_ERRORS_MIN = 5;

/** How many identifiers two members share. */
export function overlapEstimate(gram: Gram, i: number, j: number): Estimate {
  return interval(measured(gram, pairWeights(gram.memberCount, i, j)));
}

/** How many identifiers a member has. */
export function sizeEstimate(gram: Gram, i: number): Estimate {
  return interval(measured(gram, pairWeights(gram.memberCount, i, i)));
}

/**
 * Which share of member i's identifiers member j has too.
 *
 * @returns Null where i's size is not told apart from none well enough.
 * @see Fieller, Some problems in interval estimation, JRSS B 16, 1954: the ratios r for which t − rn may be zero. Unlike
 *   an interval around t/n it holds also where n itself is unsure.
 */
export function shareEstimate(gram: Gram, i: number, j: number): Estimate | null {
  const pair = pairWeights(gram.memberCount, i, j);
  const own = pairWeights(gram.memberCount, i, i);
  const overlap = measured(gram, pair);
  const size = measured(gram, own);
  if (size.value < DIVISOR_ERRORS_MIN * size.standardError) return null;
  const squared = Z_95 ** 2;
  const a = size.value ** 2 - squared * size.standardError ** 2;
  const b = overlap.value * size.value - squared * covariance(gram, pair, own);
  const c = overlap.value ** 2 - squared * overlap.standardError ** 2;
  const half = Math.sqrt(Math.max(0, b * b - a * c));
  return { value: overlap.value / size.value, low: (b - half) / a, high: (b + half) / a };
}

function interval({ value, standardError }: Measured): Estimate {
  const half = Z_95 * standardError;
  return { value, low: value - half, high: value + half };
}
