/** The largest of many counts, exact or noised. Pure. */
import { Z_95 } from "../answers/estimate.ts";
import { type NoisedSums, type Told, told, within } from "./noised.ts";

export interface Ranked {
  /** Which of the counts. */
  readonly index: number;
  readonly count: Told;
  /** Its place among all, from 1: no count is surely above it but `rankBest` − 1 others, nor below it but the rest. */
  readonly rankBest: number;
  readonly rankWorst: number;
}

/**
 * The `k` largest, largest first; equal ones in their order. Each interval holds its own count in 95 of 100 questions;
 * that they were chosen for being large makes noise upwards likelier where many are close.
 */
export function largest({ sums, stdDev }: NoisedSums, k: number): Ranked[] {
  const order = Array.from(sums, (_, index) => index).sort(
    (a, b) => (sums[b] ?? 0) - (sums[a] ?? 0) || a - b,
  );
  const apart = Z_95 * Math.SQRT2 * stdDev;
  return order.slice(0, k).map((index) => {
    const own = sums[index] ?? 0;
    const above = sums.reduce((count, other) => count + +(other - own > apart), 0);
    const below = sums.reduce((count, other) => count + +(own - other > apart), 0);
    return {
      index,
      count: within(told(own, stdDev), 0, Number.POSITIVE_INFINITY),
      rankBest: above + 1,
      rankWorst: sums.length - below,
    };
  });
}
