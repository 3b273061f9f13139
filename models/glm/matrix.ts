/** Small symmetric matrices: packed triangles, Cholesky's factor, inverses. Row-major, shape [n × n]. Pure. */
import { assert } from "../../shared/base/assert.ts";

/** Entries of an upper triangle with its diagonal. */
export function triangleSize(n: number): number {
  return (n * (n + 1)) / 2;
}

/** Where row i of a packed upper triangle would have its column 0: entry (i, j ≥ i) is at that place + j. */
export function triangleRow(i: number, n: number): number {
  return i * n - (i * (i + 1)) / 2;
}

/** @param packed Upper triangle, row by row. Shape [n(n + 1)/2]. */
export function unpacked(packed: Float64Array, n: number): Float64Array {
  assert(packed.length === triangleSize(n), "a triangle has another length");
  const full = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = triangleRow(i, n);
    for (let j = i; j < n; j++) {
      const value = packed[row + j] ?? 0;
      full[i * n + j] = value;
      full[j * n + i] = value;
    }
  }
  return full;
}

/** Rows and columns `chosen` of a matrix of n. */
export function submatrix(full: Float64Array, n: number, chosen: readonly number[]): Float64Array {
  const part = new Float64Array(chosen.length ** 2);
  for (const [a, i] of chosen.entries())
    for (const [b, j] of chosen.entries()) part[a * chosen.length + b] = full[i * n + j] ?? 0;
  return part;
}

/** A factor, or where the matrix stopped being positive definite. */
export type Cholesky =
  | { readonly lower: Float64Array; readonly stoppedAt: null }
  | { readonly lower: Float64Array; readonly stoppedAt: number };

/**
 * A = L·Lᵀ, column by column. Stops at the first column of which less than `leftMin` of its diagonal entry is left
 * once the columns before it are taken out: 1 − R² of that column on those.
 *
 * @returns `lower`: L; up to row `stoppedAt` only where there is one.
 */
export function cholesky(a: Float64Array, n: number, leftMin: number): Cholesky {
  const lower = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++)
      lower[i * n + j] = ((a[i * n + j] ?? 0) - dot(lower, i, j, j, n)) / (lower[j * n + j] ?? 1);
    const diagonal = a[i * n + i] ?? 0;
    const left = diagonal - dot(lower, i, i, i, n);
    if (!(left > leftMin * diagonal)) return { lower, stoppedAt: i };
    lower[i * n + i] = Math.sqrt(left);
  }
  return { lower, stoppedAt: null };
}

/** Of rows i and j of L, up to column `end`. */
function dot(lower: Float64Array, i: number, j: number, end: number, n: number): number {
  let sum = 0;
  for (let k = 0; k < end; k++) sum += (lower[i * n + k] ?? 0) * (lower[j * n + k] ?? 0);
  return sum;
}

/** x with L·Lᵀ·x = b, over the first `size` rows of a factor of n. Shape [size] both. */
export function solveLower(
  lower: Float64Array,
  n: number,
  b: Float64Array,
  size = n,
): Float64Array {
  const x = b.slice(0, size);
  for (let i = 0; i < size; i++) {
    let value = x[i] ?? 0;
    for (let k = 0; k < i; k++) value -= (lower[i * n + k] ?? 0) * (x[k] ?? 0);
    x[i] = value / (lower[i * n + i] ?? 1);
  }
  for (let i = size - 1; i >= 0; i--) {
    let value = x[i] ?? 0;
    for (let k = i + 1; k < size; k++) value -= (lower[k * n + i] ?? 0) * (x[k] ?? 0);
    x[i] = value / (lower[i * n + i] ?? 1);
  }
  return x;
}

/** The inverse of L·Lᵀ. */
export function inverseOf(lower: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const unit = new Float64Array(n);
    unit[i] = 1;
    inverse.set(solveLower(lower, n, unit), i * n);
  }
  return inverse;
}

/** A·B, all of them [n × n]. */
export function product(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < n; k++) {
      const factor = a[i * n + k] ?? 0;
      if (factor === 0) continue;
      for (let j = 0; j < n; j++)
        out[i * n + j] = (out[i * n + j] ?? 0) + factor * (b[k * n + j] ?? 0);
    }
  return out;
}

/** A·x. Shapes [n × n], [n]. */
export function times(a: Float64Array, x: ArrayLike<number>, n: number): Float64Array {
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += (a[i * n + j] ?? 0) * (x[j] ?? 0);
    out[i] = sum;
  }
  return out;
}

/** xᵀ·y. */
export function inner(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i] ?? 0) * (y[i] ?? 0);
  return sum;
}
