/**
 * A generalised linear model fitted by Newton's method over exact sums, round by round: with a canonical link that is
 * iteratively reweighted least squares, and the pooled fit. Pure.
 *
 * @see McCullagh and Nelder, Generalized Linear Models, 2nd ed., 1989, §2.5.
 */
import { counted } from "../../shared/base/counted.ts";
import { badInput, type CloisterError } from "../../shared/base/errors.ts";
import { collinearity, separation, usedColumns } from "./defects.ts";
import { asSent } from "./exact-floats.ts";
import type { Family } from "./family.ts";
import { cholesky, inner, solveLower, submatrix } from "./matrix.ts";

/** What decides a fit, all of it public. */
export interface FitRules {
  readonly family: Family;
  readonly columnNames: readonly string[];
  /** λ: half of λ‖β‖² is taken from the log-likelihood, without the intercept; β is that of columns in [−1, 1]. */
  readonly ridge: number;
  /** The decrement at which a fit has settled: no coefficient would move by so many of its standard errors. */
  readonly tolerance: number;
  /** Rows for each coefficient, at least. */
  readonly rowsPerColumn: number;
}

/** Opened sums over all rows that a fit starts from, in the response's own scale. */
export interface StartSums {
  /** Σ e·xxᵀ. Shape [p × p]. */
  readonly gram: Float64Array;
  /** Σ x·y. Shape [p]. */
  readonly xy: Float64Array;
  /** linear: Σ y². poisson: Σ y·ln(y/e). */
  readonly own: number;
  readonly rows: number;
}

/** Opened sums over all rows at the coefficients asked with. */
export interface FitSums {
  /** Σ w·xxᵀ. Shape [p × p]. */
  readonly information: Float64Array;
  /** Σ x·(y − μ). Shape [p]. */
  readonly gradient: Float64Array;
  readonly deviance: number;
  readonly rows: number;
}

export interface Fit {
  /** Columns that have a coefficient: the others are 0 in every row. */
  readonly used: readonly number[];
  /** Asked with next, or the result. Shape [p], 0 where a column is not used. */
  readonly beta: Float64Array;
  /** What led to `beta`. */
  readonly step: Float64Array;
  /** The last coefficients that were better than those before; null before any was. */
  readonly accepted: Accepted | null;
  /** How often `step` was halved since. */
  readonly halvings: number;
  readonly isSettled: boolean;
}

export interface Accepted {
  readonly beta: Float64Array;
  /** The deviance and λ‖β‖². */
  readonly objective: number;
  readonly rows: number;
  /** √(gᵀH⁻¹g) there: an upper bound of any coefficient's next step in standard errors. */
  readonly decrement: number;
}

const HALVINGS_MAX = 12;
/** A deviance that rises by less has not: sums of doubles. */
const ROUNDING = 1e-10;
/** What must be left of a column in the information, once others are taken out: rounding is below it. */
const LEFT_MIN = 1e-14;

/**
 * The first step, from the model that knows no column.
 *
 * @throws {CloisterError} If these rows cannot be fitted; says which columns are at fault and what to do.
 */
export function beginFit(rules: FitRules, start: StartSums): Fit {
  const { gram, xy, rows } = start;
  const count = xy.length;
  checkRows(rules, start);
  const used = usedColumns(gram, count);
  if (rules.ridge === 0) {
    const fault = collinearity(gram, used, rules.columnNames);
    if (fault) throw fault;
  }
  if (rows < rules.rowsPerColumn * used.length) throw tooFewRows(rules, rows, used.length);
  const { intercept, weight, mean } = nullModel(rules.family, start);
  const beta = new Float64Array(count);
  beta[0] = intercept;
  // At the null model all means are e·mean: gradient and information follow from the start's sums.
  const gradient = xy.map((value, j) => value - mean * (gram[j * count] ?? 0));
  const information = gram.map((value) => weight * value);
  const step = newtonStep(rules, used, { information, gradient }, beta);
  if (step === null) throw stuck();
  return proposed({ used, accepted: null, halvings: 0, isSettled: false }, beta, step.step);
}

/**
 * The fit after one more round: a further step, half of the last one where that went too far, or settled.
 *
 * @param sums At `fit.beta`.
 * @throws {CloisterError} If coefficients grow without end, or the fit cannot go on.
 */
export function advanceFit(rules: FitRules, fit: Fit, sums: FitSums): Fit {
  const { accepted, used } = fit;
  const objective = sums.deviance + rules.ridge * squares(fit.beta);
  // Another set of rows (a member has come or gone) has another deviance: nothing to compare.
  if (accepted && accepted.rows === sums.rows) {
    const isWorse = objective > accepted.objective + ROUNDING * (1 + Math.abs(objective));
    if (isWorse) return halved(fit, accepted);
  }
  const solved = newtonStep(rules, used, sums, fit.beta);
  if (solved === null) throw separation(rules.columnNames, fit.step);
  const { step, decrement } = solved;
  const now = { beta: fit.beta, objective, rows: sums.rows, decrement };
  const next = { used, accepted: now, halvings: 0, isSettled: decrement <= rules.tolerance };
  if (!next.isSettled && isRunningAway(rules, decrement, accepted))
    throw separation(rules.columnNames, step);
  return proposed(next, fit.beta, step);
}

