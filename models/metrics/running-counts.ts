/** Rows at or above a score, by label: what every figure of an evaluation is read from. Pure. */
import { assert } from "../../shared/base/assert.ts";

/** Rows by score bin, lowest first. Of shape [bins] each; noised ones may be negative. */
export interface ScoreCounts {
  readonly negatives: Float64Array;
  readonly positives: Float64Array;
}

/** One bin, and what is above it. */
export interface Step {
  readonly positivesAbove: number;
  readonly negativesAbove: number;
  /** In the bin itself. */
  readonly positives: number;
  readonly negatives: number;
}

/**
 * Rows in the k highest bins, k = 0 … bins. Shape [bins + 1] each. Without noise they never fall; with it they may, for
 * only so are they right on average, and with them whatever is linear in them.
 */
export interface RunningCounts {
  readonly negatives: Float64Array;
  readonly positives: Float64Array;
  /** The same bin by bin, highest first. Shape [bins]. */
  readonly steps: readonly Step[];
  /** Of the noise in the counts' tree, at each node; 0: counts are exact. */
  readonly noiseStdDev: number;
}

export function runningCounts(counts: ScoreCounts, noiseStdDev = 0): RunningCounts {
  const { negatives, positives } = counts;
  assert(negatives.length === positives.length, "both labels have the same bins");
  return withSteps(fromTop(positives), fromTop(negatives), noiseStdDev);
}

function withSteps(
  positives: Float64Array,
  negatives: Float64Array,
  noiseStdDev: number,
): RunningCounts {
  const steps: Step[] = [];
  for (let k = 0; k + 1 < positives.length; k++) {
    const [positivesAbove, negativesAbove] = [positives[k] ?? 0, negatives[k] ?? 0];
    steps.push({
      positivesAbove,
      negativesAbove,
      positives: (positives[k + 1] ?? 0) - positivesAbove,
      negatives: (negatives[k + 1] ?? 0) - negativesAbove,
    });
  }
  return { positives, negatives, steps, noiseStdDev };
}

function fromTop(counts: Float64Array): Float64Array {
  const sums = new Float64Array(counts.length + 1);
  for (let k = 0; k < counts.length; k++)
    sums[k + 1] = (sums[k] ?? 0) + (counts[counts.length - 1 - k] ?? 0);
  return sums;
}

export function binCount({ positives }: RunningCounts): number {
  return positives.length - 1;
}

export function totals({ positives, negatives }: RunningCounts): {
  readonly positives: number;
  readonly negatives: number;
} {
  return { positives: positives.at(-1) ?? 0, negatives: negatives.at(-1) ?? 0 };
}

/** The nearest counts (least squares) that never fall and never are negative; exact ones as they are. */
export function risingCounts({ positives, negatives, noiseStdDev }: RunningCounts): RunningCounts {
  return withSteps(rising(positives), rising(negatives), noiseStdDev);
}

/**
 * @see Barlow, Bartholomew, Bremner and Brunk, Statistical Inference under Order Restrictions, 1972, §1.2: pool
 *   adjacent violators; a bound below is met by cutting off there.
 */
function rising(sums: Float64Array): Float64Array {
  const means: number[] = [];
  const sizes: number[] = [];
  for (const value of sums.subarray(1)) {
    let [mean, size] = [value, 1];
    while (means.length > 0 && (means.at(-1) ?? 0) > mean) {
      const [before, count] = [means.pop() ?? 0, sizes.pop() ?? 0];
      mean = (mean * size + before * count) / (size + count);
      size += count;
    }
    means.push(mean);
    sizes.push(size);
  }
  const result = new Float64Array(sums.length);
  let at = 1;
  for (const [block, mean] of means.entries()) {
    const end = at + (sizes[block] ?? 0);
    result.fill(Math.max(0, mean), at, end);
    at = end;
  }
  return result;
}
