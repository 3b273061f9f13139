/** Overlaps, sizes and shares from members' sketches, with 95 % intervals. Unbiased: values below zero are left. Pure. */
import type { Estimate } from "../answers/answer.ts";
import { Z_95 } from "../answers/estimate.ts";
import {
  covariance,
  type Gram,
  type Measured,
  measured,
  pairWeights,
  type Weights,
} from "./gram.ts";

/** A size of fewer standard errors is too unsure to divide by. */
const DIVISOR_ERRORS_MIN = 5;

/** How many identifiers two members share. */
export function overlapEstimate(gram: Gram, i: number, j: number): Estimate {
  return interval(measured(gram, pairWeights(gram.sketchCount, i, j)));
}

/** How many identifiers a member has. */
export function sizeEstimate(gram: Gram, i: number): Estimate {
  return interval(measured(gram, pairWeights(gram.sketchCount, i, i)));
}

/** Which share of member i's identifiers member j has too; null where i's size is too unsure to divide by. */
export function shareEstimate(gram: Gram, i: number, j: number): Estimate | null {
  const pair = pairWeights(gram.sketchCount, i, j);
  return ratioEstimate(gram, pair, pairWeights(gram.sketchCount, i, i));
}

/**
 * One sum over another.
 *
 * @returns Null where the divisor is not told apart from none well enough.
 * @see Fieller, Some problems in interval estimation, JRSS B 16, 1954: the ratios r for which t − rn may be zero. Unlike
 *   an interval around t/n it holds also where n itself is unsure.
 */
export function ratioEstimate(gram: Gram, of: Weights, by: Weights): Estimate | null {
  const [sum, divisor] = [measured(gram, of), measured(gram, by)];
  if (divisor.value < DIVISOR_ERRORS_MIN * divisor.standardError) return null;
  const squared = Z_95 ** 2;
  const a = divisor.value ** 2 - squared * divisor.standardError ** 2;
  const b = sum.value * divisor.value - squared * covariance(gram, of, by);
  const c = sum.value ** 2 - squared * sum.standardError ** 2;
  const half = Math.sqrt(Math.max(0, b * b - a * c));
  return { value: sum.value / divisor.value, low: (b - half) / a, high: (b + half) / a };
}

/** Of 95 %. */
export function interval({ value, standardError }: Measured): Estimate {
  const half = Z_95 * standardError;
  return { value, low: value - half, high: value + half };
}

export const atLeastNone = (estimate: Estimate): Estimate =>
  cutTo(estimate, 0, Number.POSITIVE_INFINITY);

/** Unbiased numbers may lie where none can. The interval holds no less for what cannot be. */
export function cutTo({ value, low, high }: Estimate, min: number, max: number): Estimate {
  const cut = (x: number): number => Math.min(max, Math.max(min, x));
  return { value: cut(value), low: cut(low), high: cut(high) };
}
