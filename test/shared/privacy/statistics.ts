/** Exact probabilities of the discrete Gaussian, and a chi-square test against them. */

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

/**
 * Chi-square statistic as a standard normal score (Wilson and Hilferty). Bins expected to hold
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
  const freedom = bins - 1;
  const spread = 2 / (9 * freedom);
  return ((statistic / freedom) ** (1 / 3) - (1 - spread)) / Math.sqrt(spread);
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
