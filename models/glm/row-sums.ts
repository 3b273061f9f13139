/**
 * One member's sums for a generalised linear model: of its rows at given coefficients, and those that a fit starts
 * from. Pure.
 */
import { stirlingError } from "../../shared/base/stirling.ts";
import type { EncodedData } from "../data.ts";
import { type Design, type DesignRow, rowWriter } from "./design.ts";
import { type Family, type RowTerms, rowTermsInPlace } from "./family.ts";
import { triangleRow, triangleSize } from "./matrix.ts";

/** What is fitted, and by which columns. */
export interface Problem {
  readonly family: Family;
  readonly design: Design;
  readonly response: Response;
  /** What a mean is proportional to; null: nothing. Positive, or NaN where it is missing. */
  readonly exposure: Exposure | null;
}

export interface Response {
  /** logistic: 0 or 1. linear: in [−1, 1]. poisson: a whole number of 0 … scale. NaN: the row does not take part. */
  read(data: EncodedData, row: number): number;
  /** What sums over rows are divided by, so that a row adds at most 1: the greatest count, or 1. */
  readonly scale: number;
}

export interface Exposure {
  read(data: EncodedData, row: number): number;
  readonly max: number;
}

/** Calls `visit` for each row. */
export type Rows = (visit: (data: EncodedData, row: number) => void) => void;

/** Where things are in a vector of sums, in order; `size` in all. */
export interface SumsLayout {
  /** Upper triangle of a matrix over the design's columns. */
  readonly matrix: number;
  readonly gradient: number;
  /** Sums that belong to one kind of vector. */
  readonly extras: number;
  /** Rows that took part. */
  readonly rows: number;
  readonly size: number;
}

/** [Σ w·xxᵀ | Σ x·(y − μ) | deviance | rows]. */
export function fitLayout(columnCount: number): SumsLayout {
  return layoutWith(columnCount, 1);
}

/** [Σ e·xxᵀ | Σ x·y | the response's own terms (2) | rows]. @see startSums */
export function startLayout(columnCount: number): SumsLayout {
  return layoutWith(columnCount, 2);
}

function layoutWith(columnCount: number, extraCount: number): SumsLayout {
  const gradient = triangleSize(columnCount);
  const extras = gradient + columnCount;
  const rows = extras + extraCount;
  return { matrix: 0, gradient, extras, rows, size: rows + 1 };
}

/** What bounds a row's part where noise is added. */
export interface Bounds {
  /** The matrix is multiplied by it. */
  readonly matrixWeight: number;
  /** Means are cut off there. */
  readonly meanMax: number;
}

export const UNBOUNDED: Bounds = { matrixWeight: 1, meanMax: Number.POSITIVE_INFINITY };

/**
 * What rows add at coefficients β: gradient and Hessian (negative) of the log-likelihood at dispersion 1, and deviance.
 *
 * @param beta Of the design's columns. Shape [p].
 * @returns As `fitLayout` says, divided by the response's scale; rows are not.
 */
export function fitSums(
  problem: Problem,
  beta: Float64Array,
  rows: Rows,
  { matrixWeight, meanMax }: Bounds = UNBOUNDED,
): Float64Array {
  const { design, family, response } = problem;
  const layout = fitLayout(design.columns.length);
  const sums = new Float64Array(layout.size);
  const terms: RowTerms = { residual: 0, weight: 0, deviance: 0 };
  const etaMax = family === "poisson" ? Math.log(meanMax) : Number.POSITIVE_INFINITY;
  forEachRow(problem, rows, (row, y, exposure) => {
    const eta = Math.min(etaMax, predictor(row, beta) + Math.log(exposure));
    rowTermsInPlace(terms, family, eta, y);
    addMatrixInPlace(sums, row, beta.length, (matrixWeight * terms.weight) / response.scale);
    addGradientInPlace(sums, layout.gradient, row, terms.residual / response.scale);
    sums[layout.extras] = (sums[layout.extras] ?? 0) + terms.deviance / response.scale;
    sums[layout.rows] = (sums[layout.rows] ?? 0) + 1;
  });
  return sums;
}

