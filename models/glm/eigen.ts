/** Eigenvalues and eigenvectors of a small symmetric matrix, by Jacobi's rotations. Pure. */

export interface Eigen {
  /** In no order. Shape [n]. */
  readonly values: Float64Array;
  /** Column k belongs to value k; orthonormal. Row-major, shape [n × n]. */
  readonly vectors: Float64Array;
}

const SWEEPS_MAX = 60;

/** @see Golub and Van Loan, Matrix Computations, 4th ed., 8.5: cyclic by row. */
export function symmetricEigen(matrix: Float64Array, n: number): Eigen {
  const a = matrix.slice();
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1;
  for (let sweep = 0; sweep < SWEEPS_MAX && !isDiagonal(a, n); sweep++)
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotateInPlace(a, vectors, n, p, q);
  return { values: Float64Array.from({ length: n }, (_, i) => a[i * n + i] ?? 0), vectors };
}

function isDiagonal(a: Float64Array, n: number): boolean {
  let [off, all] = [0, 0];
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      const square = (a[i * n + j] ?? 0) ** 2;
      all += square;
      if (i !== j) off += square;
    }
  return off <= 1e-30 * all;
}

/** Makes entry (p, q) zero. */
function rotateInPlace(
  a: Float64Array,
  vectors: Float64Array,
  n: number,
  p: number,
  q: number,
): void {
  const off = a[p * n + q] ?? 0;
  if (off === 0) return;
  const theta = ((a[q * n + q] ?? 0) - (a[p * n + p] ?? 0)) / (2 * off);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const c = 1 / Math.hypot(t, 1);
  const s = t * c;
  turn(a, c, s, (k) => [k * n + p, k * n + q], n);
  turn(a, c, s, (k) => [p * n + k, q * n + k], n);
  turn(vectors, c, s, (k) => [k * n + p, k * n + q], n);
}

function turn(
  values: Float64Array,
  c: number,
  s: number,
  places: (k: number) => readonly [number, number],
  n: number,
): void {
  for (let k = 0; k < n; k++) {
    const [i, j] = places(k);
    const [x, y] = [values[i] ?? 0, values[j] ?? 0];
    values[i] = c * x - s * y;
    values[j] = s * x + c * y;
  }
}

/** V·diag(d)·Vᵀ. */
export function rotated(vectors: Float64Array, diagonal: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++)
        sum += (vectors[i * n + k] ?? 0) * (diagonal[k] ?? 0) * (vectors[j * n + k] ?? 0);
      out[i * n + j] = sum;
    }
  return out;
}
