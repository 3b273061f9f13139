/** Whether recovered noise has the σ claimed: a decision with known errors of both kinds. Pure. */

/**
 * Scores beyond are not chance: a sound implementation has one in five hundred thousand tests.
 * (4.75 is exceeded once in a million on one side.)
 */
export const SCORE_MAX = 4.9;

/**
 * From so many coordinates on, noise whose σ is off by 3 % is caught except once in a million: Σ(x/σ)² is
 * chi-square, of relative deviation √(2/n) = 0.58 %, and 3 % less σ makes 5.9 % less of it.
 */
export const COORDINATES_MIN = 60_000;

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
  let [squares, coordinates] = [0, 0];
  for (const value of noise) {
    squares += (value / stdDev) ** 2;
    coordinates += 1;
  }
  const spread = 2 / (9 * coordinates);
  const score = ((squares / coordinates) ** (1 / 3) - (1 - spread)) / Math.sqrt(spread);
  return { coordinates, ratio: Math.sqrt(squares / coordinates), score };
}

export function isAsClaimed({ score }: SigmaCheck): boolean {
  return Math.abs(score) <= SCORE_MAX;
}

/** Whether there is at least the noise that is counted on; more is no fault. */
export function isEnough({ score }: SigmaCheck): boolean {
  return score >= -SCORE_MAX;
}