/**
 * What a fit starts from, by no coefficients: Σ e·xxᵀ, e being the exposure or 1; Σ x·y; the response's own terms (linear:
 * Σ y², poisson: Σ y·ln(y/e), logistic: 0) and, poisson only, Σ ln y! − y·ln e.
 *
 * @returns As `startLayout` says, divided by the response's scale and, where e goes in, by its greatest; rows are not.
 */
export function startSums(problem: Problem, rows: Rows, matrixWeight = 1): Float64Array {
  const { design, family, response, exposure: declared } = problem;
  const columnCount = design.columns.length;
  const layout = startLayout(columnCount);
  const sums = new Float64Array(layout.size);
  const ownTerms = ownTermsOf(family);
  forEachRow(problem, rows, (row, y, exposure) => {
    addMatrixInPlace(sums, row, columnCount, (matrixWeight * exposure) / (declared?.max ?? 1));
    addGradientInPlace(sums, layout.gradient, row, y / response.scale);
    const [first, second] = ownTerms(y, exposure);
    sums[layout.extras] = (sums[layout.extras] ?? 0) + first / response.scale;
    sums[layout.extras + 1] = (sums[layout.extras + 1] ?? 0) + second / response.scale;
    sums[layout.rows] = (sums[layout.rows] ?? 0) + 1;
  });
  return sums;
}

/** Sums of `countSums`. */
export const COUNTS = 3;

/** What a noised fit starts from: [rows | Σ y | Σ e], each divided by its greatest. */
export function countSums(problem: Problem, rows: Rows): Float64Array {
  const { response, exposure: declared } = problem;
  const sums = new Float64Array(COUNTS);
  forEachRow(problem, rows, (_, y, exposure) => {
    sums[0] = (sums[0] ?? 0) + 1;
    sums[1] = (sums[1] ?? 0) + y / response.scale;
    sums[2] = (sums[2] ?? 0) + exposure / (declared?.max ?? 1);
  });
  return sums;
}

function forEachRow(
  problem: Problem,
  rows: Rows,
  take: (row: DesignRow, y: number, exposure: number) => void,
): void {
  const write = rowWriter(problem.design);
  rows((data, row) => {
    const y = problem.response.read(data, row);
    const exposure = problem.exposure?.read(data, row) ?? 1;
    if (!Number.isNaN(y) && exposure > 0) take(write(data, row), y, exposure);
  });
}

/** Whether a row has all that it must have to take part. */
export function takesPart(
  { response, exposure }: Problem,
  data: EncodedData,
  row: number,
): boolean {
  if (Number.isNaN(response.read(data, row))) return false;
  return exposure === null || exposure.read(data, row) > 0;
}

function ownTermsOf(family: Family): (y: number, exposure: number) => readonly [number, number] {
  switch (family) {
    case "linear":
      return (y) => [y * y, 0];
    case "poisson":
      return (y, e) => [y === 0 ? 0 : y * Math.log(y / e), logFactorial(y) - y * Math.log(e)];
    case "logistic":
      return () => [0, 0];
  }
}

/** ln n! of a whole number. @see stirlingError */
function logFactorial(n: number): number {
  if (n === 0) return 0;
  return stirlingError(n) + 0.5 * Math.log(2 * Math.PI * n) + n * Math.log(n) - n;
}

function predictor({ count, columns, values }: DesignRow, beta: Float64Array): number {
  let eta = 0;
  for (let k = 0; k < count; k++) eta += (values[k] ?? 0) * (beta[columns[k] ?? 0] ?? 0);
  return eta;
}

/** Columns of a row ascend, so the products are of the upper triangle. */
function addMatrixInPlace(
  sums: Float64Array,
  { count, columns, values }: DesignRow,
  columnCount: number,
  factor: number,
): void {
  for (let a = 0; a < count; a++) {
    const row = triangleRow(columns[a] ?? 0, columnCount);
    const scaled = factor * (values[a] ?? 0);
    for (let b = a; b < count; b++) {
      const at = row + (columns[b] ?? 0);
      sums[at] = (sums[at] ?? 0) + scaled * (values[b] ?? 0);
    }
  }
}

function addGradientInPlace(
  sums: Float64Array,
  start: number,
  { count, columns, values }: DesignRow,
  factor: number,
): void {
  for (let k = 0; k < count; k++) {
    const at = start + (columns[k] ?? 0);
    sums[at] = (sums[at] ?? 0) + factor * (values[k] ?? 0);
  }
}
