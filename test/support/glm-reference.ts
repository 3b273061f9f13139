/**
 * A generalised linear model of all rows in one place, in the columns' own units, by another way than the product's:
 * reweighted least squares by Householder reflections over the design matrix itself. Pure.
 *
 * @see Golub and Van Loan, Matrix Computations, 4th ed., 5.3.
 */
import type { Family } from "../../models/glm/family.ts";

export interface ReferenceFit {
  readonly beta: number[];
  readonly standardErrors: number[];
  readonly deviance: number;
  readonly dispersion: number;
}

/** @param x One array a row, the intercept's 1 first. @param offset Of each row; left out: 0. */
export function referenceFit(
  family: Family,
  x: readonly (readonly number[])[],
  y: readonly number[],
  offset: readonly number[] = y.map(() => 0),
): ReferenceFit {
  const width = x[0]?.length ?? 0;
  let eta = y.map((value, i) => start(family, value, offset[i] ?? 0));
  let beta: number[] = [];
  let triangle: number[][] = [];
  for (let round = 0; round < 60; round++) {
    const weights = eta.map((value) => variance(family, mean(family, value)));
    const roots = weights.map(Math.sqrt);
    const rows = x.map((row, i) => row.map((value) => value * (roots[i] ?? 0)));
    const targets = y.map((value, i) => {
      const own = eta[i] ?? 0;
      const working = own - (offset[i] ?? 0) + (value - mean(family, own)) / (weights[i] ?? 1);
      return working * (roots[i] ?? 0);
    });
    const solved = leastSquares(rows, targets, width);
    const moved = Math.max(...solved.beta.map((value, j) => Math.abs(value - (beta[j] ?? 0))));
    ({ beta, triangle } = solved);
    eta = x.map((row, i) => (offset[i] ?? 0) + dot(row, beta));
    if (moved < 1e-13) break;
  }
  const deviance = y.reduce((sum, value, i) => sum + devianceOf(family, value, eta[i] ?? 0), 0);
  const dispersion = family === "linear" ? deviance / (y.length - width) : 1;
  const standardErrors = inverseRowNorms(triangle).map((norm) => norm * Math.sqrt(dispersion));
  return { beta, standardErrors, deviance, dispersion };
}

function start(family: Family, y: number, offset: number): number {
  if (family === "logistic") return y === 1 ? Math.log(3) : -Math.log(3);
  return family === "poisson" ? Math.log(y + 0.1) : y + 0 * offset;
}

function mean(family: Family, eta: number): number {
  if (family === "linear") return eta;
  return family === "poisson" ? Math.exp(eta) : 1 / (1 + Math.exp(-eta));
}

function variance(family: Family, mu: number): number {
  if (family === "linear") return 1;
  return family === "poisson" ? mu : mu * (1 - mu);
}

function devianceOf(family: Family, y: number, eta: number): number {
  const mu = mean(family, eta);
  if (family === "linear") return (y - mu) ** 2;
  if (family === "logistic") return -2 * Math.log(y === 1 ? mu : 1 - mu);
  return 2 * ((y === 0 ? 0 : y * Math.log(y / mu)) - (y - mu));
}

function leastSquares(
  rows: readonly (readonly number[])[],
  targets: readonly number[],
  width: number,
): { beta: number[]; triangle: number[][] } {
  const a = rows.map((row, i) => [...row, targets[i] ?? 0]);
  for (let k = 0; k < width; k++) reflect(a, k);
  const triangle = a.slice(0, width).map((row) => row.slice(0, width));
  const beta = new Array<number>(width).fill(0);
  for (let i = width - 1; i >= 0; i--) {
    const row = a[i] ?? [];
    let value = row[width] ?? 0;
    for (let j = i + 1; j < width; j++) value -= (row[j] ?? 0) * (beta[j] ?? 0);
    beta[i] = value / (row[i] ?? 1);
  }
  return { beta, triangle };
}

/** Makes column k zero below the diagonal. */
function reflect(a: number[][], k: number): void {
  const below = a.slice(k);
  const norm = Math.hypot(...below.map((row) => row[k] ?? 0));
  const head = below[0]?.[k] ?? 0;
  const v = below.map((row, i) => (i === 0 ? head + (head < 0 ? -norm : norm) : (row[k] ?? 0)));
  const square = dot(v, v);
  if (square === 0) return;
  for (let j = k; j < (a[k]?.length ?? 0); j++) {
    const along = below.reduce((sum, row, i) => sum + (row[j] ?? 0) * (v[i] ?? 0), 0);
    for (const [i, row] of below.entries())
      row[j] = (row[j] ?? 0) - ((2 * along) / square) * (v[i] ?? 0);
  }
}

/** Of R⁻¹: (RᵀR)⁻¹ has their squares on its diagonal. */
function inverseRowNorms(triangle: readonly (readonly number[])[]): number[] {
  const n = triangle.length;
  const inverse = triangle.map(() => new Array<number>(n).fill(0));
  for (let column = 0; column < n; column++)
    for (let i = column; i >= 0; i--) {
      let value = i === column ? 1 : 0;
      for (let j = i + 1; j <= column; j++)
        value -= (triangle[i]?.[j] ?? 0) * (inverse[j]?.[column] ?? 0);
      const row = inverse[i];
      if (row) row[column] = value / (triangle[i]?.[i] ?? 1);
    }
  return inverse.map((row) => Math.hypot(...row));
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}
