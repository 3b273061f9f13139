/**
 * A generalised linear model from noised sums: Newton rounds of which each tells the fit anew, put together, with
 * intervals that know the noise. Pure.
 *
 * Near its maximum the log-likelihood is a parabola: gradient + information · β, taken at any β near β*, is H·β*. So all
 * rounds but the first few measure the same thing with noise of their own, and their sums, solved once, tell β* with the
 * noise of their mean. One round of a linear model at β = 0 is the whole of it, and exact.
 */
import { rotated, symmetricEigen } from "./eigen.ts";
import { asSent } from "./exact-floats.ts";
import type { Family } from "./family.ts";
import type { Estimated } from "./inference.ts";
import { inner, product, submatrix, times } from "./matrix.ts";
import { penalised } from "./newton.ts";

/** One opened round. */
export interface NoisedRound {
  /** Where it was taken. Shape [p]. */
  readonly beta: Float64Array;
  /** Shape [p × p]. */
  readonly information: Float64Array;
  /** Shape [p]. */
  readonly gradient: Float64Array;
}

/** Standard deviations of the noise in each entry of a round, in the response's own scale. */
export interface RoundNoise {
  readonly information: number;
  readonly gradient: number;
}

/**
 * Rounds that only lead near the maximum, where there are more: from the mean alone three steps leave a thousandth of the
 * way. What is left of the parabola's error is of second order in the noise of `beta`: below a quarter in the predictor
 * intervals hold.
 */
export const ROUNDS_LEADING = 3;
/** A first kept round this many deviations of one round's noise away was not near the maximum. */
const DEVIATIONS_MAX = 6;
/** A column's sum of squares must be so many times its noise to be taken for one that has rows. */
const NOISE_FACTOR = 4;
/** No coefficient is moved further in a round: noise must not throw it off. */
const STEP_MAX = 3;
/** A column with so much of its length among drowned directions is drowned. */
const DROWNED_SHARE = 0.05;

/**
 * By what a row's part of the information is multiplied before noise is added, which costs the gradient nothing (logistic)
 * or little.
 *
 * A row's w·xxᵀ has an upper triangle of norm w·√Q with Q = Σ_{i≤j} xᵢ²xⱼ² = (‖x‖⁴ + Σxᵢ⁴)/2 ≤ (R⁴ + R²)/2, for |xᵢ| ≤ 1
 * and ‖x‖² ≤ R². With the weight f·R/√Q it has norm f·w·R beside the gradient's |y − μ|·R.
 */
export function matrixWeight(family: Family, rowSquareMax: number): number {
  return (family === "logistic" ? 3 : 1) * Math.sqrt(2 / (rowSquareMax + 1));
}

/**
 * ℓ2 bound of a row's part of a round, in the response's scale (a mean and a count are at most that).
 *
 * logistic: R²·((y − μ)² + 9w²) ≤ R², as 9 ≤ (2 − μ)/(μ(1 − μ)²), see `NOISED_ROW_NORM` of boosted trees. poisson: μ and
 * |y − μ| are at most 1. linear: |y| is at most 1, and Σ y² follows.
 */
export function roundNorm(family: Family, rowSquareMax: number): number {
  if (family === "logistic") return Math.sqrt(rowSquareMax);
  return Math.sqrt(2 * rowSquareMax + (family === "linear" ? 1 : 0));
}

/** Columns with more rows than the noise alone would show, and the intercept. */
export function heardColumns({ information }: NoisedRound, noise: RoundNoise): number[] {
  const count = Math.sqrt(information.length);
  return Array.from({ length: count }, (_, j) => j).filter(
    (j) => j === 0 || (information[j * count + j] ?? 0) > NOISE_FACTOR * noise.information,
  );
}

export interface Solved {
  readonly used: readonly number[];
  /** Shape [p]. */
  readonly beta: Float64Array;
  /** Of the rounds' mean information with the penalty, repaired. Shape [used × used]. */
  readonly inverse: Float64Array;
  /** Covariance of `beta` around the coefficients without noise. Shape [used × used]. */
  readonly noise: Float64Array;
  readonly drowned: readonly number[];
  /** False where rounds that should have been near the maximum were not: more would be. */
  readonly isSettled: boolean;
}

/**
 * The coefficients that all rounds but the leading ones tell together.
 *
 * @param rounds At least one.
 */
export function solveRounds(
  rounds: readonly NoisedRound[],
  used: readonly number[],
  noise: RoundNoise,
  ridge: number,
): Solved {
  const kept = rounds.slice(Math.min(ROUNDS_LEADING, rounds.length - 1));
  const count = rounds[0]?.beta.length ?? 0;
  const size = used.length;
  const information = new Float64Array(size * size);
  const target = new Float64Array(size);
  for (const round of kept) {
    const full = times(round.information, round.beta, count);
    for (const [k, j] of used.entries())
      target[k] = (target[k] ?? 0) + ((full[j] ?? 0) + (round.gradient[j] ?? 0)) / kept.length;
    for (const [i, value] of submatrix(round.information, count, used).entries())
      information[i] = (information[i] ?? 0) + value / kept.length;
  }
  const floor = (2 * noise.information * Math.sqrt(size)) / Math.sqrt(kept.length);
  const { inverse, drowned } = repairedInverse(penalised(information, used, ridge), used, floor);
  const solved = times(inverse, target, size);
  const beta = new Float64Array(count);
  for (const [k, j] of used.entries()) beta[j] = solved[k] ?? 0;
  const around = residualNoise(kept, used, beta, noise);
  const covariance = product(inverse, product(around, inverse, size), size);
  const isSettled = used.every((j, k) => {
    const deviation = Math.sqrt((covariance[k * size + k] ?? 0) * kept.length);
    const off = Math.abs((kept[0]?.beta[j] ?? 0) - (beta[j] ?? 0));
    return kept.length === 1 || off < DEVIATIONS_MAX * deviation;
  });
  return { used, beta, inverse, noise: covariance, drowned, isSettled };
}

