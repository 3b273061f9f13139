/**
 * Squared lengths from noised sums: χ², F, log-rank and stability index are each one. Noise only ever lengthens a short
 * vector, so neither its own length nor the delta method tells the exact one's. Pure.
 */
import { Z_95 } from "../answers/estimate.ts";
import { type NoisedSums, noiseSteps, type OfSums, type Told } from "./noised.ts";

/** Of residuals; the time grows with their cube. */
const RESIDUALS_MAX = 512;

/** Sums of the eigenvalues' powers of the noise's covariance Σ, from the first, and vᵀ·Σ^k·v, from k = 0. */
interface NoiseLaw {
  readonly traces: readonly [number, number, number];
  readonly along: readonly [number, number, number];
}

/**
 * The squared length of a vector of residuals. Of all vectors in the observed one's direction, the interval holds those
 * whose noised length falls on neither side of the observed too rarely; its value is the one that is as often above as
 * below. (A test of each length, inverted. Own derivation; coverage is checked by simulation in the tests.)
 *
 * @param residuals Smooth near the sums.
 * @returns The squared length; null where it is not a number, or noised and of more than 512 residuals.
 */
export function squaredLengthTold(noised: NoisedSums, residuals: OfSums): Told {
  const observed = Float64Array.from(residuals(noised.sums));
  const square = dot(observed, observed);
  if (!Number.isFinite(square)) return null;
  if (noised.stdDev === 0 || square === 0) return square;
  if (observed.length > RESIDUALS_MAX) return null;
  const law = lawOf(noiseSteps(noised, residuals), observed);
  const at = (deviate: number): number => square * factorAt(law, deviate) ** 2;
  const [value, low, high] = [at(0), at(Z_95), at(-Z_95)];
  return [value, low, high].every(Number.isFinite) ? { value, low, high } : null;
}

/** @param steps Of the noise in each sum. Shape [sums][residuals]. */
function lawOf(steps: readonly Float64Array[], observed: Float64Array): NoiseLaw {
  const size = observed.length;
  const rows = Array.from({ length: size }, (_, i) =>
    Float64Array.from(steps, (own) => own[i] ?? 0),
  );
  const covariance = rows.map((a) => Float64Array.from(rows, (b) => dot(a, b)));
  const squared = covariance.map((a) => Float64Array.from(covariance, (b) => dot(a, b)));
  const spread = Float64Array.from(covariance, (row) => dot(row, observed));
  const trace = (matrix: readonly Float64Array[]): number =>
    matrix.reduce((sum, row, i) => sum + (row[i] ?? 0), 0);
  const third = squared.reduce((sum, row, i) => sum + dot(row, covariance[i] ?? row), 0);
  return {
    traces: [trace(covariance), trace(squared), third],
    along: [dot(observed, observed), dot(observed, spread), dot(spread, spread)],
  };
}

/** How long the vector must be, in its observed lengths, for the observed to be `deviate` deviations out; 0: at none. */
function factorAt(law: NoiseLaw, deviate: number): number {
  const square = law.along[0];
  if (deviateOf(law, 0, square) <= deviate) return 0;
  let [low, high] = [0, 1];
  while (deviateOf(law, high, square) > deviate && high < 1e6) [low, high] = [high, 2 * high];
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (deviateOf(law, middle, square) > deviate) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * The normal deviate as far out as `square` is among squared lengths of a noised vector `factor` times the observed.
 *
 * @see Jensen and Solomon 1972, A Gaussian approximation to the distribution of a definite quadratic form, JASA 67.
 */
function deviateOf({ traces, along }: NoiseLaw, factor: number, square: number): number {
  const [first, second, third] = [0, 1, 2].map(
    (k) => (traces[k] ?? 0) + (k + 1) * factor ** 2 * (along[k] ?? 0),
  );
  if (!first || !second || !third) return Number.NaN;
  const power = 1 - (2 * first * third) / (3 * second ** 2);
  const mean = 1 + (second * power * (power - 1)) / first ** 2;
  const stdDev = (Math.sqrt(2 * second) * power) / first;
  return ((square / first) ** power - mean) / stdDev;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
