/**
 * Numbers computed from noised sums, with 95 % intervals of the noise alone: they hold the number that the exact sums
 * would have given. Without noise a number is itself. Pure.
 */
import { assert } from "../../shared/base/assert.ts";
import type { Estimate } from "../answers/answer.ts";
import { estimate, Z_95 } from "../answers/estimate.ts";

/** Independent noise of the same standard deviation in each sum; 0: the sums are exact. */
export interface NoisedSums {
  readonly sums: Float64Array;
  readonly stdDev: number;
}

/** null: not defined, or drowned in noise. */
export type Told = number | Estimate | null;

/** A function of sums, with the same number of results for all of them. */
export type OfSums = (sums: Float64Array) => ArrayLike<number>;

/**
 * How far noise of one standard deviation in each sum moves each result: half of what lies between a step up and a step
 * down, which also straightens a function that bends within them.
 *
 * @returns Shape [sums][results].
 */
export function noiseSteps({ sums, stdDev }: NoisedSums, f: OfSums): Float64Array[] {
  return Array.from(sums, (sum, i) => {
    const moved = sums.slice();
    moved[i] = sum + stdDev;
    const up = Float64Array.from(f(moved));
    moved[i] = sum - stdDev;
    const down = f(moved);
    return up.map((value, k) => (value - (down[k] ?? 0)) / 2);
  });
}

/** Variances of the noise in each result, by the delta method. */
export function noiseVariances(noised: NoisedSums, f: OfSums): Float64Array {
  const variances = Float64Array.from(f(noised.sums), () => 0);
  if (noised.stdDev === 0) return variances;
  for (const step of noiseSteps(noised, f))
    for (let k = 0; k < variances.length; k++)
      variances[k] = (variances[k] ?? 0) + (step[k] ?? 0) ** 2;
  return variances;
}

/** Results of a smooth function, by the delta method; null where one or its interval is not a number. */
export function smoothTold(noised: NoisedSums, f: OfSums): Told[] {
  const variances = noiseVariances(noised, f);
  return Array.from(f(noised.sums), (value, k) => told(value, Math.sqrt(variances[k] ?? 0)));
}

/** @param stdDev Of the noise; 0: none. */
export function told(value: number, stdDev: number): Told {
  return Number.isFinite(value) && Number.isFinite(stdDev) ? estimate(value, stdDev) : null;
}

/** Moves all three numbers by an increasing function: intervals stay intervals. */
export function mapTold(one: Told, f: (x: number) => number): Told {
  if (one === null) return null;
  if (typeof one === "number") return f(one);
  return { value: f(one.value), low: f(one.low), high: f(one.high) };
}

/** What is known beforehand: the number lies between `low` and `high`. */
export function within(one: Told, low: number, high: number): Told {
  return mapTold(one, (x) => Math.min(high, Math.max(low, x)));
}

/** A sum with its noise's standard deviation. */
export interface NoisedSum {
  readonly value: number;
  readonly stdDev: number;
}

/**
 * a/b with independent noise in both, also where b is hardly larger than its noise: its interval is of the ratios ρ that
 * a − ρb does not speak against.
 *
 * @param low Bounds of the ratio, known beforehand: where the noise leaves it open, they are the interval.
 * @returns Null where b is not positive.
 * @see Fieller 1954, Some problems in interval estimation, JRSS B 16(2).
 */
export function ratioTold(a: NoisedSum, b: NoisedSum, low: number, high: number): Told {
  if (!(b.value > 0)) return null;
  const ratio = a.value / b.value;
  if (a.stdDev === 0 && b.stdDev === 0) return ratio;
  const [spreadA, spreadB] = [(Z_95 * a.stdDev) ** 2, (Z_95 * b.stdDev) ** 2];
  const square = b.value ** 2 - spreadB;
  const product = a.value * b.value;
  const root = Math.sqrt(Math.max(0, product ** 2 - square * (a.value ** 2 - spreadA)));
  const isOpen = !(square > 0);
  const one = isOpen
    ? { value: ratio, low, high }
    : { value: ratio, low: (product - root) / square, high: (product + root) / square };
  return within(one, low, high);
}

/** An interval of the sampling and the noise together, about the sums' own number. */
export function sampled(value: number, standardError: number, quantile = Z_95): Estimate | null {
  assert(!(quantile < 0), "a quantile above the middle is positive");
  const half = quantile * standardError;
  if (!Number.isFinite(value) || !Number.isFinite(half)) return null;
  return { value, low: value - half, high: value + half };
}
