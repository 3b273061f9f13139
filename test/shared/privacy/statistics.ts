/** Exact probabilities of discrete noise, a chi-square test against them, and a test of its σ. */

/** Exceeded by a standard normal score once in a million. */
export const ONCE_IN_A_MILLION = 4.75;

/** P(n) for n = −reach … reach, at index n + reach; the tails beyond are left out. */
export function discreteGaussianPmf(stdDev: number, reach: number): Float64Array {
  const pmf = new Float64Array(2 * reach + 1);
  let total = 0;
  for (let n = -reach; n <= reach; n++) {
    const weight = Math.exp(-(n * n) / (2 * stdDev * stdDev));
    pmf[n + reach] = weight;
    total += weight;
  }
  return pmf.map((weight) => weight / total);
}

/** P(n) of the discrete Laplace for n = −reach … reach, at index n + reach. */
export function discreteLaplacePmf(scale: number, reach: number): Float64Array {
  const atZero = Math.tanh(1 / (2 * scale));
  return Float64Array.from({ length: 2 * reach + 1 }, (_, i) => {
    return atZero * Math.exp(-Math.abs(i - reach) / scale);
  });
}

/**
 * Chi-square statistic as a standard normal score. Bins expected to hold
 * fewer than ten draws are joined to their neighbour. 4.75 is exceeded once in a million.
 */
export function chiSquareScore(
  counts: readonly number[],
  probabilities: readonly number[],
): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let [statistic, bins, observed, expected] = [0, 0, 0, 0];
  for (let i = 0; i < counts.length; i++) {
    observed += counts[i] ?? 0;
    expected += (probabilities[i] ?? 0) * total;
    if (expected < 10) continue;
    statistic += (observed - expected) ** 2 / expected;
    bins += 1;
    [observed, expected] = [0, 0];
  }
  return normalScore(statistic, bins - 1);
}

/** A chi-square statistic as a standard normal score (Wilson and Hilferty). */
function normalScore(statistic: number, freedom: number): number {
  const spread = 2 / (9 * freedom);
  return ((statistic / freedom) ** (1 / 3) - (1 - spread)) / Math.sqrt(spread);
}

/** Beyond it, on either side, lies a standard normal score once in a million. */
export const SCORE_MAX = 4.9;

/**
 * With this many coordinates or more, noise whose σ is 3 % too small or too large passes
 * `isNoiseAsClaimed` less than once in a million times. With 20 000 it passes one time in seven: no
 * test can do better there, for the two laws of the noise's energy are only six standard deviations
 * apart, and 4.9 of these are spent on false alarms.
 */
export const NOISE_COORDINATES_MIN = 60_000;

/**
 * How far recovered noise is from having the standard deviation claimed, as a standard normal
 * score: Σ(x/σ)² is chi-square with as many degrees of freedom as there are coordinates. The mean is taken to
 * be zero, and σ to be at least 4 grid steps: there a discrete Gaussian's moments are the continuous
 * one's.
 *
 * @param noise What is left of opened sums when their true values are taken away; several releases
 *   may be joined, each divided by its σ.
 */
export function noiseScore(noise: Iterable<number>, stdDev: number): number {
  let [squares, count] = [0, 0];
  for (const value of noise) {
    squares += (value / stdDev) ** 2;
    count += 1;
  }
  return normalScore(squares, count);
}

/** Whether recovered noise may have the σ claimed. False for what does once in a million times. */
export function isNoiseAsClaimed(noise: Iterable<number>, stdDev: number): boolean {
  return Math.abs(noiseScore(noise, stdDev)) <= SCORE_MAX;
}

export function variance(values: Iterable<number>): number {
  let [sum, squares, count] = [0, 0, 0];
  for (const value of values) {
    sum += value;
    squares += value * value;
    count += 1;
  }
  return squares / count - (sum / count) ** 2;
}
