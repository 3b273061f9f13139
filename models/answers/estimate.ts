/** A number and how sure it is, where noise of a known size was added. Pure. */
import type { Estimate } from "./answer.ts";

/** Of the standard normal distribution, two-sided 95 %. */
export const Z_95 = 1.959963984540054;

/** @param stdDev Of the noise; 0: the value is exact, and a number. */
export function estimate(value: number, stdDev: number): number | Estimate {
  if (stdDev === 0) return value;
  return { value, low: value - Z_95 * stdDev, high: value + Z_95 * stdDev };
}
