/**
 * The Rényi curve of a Gaussian sum over a sample of fixed size, drawn without replacement;
 * replace-one. Pure. For audits of others' plans: our own sampling is Poisson's.
 */
import { assert } from "../../base/assert.ts";

const STEPS_PER_STD_DEV = 16;
const TAIL_STD_DEVS = 12;
/** Above this order the general bound alone is used; the tight one would cost O(α²). */
const TIGHT_ORDER_MAX = 256;

/** A sum over `sampleSize` of `dataSize` records, with noise of `noiseMultiplier` · sensitivity. */
export interface FixedSizeRelease {
  readonly dataSize: number;
  readonly sampleSize: number;
  /** Standard deviation over the *replace-one* sensitivity: 2C for a clipped sum. */
  readonly noiseMultiplier: number;
}

/**
 * An upper bound of the divergences at `orders`. Between whole orders (α − 1)·D_α, which is convex,
 * is interpolated.
 *
 * @returns Shape [orders].
 * @see Wang, Balle and Kasiviswanathan, Subsampled Rényi Differential Privacy and Analytical Moments
 *   Accountant, AISTATS 2019, theorem 27 and corollary 10 (arXiv 1808.00087).
 */
export function rdpFixedSizeCurve(
  release: FixedSizeRelease,
  orders: readonly number[],
): Float64Array {
  const { dataSize, sampleSize, noiseMultiplier: z } = release;
  assert(Number.isInteger(sampleSize) && sampleSize >= 1, "a sample has at least one record");
  assert(Number.isInteger(dataSize) && dataSize >= sampleSize, "a sample is at most all the data");
  assert(Number.isFinite(z) && z > 0, "the noise multiplier is positive and finite");
  if (sampleSize === dataSize) return Float64Array.from(orders, (order) => order / (2 * z * z));
  const bound = cumulantBound(sampleSize / dataSize, z);
  return Float64Array.from(orders, (order) => {
    const whole = Math.floor(order);
    const part = order - whole;
    const upper = part === 0 ? 0 : part * bound(whole + 1);
    return ((1 - part) * bound(whole) + upper) / (order - 1);
  });
}

/** (α − 1)·D_α at whole orders: ln(1 + Σ_{j ≥ 2} C(α, j) q^j B_j), B_j a bound of the j-th moment. */
function cumulantBound(q: number, z: number): (order: number) => number {
  const central = remembered((j) => logCentralMoment(j, z));
  // The smaller of 2e^((j−1)D_j) and 4√(M_⌊j⌋ M_⌈j⌉), M at the next even numbers.
  const logMoment = (j: number, order: number): number => {
    const general = Math.LN2 + (j * (j - 1)) / (2 * z * z);
    if (j > 2 && order > TIGHT_ORDER_MAX) return general;
    const halves = central(2 * Math.floor(j / 2)) + central(2 * Math.ceil(j / 2));
    return Math.min(general, Math.log(4) + halves / 2);
  };
  return remembered((order) => {
    const logs = [0];
    let logBinomial = Math.log(order);
    for (let j = 2; j <= order; j++) {
      logBinomial += Math.log((order - j + 1) / j);
      logs.push(logBinomial + j * Math.log(q) + logMoment(j, order));
    }
    return logSumExp(logs);
  });
}

/** Each value is computed once, however many orders need it. */
function remembered(compute: (n: number) => number): (n: number) => number {
  const values = new Map<number, number>();
  return (n) => {
    const value = values.get(n) ?? compute(n);
    values.set(n, value);
    return value;
  };
}

/**
 * ln E[(P/Q − 1)^j] for P = N(1, z²) and Q = N(0, z²), j even: the j-th forward difference of
 * e^(k(k−1)/2z²) at 0. Deviation: the source takes the differences, whose terms cancel; this is a
 * trapezoid sum of the integrand, which is never negative.
 */
function logCentralMoment(j: number, z: number): number {
  const step = z / STEPS_PER_STD_DEV;
  const reach = (TAIL_STD_DEVS + Math.sqrt(j)) * z;
  const logs: number[] = [];
  for (let x = -reach; x <= j + reach; x += step) {
    const a = (2 * x - 1) / (2 * z * z);
    // ln|e^a − 1|, also where e^a overflows.
    const logRatio = Math.max(a, 0) + Math.log(-Math.expm1(-Math.abs(a)));
    logs.push(j * logRatio - (x * x) / (2 * z * z));
  }
  return logSumExp(logs) + Math.log(step / (z * Math.sqrt(2 * Math.PI)));
}

function logSumExp(logs: readonly number[]): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const value of logs) largest = Math.max(largest, value);
  let sum = 0;
  for (const value of logs) sum += Math.exp(value - largest);
  return largest + Math.log(sum);
}
