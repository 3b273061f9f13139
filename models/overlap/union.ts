/**
 * How many different customers all members have together. Overlaps of two decide it for two members; for more they only
 * bound it, and the interval spans what the bounds leave open. Pure.
 */
import { normalQuantile } from "../../shared/base/normal.ts";
import type { Estimate } from "../answers/answer.ts";
import { type Gram, type Measured, measured, type Weights } from "./gram.ts";

/** Each end of the interval fails in at most so many of all cases. */
const TAIL = 0.025;

/**
 * With S₁ = Σ n_i and S₂ = Σ t_ij over pairs, for every k in 1 … K − 1
 *
 *     2S₁/(k + 1) − 2S₂/(k(k + 1)) ≤ union ≤ S₁ − 2S₂/K, and union ≤ S₁ − Σ_j t_cj for every member c.
 *
 * Which bound is the tightest is not known, and taking the one that looks best would favour lucky noise: the limits
 * are those that all bounds keep at once (Bonferroni). The value is the middle of what they leave. For two members all
 * are n₁ + n₂ − t.
 *
 * @see Dawson and Sankoff, An inequality for probabilities, Proc. AMS 18, 1967; Kounias, Bounds for the probability of
 *   a union, Ann. Math. Stat. 39, 1968.
 */
export function unionEstimate(gram: Gram): Estimate {
  const lower = distinct(lowerBounds(gram.sketchCount)).map((weights) => measured(gram, weights));
  const upper = distinct(upperBounds(gram.sketchCount)).map((weights) => measured(gram, weights));
  const from = best(lower, -1);
  const to = best(upper, 1);
  // By chance, limits of bounds that meet may pass each other.
  const low = Math.min(from.limit, to.limit);
  const high = Math.max(from.limit, to.limit);
  return { value: Math.min(high, Math.max(low, (from.value + to.value) / 2)), low, high };
}

/** @param side −1: the largest of the lower limits; 1: the smallest of the upper ones. */
function best(bounds: readonly Measured[], side: -1 | 1): { value: number; limit: number } {
  const z = -normalQuantile(TAIL / bounds.length);
  const limits = bounds.map(({ value, standardError }) => value + side * z * standardError);
  const limit = side === 1 ? Math.min(...limits) : Math.max(...limits);
  return { value: bounds[limits.indexOf(limit)]?.value ?? Number.NaN, limit };
}

function lowerBounds(count: number): Weights[] {
  return Array.from({ length: Math.max(1, count - 1) }, (_, i) => {
    const k = i + 1;
    return boundWeights(count, 2 / (k + 1), () => -2 / (k * (k + 1)));
  });
}

function upperBounds(count: number): Weights[] {
  const stars = Array.from({ length: count }, (_, c) =>
    boundWeights(count, 1, (i, j) => (i === c || j === c ? -1 : 0)),
  );
  return [boundWeights(count, 1, () => -2 / count), ...stars];
}

/** @param pair Weight of an overlap, once for both orders. */
function boundWeights(
  count: number,
  size: number,
  pair: (i: number, j: number) => number,
): Weights {
  return Float64Array.from({ length: count ** 2 }, (_, at) => {
    const [i, j] = [Math.floor(at / count), at % count];
    return i === j ? size : pair(i, j) / 2;
  });
}

/** Equal bounds are one: for two members all of them are. */
function distinct(bounds: readonly Weights[]): Weights[] {
  return [...new Map(bounds.map((weights) => [weights.join(), weights])).values()];
}
