/**
 * Which of a histogram's unknown keys may be named: those whose noised count exceeds a threshold
 * that a single unit's noised count stays below. Pure.
 *
 * @see Google, Delta For Thresholding (a note in its differential-privacy repository): the formulas.
 */
import { assert } from "../../base/assert.ts";
import { normalQuantile } from "../../base/normal.ts";
import { gaussianSigma } from "../accounting/gaussian.ts";

/** What one unit can add. */
export interface Contribution {
  readonly maxPartitionsContributed: number;
  readonly maxContributionsPerPartition: number;
}

/** Noise for the counts, and what a noised count must reach for its key to be named. */
export interface Thresholding {
  /** Laplace: its scale. Gaussian: its standard deviation. */
  readonly noise: number;
  readonly threshold: number;
}

/**
 * Gaussian noise. The counts are (ε, noiseDelta); a partition with one unit is named with a
 * probability that, over all partitions of that unit, stays below thresholdDelta.
 */
export function gaussianThreshold(
  contribution: Contribution,
  epsilon: number,
  noiseDelta: number,
  thresholdDelta: number,
): Thresholding {
  const { maxPartitionsContributed: l0, maxContributionsPerPartition: most } = contribution;
  const noise = gaussianSigma(epsilon, noiseDelta) * most * Math.sqrt(l0);
  const tail = perPartition(thresholdDelta, contribution);
  return { noise, threshold: most - noise * normalQuantile(tail) };
}

/** Laplace noise: the counts cost ε alone. */
export function laplaceThreshold(
  contribution: Contribution,
  epsilon: number,
  thresholdDelta: number,
): Thresholding {
  const { maxPartitionsContributed: l0, maxContributionsPerPartition: most } = contribution;
  assert(epsilon > 0, "ε is positive");
  const noise = (l0 * most) / epsilon;
  const tail = perPartition(thresholdDelta, contribution);
  // The Laplace law's quantile at 1 − tail, on whichever side of the centre it lies.
  const quantile = tail <= 0.5 ? -Math.log(2 * tail) : Math.log(2 * (1 - tail));
  return { noise, threshold: most + noise * quantile };
}

/** p with 1 − (1 − p)^l0 = δ: each of a unit's partitions may give it away with this probability. */
function perPartition(delta: number, { maxPartitionsContributed: l0 }: Contribution): number {
  assert(delta > 0 && delta < 1, "δ is in (0, 1)");
  assert(Number.isInteger(l0) && l0 >= 1, "a unit is in at least one partition");
  return -Math.expm1(Math.log1p(-delta) / l0);
}