/** Where the next round is taken. */
export function nextBeta(from: Float64Array, { beta }: Solved): Float64Array {
  const longest = beta.reduce(
    (max, value, j) => Math.max(max, Math.abs(value - (from[j] ?? 0))),
    0,
  );
  const share = Math.min(1, STEP_MAX / Math.max(longest, STEP_MAX));
  return asSent(from.map((value, j) => value + share * ((beta[j] ?? 0) - value)));
}

/**
 * Noise turns small eigenvalues negative: those below what noise alone reaches (a symmetric matrix of n with entries of
 * deviation σ has eigenvalues up to 2σ√n) are raised to it, and what lies along them says nothing.
 *
 * @see Wigner 1958, On the distribution of the roots of certain symmetric matrices.
 */
function repairedInverse(
  information: Float64Array,
  used: readonly number[],
  floor: number,
): { readonly inverse: Float64Array; readonly drowned: readonly number[] } {
  const size = used.length;
  const { values, vectors } = symmetricEigen(information, size);
  const isDrowned = values.map((value) => (value < floor ? 1 : 0));
  const inverse = rotated(
    vectors,
    values.map((value) => 1 / Math.max(value, floor)),
    size,
  );
  const shares = rotated(vectors, isDrowned, size);
  const drowned = used.filter((_, k) => (shares[k * size + k] ?? 0) > DROWNED_SHARE);
  return { inverse, drowned };
}

/**
 * Covariance of the noise in the mean of information · (β_t − β) + gradient over the rounds. With E symmetric, of entries
 * of deviation σ, and d = β_t − β: (E·d)ᵢ has variance σ²‖d‖², and (E·d)ᵢ, (E·d)ⱼ the covariance σ²·dᵢ·dⱼ by their common
 * entry.
 */
function residualNoise(
  rounds: readonly NoisedRound[],
  used: readonly number[],
  beta: Float64Array,
  noise: RoundNoise,
): Float64Array {
  const size = used.length;
  const covariance = new Float64Array(size * size);
  for (const round of rounds) {
    const off = Float64Array.from(used, (j) => (round.beta[j] ?? 0) - (beta[j] ?? 0));
    const square = inner(off, off);
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++) {
        const shared = i === j ? square : (off[i] ?? 0) * (off[j] ?? 0);
        const own = i === j ? noise.gradient ** 2 : 0;
        const added = (own + noise.information ** 2 * shared) / rounds.length ** 2;
        covariance[i * size + j] = (covariance[i * size + j] ?? 0) + added;
      }
  }
  return covariance;
}

/** What a noised linear model's residuals have for a variance. */
export interface NoisedDispersion {
  readonly dispersion: number;
  readonly degrees: number;
  /** False where noise is as large as what is left of the target. */
  readonly isSure: boolean;
}

/**
 * Σ(y − xᵀβ)² from the noised Σ y², Σ x·y and Σ xxᵀ, over n − p. At the least that the noised sums can make of it it is
 * too small, by the mean of uᵀ·A⁻¹·u for the noise u of `residualNoise`: that is added.
 *
 * @param round The only one, at β = 0. @param squares Σ y², with the gradient's noise.
 */
export function noisedDispersion(
  { used, beta, inverse }: Solved,
  { information, gradient }: NoisedRound,
  squares: number,
  noise: RoundNoise,
): NoisedDispersion {
  const count = beta.length;
  const left = squares - 2 * inner(beta, gradient) + inner(beta, times(information, beta, count));
  const around = residualNoise(
    [{ beta: new Float64Array(count), information, gradient }],
    used,
    beta,
    noise,
  );
  let lost = 0;
  for (let i = 0; i < around.length; i++) lost += (around[i] ?? 0) * (inverse[i] ?? 0);
  const square = inner(beta, beta);
  const deviation = Math.hypot(
    noise.gradient,
    2 * noise.gradient * Math.sqrt(square),
    Math.SQRT2 * noise.information * square,
  );
  const rows = information[0] ?? 0;
  const degrees = Math.max(1, rows - used.length);
  const sum = left + lost;
  const isSure = sum > 2 * deviation;
  return { dispersion: Math.max(sum, deviation) / degrees, degrees, isSure };
}

/** @param dispersion 1 where the family knows it. */
export function estimatedFrom(
  { used, beta, inverse, noise, drowned }: Solved,
  { dispersion, degrees }: Pick<NoisedDispersion, "dispersion" | "degrees">,
): Estimated {
  const sampling = inverse.map((value) => dispersion * value);
  return { used, beta, sampling, noise, drowned, degrees };
}
