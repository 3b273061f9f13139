/** Mean and variance of a column of numbers, from its count, sum and sum of squares, exact or noised. Pure. */
import { assert } from "../../shared/base/assert.ts";
import { studentQuantile } from "./distributions.ts";
import {
  mapTold,
  type NoisedSums,
  noiseVariances,
  ratioTold,
  sampled,
  smoothTold,
  type Told,
  told,
  within,
} from "./noised.ts";

/** Values are summed as (value − middle)/half, which is within ±1. */
export interface Scale {
  readonly middle: number;
  readonly half: number;
}

/** All in the column's own unit. */
export interface Moments {
  readonly count: Told;
  readonly sum: Told;
  readonly mean: Told;
  /** The mean with a 95 % interval of the sampling and the noise together. */
  readonly meanSampled: Told;
  readonly variance: Told;
  readonly stdDev: Told;
}

export function scaleOf({ min, max }: { readonly min: number; readonly max: number }): Scale {
  assert(max > min, "a column's bounds differ");
  return { middle: min / 2 + max / 2, half: max / 2 - min / 2 };
}

/** @param noised n, Σu and Σu² of the scaled values u. */
export function momentsOf(noised: NoisedSums, { middle, half }: Scale): Moments {
  const { sums, stdDev } = noised;
  const [n = 0, first = 0] = sums;
  const mean = ratioTold({ value: first, stdDev }, { value: n, stdDev }, -1, 1);
  const [smooth = null] = smoothTold(noised, (all) => [varianceOf(all)]);
  // Values within ±1 are spread by n/(n − 1) at most.
  const variance = within(smooth, 0, n > 1 ? n / (n - 1) : 1);
  return {
    count: within(told(n, stdDev), 0, Number.POSITIVE_INFINITY),
    sum: told(middle * n + half * first, Math.hypot(middle, half) * stdDev),
    mean: mapTold(mean, (u) => middle + half * u),
    meanSampled: mapTold(meanSampled(noised), (u) => middle + half * u),
    variance: mapTold(variance, (u) => half ** 2 * u),
    stdDev: mapTold(variance, (u) => half * Math.sqrt(u)),
  };
}

/** Of scaled values, with n − 1 below; not a number where there are not two. */
export function varianceOf([n = 0, first = 0, second = 0]: ArrayLike<number> &
  Iterable<number>): number {
  return n > 1 ? (second - (first * first) / n) / (n - 1) : Number.NaN;
}

function meanSampled(noised: NoisedSums): Told {
  const { sums } = noised;
  const [n = 0, first = 0] = sums;
  const variance = varianceOf(sums);
  if (!(variance >= 0)) return null;
  const [noise = 0] = noiseVariances(noised, ([count = 0, sum = 0]) => [sum / count]);
  const error = Math.sqrt(variance / n + noise);
  return within(sampled(first / n, error, studentQuantile(0.05, n - 1)), -1, 1);
}