/**
 * Near a maximum each decrement is of the order of the last one's square. Towards a maximum at infinity it only shrinks
 * by the factor e^(−1/2) in each round, as the weights there do by e^(−1).
 */
function isRunningAway({ ridge }: FitRules, decrement: number, last: Accepted | null): boolean {
  return ridge === 0 && last !== null && decrement < 0.05 && decrement > 0.4 * last.decrement;
}

function proposed(fit: Omit<Fit, "beta" | "step">, from: Float64Array, step: Float64Array): Fit {
  return { ...fit, step, beta: asSent(from.map((value, j) => value + (step[j] ?? 0))) };
}

function halved(fit: Fit, accepted: Accepted): Fit {
  const halvings = fit.halvings + 1;
  if (halvings > HALVINGS_MAX) throw stuck();
  const step = fit.step.map((value) => value / 2);
  return proposed({ ...fit, halvings }, accepted.beta, step);
}

/** @returns Null where the information is not positive definite. */
export function newtonStep(
  { ridge }: Pick<FitRules, "ridge">,
  used: readonly number[],
  { information, gradient }: Pick<FitSums, "information" | "gradient">,
  beta: Float64Array,
): { readonly step: Float64Array; readonly decrement: number } | null {
  const count = beta.length;
  const part = penalised(submatrix(information, count, used), used, ridge);
  const slope = Float64Array.from(used, (j) => {
    const pull = j === 0 ? 0 : ridge * (beta[j] ?? 0);
    return (gradient[j] ?? 0) - pull;
  });
  const { lower, stoppedAt } = cholesky(part, used.length, LEFT_MIN);
  if (stoppedAt !== null) return null;
  const solved = solveLower(lower, used.length, slope);
  const step = new Float64Array(count);
  for (const [k, j] of used.entries()) step[j] = solved[k] ?? 0;
  return { step, decrement: Math.sqrt(Math.max(0, inner(solved, slope))) };
}

/** λ on the diagonal but for the intercept, which is the first. In place. */
export function penalised(
  matrix: Float64Array,
  used: readonly number[],
  ridge: number,
): Float64Array {
  for (const [k, j] of used.entries())
    if (j !== 0) matrix[k * used.length + k] = (matrix[k * used.length + k] ?? 0) + ridge;
  return matrix;
}

/** Without the intercept. */
function squares(beta: Float64Array): number {
  const slopes = beta.subarray(1);
  return inner(slopes, slopes);
}

/** The model of an intercept alone (and the exposure): its mean per exposure, weight per exposure, and deviance. */
export function nullModel(
  family: Family,
  { gram, xy, own, rows }: StartSums,
): { intercept: number; mean: number; weight: number; deviance: number } {
  const [exposure = 0] = gram;
  const [total = 0] = xy;
  const mean = total / exposure;
  switch (family) {
    case "linear":
      return { intercept: mean, mean, weight: 1, deviance: own - total * mean };
    case "poisson":
      return {
        intercept: Math.log(mean),
        mean,
        weight: mean,
        deviance: 2 * (own - total * Math.log(mean)),
      };
    case "logistic": {
      const entropy = total * Math.log(mean) + (rows - total) * Math.log1p(-mean);
      const intercept = Math.log(mean / (1 - mean));
      return { intercept, mean, weight: mean * (1 - mean), deviance: -2 * entropy };
    }
  }
}

function checkRows({ family }: FitRules, { xy, own, rows }: StartSums): void {
  const [total = 0] = xy;
  if (rows === 0) throw badInput("glm.no-rows", "No row has all that the question needs.");
  if (family === "logistic" && (total === 0 || total === rows)) {
    const which = total === 0 ? "negative" : "positive";
    throw badInput("glm.one-class", `All ${rows} labels are ${which}: nothing to tell apart.`);
  }
  if (family === "poisson" && total === 0)
    throw badInput("glm.no-events", `The target is 0 in all ${rows} rows.`);
  if (family === "linear" && own - total ** 2 / rows <= 1e-12 * own)
    throw badInput("glm.constant-target", `The target is the same in all ${rows} rows.`);
}

function tooFewRows({ rowsPerColumn }: FitRules, rows: number, columns: number): CloisterError {
  const detail = `${counted(rows, "row")} for ${counted(columns, "coefficient")}; at least ${rowsPerColumn} for each`;
  const reason = "a closer fit would tell single rows. Ask with fewer columns or categories.";
  return badInput("glm.too-few-rows", `${detail} are needed: ${reason}`);
}

function stuck(): CloisterError {
  const remedy = "Give ridge a small number, or leave out columns that are nearly the same.";
  return badInput("glm.stuck", `No step from here makes the fit better. ${remedy}`);
}
