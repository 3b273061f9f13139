/** Do groups survive alike? The log-rank test on a grid of time, exact or noised. Pure. */
import { assert } from "../../shared/base/assert.ts";
import { chiSquareTail } from "./distributions.ts";
import { type NoisedSums, noiseSteps, type Told } from "./noised.ts";
import { squaredLengthTold } from "./norm-told.ts";
import { atRisk } from "./survival.ts";

export interface LogRank {
  readonly chiSquare: Told;
  readonly degrees: number;
  /** Of curves as far apart if all groups survived alike; the noise is allowed for. */
  readonly pValue: number;
  /** Events of each group, and how many it would have had if all survived alike. Shape [groups]. */
  readonly events: Float64Array;
  readonly expected: Float64Array;
}

interface Parts {
  readonly events: Float64Array;
  readonly expected: Float64Array;
  /** Covariance of events less expected, of all groups but the last. Shape [(groups − 1)²]. */
  readonly covariance: Float64Array;
}

/**
 * @param noised Of each group its events and withdrawals, as `survivalCurve` takes them. Shape [groups × 2 × cells].
 * @returns Null where it is not defined, or drowned in noise.
 * @see Mantel 1966, Cancer Chemotherapy Reports 50; Kalbfleisch and Prentice 1980, 1.4, with hypergeometric variances.
 */
export function logRank(noised: NoisedSums, groups: number): LogRank | null {
  assert(groups >= 2 && noised.sums.length % (2 * groups) === 0, "two groups of the same cells");
  const degrees = groups - 1;
  const parts = partsOf(noised.sums, groups);
  const scores = scoresOf(parts);
  if (whitened(parts.covariance, scores) === null) return null;
  const residuals = (sums: Float64Array): Float64Array => {
    const own = partsOf(sums, groups);
    return whitened(own.covariance, scoresOf(own)) ?? new Float64Array(degrees).fill(Number.NaN);
  };
  const chiSquare = squaredLengthTold(noised, residuals);
  const tested = whitened(withNoise(noised, groups, parts.covariance), scores);
  if (chiSquare === null || tested === null) return null;
  const square = tested.reduce((sum, score) => sum + score ** 2, 0);
  const { events, expected } = parts;
  return { chiSquare, degrees, pValue: chiSquareTail(square, degrees), events, expected };
}

function scoresOf({ events, expected }: Parts): Float64Array {
  return events.subarray(0, -1).map((count, g) => count - (expected[g] ?? 0));
}

function partsOf(sums: Float64Array, groups: number): Parts {
  const cells = sums.length / groups / 2;
  const own = Array.from({ length: groups }, (_, g) =>
    sums.subarray(2 * g * cells, 2 * (g + 1) * cells),
  );
  const risks = own.map(atRisk);
  const all = (columns: readonly Float64Array[], j: number): number =>
    columns.reduce((sum, column) => sum + (column[j] ?? 0), 0);
  const events = Float64Array.from(own, (one) =>
    one.subarray(0, cells).reduce((sum, count) => sum + count, 0),
  );
  const expected = new Float64Array(groups);
  const covariance = new Float64Array((groups - 1) ** 2);
  for (let j = 0; j < cells; j++) {
    const [n, d] = [all(risks, j), all(own, j)];
    if (!(n > 1)) {
      for (let g = 0; g < groups; g++) expected[g] = (expected[g] ?? 0) + (own[g]?.[j] ?? 0);
      continue;
    }
    const shares = risks.map((risk) => (risk[j] ?? 0) / n);
    addCellInPlace(expected, covariance, shares, d, (d * (n - d)) / (n - 1));
  }
  return { events, expected, covariance };
}

function addCellInPlace(
  expected: Float64Array,
  covariance: Float64Array,
  shares: readonly number[],
  events: number,
  variance: number,
): void {
  const size = shares.length - 1;
  for (const [g, share] of shares.entries()) {
    expected[g] = (expected[g] ?? 0) + events * share;
    if (g === size) continue;
    for (let h = 0; h < size; h++) {
      const part = variance * share * (+(g === h) - (shares[h] ?? 0));
      covariance[g * size + h] = (covariance[g * size + h] ?? 0) + part;
    }
  }
}

function withNoise(noised: NoisedSums, groups: number, covariance: Float64Array): Float64Array {
  const sum = covariance.slice();
  if (noised.stdDev === 0) return sum;
  const size = groups - 1;
  for (const step of noiseSteps(noised, (sums) => scoresOf(partsOf(sums, groups))))
    for (let i = 0; i < sum.length; i++)
      sum[i] = (sum[i] ?? 0) + (step[Math.floor(i / size)] ?? 0) * (step[i % size] ?? 0);
  return sum;
}

/**
 * L⁻¹·vector with L·Lᵀ = matrix, by Cholesky: its squared length is vectorᵀ·matrix⁻¹·vector.
 *
 * @returns Null where the matrix is not positive definite.
 */
function whitened(matrix: Float64Array, vector: Float64Array): Float64Array | null {
  const size = vector.length;
  const lower = new Float64Array(size * size);
  const result = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i * size + j] ?? 0;
      for (let k = 0; k < j; k++) rest -= (lower[i * size + k] ?? 0) * (lower[j * size + k] ?? 0);
      if (i === j && !(rest > 0)) return null;
      lower[i * size + j] = i === j ? Math.sqrt(rest) : rest / (lower[j * size + j] ?? 1);
    }
    let rest = vector[i] ?? 0;
    for (let k = 0; k < i; k++) rest -= (lower[i * size + k] ?? 0) * (result[k] ?? 0);
    result[i] = rest / (lower[i * size + i] ?? 1);
  }
  return result;
}
