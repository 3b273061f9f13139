/** Whether recovered noise has the σ claimed: a decision with known errors of both kinds. Pure. */

import { noiseScore, SCORE_MAX } from "../shared/privacy/statistics.ts";

/** Noise recovered from opened sums, against the σ that they claim. */
export interface SigmaCheck {
  readonly coordinates: number;
  /** Measured σ over the claimed. */
  readonly ratio: number;
  /** How far off that is, as a standard normal score (Wilson and Hilferty 1931). */
  readonly score: number;
}

/** @param noise Of mean zero. @param stdDev The σ claimed. */
export function checkSigma(noise: Iterable<number>, stdDev: number): SigmaCheck {
  const values = Float64Array.from(noise);
  let squares = 0;
  for (const value of values) squares += (value / stdDev) ** 2;
  const ratio = Math.sqrt(squares / values.length);
  return { coordinates: values.length, ratio, score: noiseScore(values, stdDev) };
}

export function isAsClaimed({ score }: SigmaCheck): boolean {
  return Math.abs(score) <= SCORE_MAX;
}

/** Whether there is at least the noise that is counted on; more is no fault. */
export function isEnough({ score }: SigmaCheck): boolean {
  return score >= -SCORE_MAX;
}
