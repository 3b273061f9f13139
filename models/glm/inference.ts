/** What a fit says of its columns, in their own units: coefficients, standard errors, intervals, p-values. Pure. */
import { assert } from "../../shared/base/assert.ts";
import { studentQuantile, studentTwoSided } from "../statistics/distributions.ts";
import type { DesignColumn } from "./design.ts";
import type { Family } from "./family.ts";
import { cholesky, inverseOf, product, submatrix } from "./matrix.ts";
import { type FitSums, penalised } from "./newton.ts";

/** Coefficients of columns in [−1, 1], and how sure they are. */
export interface Estimated {
  readonly used: readonly number[];
  /** Shape [p], 0 where a column is not used. */
  readonly beta: Float64Array;
  /** Of the used ones, as samples of a population. Shape [used × used]. */
  readonly sampling: Float64Array;
  /** Of the used ones, around those without noise; null: there is none. Shape [used × used]. */
  readonly noise: Float64Array | null;
  /** Used columns that noise has drowned: their coefficients say nothing. */
  readonly drowned: readonly number[];
  /** Of Student's law; infinite where the dispersion is known. */
  readonly degrees: number;
}

export interface Coefficient {
  readonly name: string;
  readonly value: number;
  /** Of sampling and noise together. */
  readonly standardError: number;
  /** Of the noise alone: how far off the coefficient without noise may be. 0 without noise. */
  readonly noiseError: number;
  /** value/standardError: a z, or a t where the dispersion is estimated. */
  readonly statistic: number;
  /** That the coefficient is 0, two-sided. */
  readonly pValue: number;
  /** 95 % interval by the standard error. */
  readonly low: number;
  readonly high: number;
}

/** What a target in [−1, 1] stands for. */
export interface ResponseUnit {
  readonly centre: number;
  readonly halfWidth: number;
}

export const PLAIN_RESPONSE: ResponseUnit = { centre: 0, halfWidth: 1 };

/**
 * (H + λ)⁻¹·H·(H + λ)⁻¹·φ: the inverse information without ridge; with it, of what the penalty lets vary, its bias left
 * aside.
 *
 * @see Hoerl and Kennard, Ridge Regression, Technometrics 12, 1970, equation 4.6, for the linear case.
 */
export function samplingCovariance(
  { information }: Pick<FitSums, "information">,
  used: readonly number[],
  ridge: number,
  dispersion: number,
): Float64Array {
  const size = used.length;
  const part = submatrix(information, Math.sqrt(information.length), used);
  const { lower, stoppedAt } = cholesky(penalised(part.slice(), used, ridge), size, 0);
  assert(stoppedAt === null, "a settled fit has a positive definite information");
  const inverse = inverseOf(lower, size);
  const covariance = ridge === 0 ? inverse : product(inverse, product(part, inverse, size), size);
  return covariance.map((value) => dispersion * value);
}

/** φ and its degrees of freedom: known to be 1, or deviance/(n − p). @see McCullagh and Nelder 1989, §4.5 and §2.4. */
export function dispersionOf(
  family: Family,
  deviance: number,
  rows: number,
  columns: number,
): { readonly dispersion: number; readonly degrees: number } {
  if (family !== "linear") return { dispersion: 1, degrees: Number.POSITIVE_INFINITY };
  const degrees = rows - columns;
  return { dispersion: deviance / degrees, degrees };
}

/** What Akaike's criterion is computed from, in the target's own unit. */
export interface Likelihood {
  readonly deviance: number;
  readonly rows: number;
  /** Coefficients. */
  readonly columns: number;
  /** ln L of the model that fits each row perfectly: poisson Σ y·ln y − y − ln y!, else 0. */
  readonly saturated: number;
}

/**
 * −2 ln L and twice the parameters; the linear model's variance is one of them.
 *
 * @see Akaike 1974, A new look at the statistical model identification.
 */
export function akaike(family: Family, { deviance, rows, columns, saturated }: Likelihood): number {
  if (family !== "linear") return deviance - 2 * saturated + 2 * columns;
  return rows * (Math.log((2 * Math.PI * deviance) / rows) + 1) + 2 * (columns + 1);
}

/**
 * Coefficients by the columns' own units: each column holds (x − centre)/halfWidth, so a slope is divided by the half
 * width, and the intercept is that at 0 in all of them.
 *
 * @returns One for each column; null for those that are not used, or that noise has drowned.
 */
export function coefficientsOf(
  columns: readonly DesignColumn[],
  response: ResponseUnit,
  estimated: Estimated,
): (Coefficient | null)[] {
  const { used, beta, sampling, noise, drowned, degrees } = estimated;
  const quantile = studentQuantile(0.05, degrees);
  const hidden = new Set(drowned);
  return columns.map(({ name }, j) => {
    const at = used.indexOf(j);
    const factors = factorsOf(columns, used, at, response);
    const touched = used.filter((_, k) => factors[k] !== 0);
    if (at < 0 || touched.some((column) => hidden.has(column))) return null;
    let value = j === 0 ? response.centre : 0;
    for (const [k, column] of used.entries()) value += (factors[k] ?? 0) * (beta[column] ?? 0);
    const noiseVariance = noise === null ? 0 : quadratic(noise, factors);
    const standardError = Math.sqrt(quadratic(sampling, factors) + noiseVariance);
    const statistic = value / standardError;
    return {
      name,
      value,
      standardError,
      noiseError: Math.sqrt(noiseVariance),
      statistic,
      pValue: studentTwoSided(statistic, degrees),
      low: value - quantile * standardError,
      high: value + quantile * standardError,
    };
  });
}

/** How the coefficient at `at` of the used ones follows from all of them. */
function factorsOf(
  columns: readonly DesignColumn[],
  used: readonly number[],
  at: number,
  { halfWidth: unit }: ResponseUnit,
): Float64Array {
  const factors = new Float64Array(used.length);
  if (at > 0) factors[at] = unit / (columns[used[at] ?? 0]?.halfWidth ?? 1);
  if (at !== 0) return factors;
  for (const [k, j] of used.entries()) {
    const { centre, halfWidth } = columns[j] ?? { centre: 0, halfWidth: 1 };
    factors[k] = j === 0 ? unit : (-unit * centre) / halfWidth;
  }
  return factors;
}

/** xᵀ·A·x. */
function quadratic(a: Float64Array, x: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++)
    for (let j = 0; j < x.length; j++)
      sum += (x[i] ?? 0) * (a[i * x.length + j] ?? 0) * (x[j] ?? 0);
  return Math.max(0, sum);
}
