/**
 * Dense loops in doubles: one matrix product in the only form the engine needs, and transposition.
 * Pure apart from the buffer each overwrites. Indexed loops over typed arrays, nothing allocated.
 */

/**
 * C += A · Bᵀ. Both operands are read along their rows, so that all memory is walked in order.
 *
 * @param c Shape [m × n], overwritten.
 * @param a Shape [m × k].
 * @param b Shape [n × k].
 */
export function addProductInPlace(
  c: Float64Array,
  a: Float64Array,
  b: Float64Array,
  m: number,
  n: number,
  k: number,
): void {
  const mPairs = m - (m % 2);
  const nQuads = n - (n % 4);
  for (let i = 0; i < mPairs; i += 2) {
    for (let j = 0; j < nQuads; j += 4) addBlock(c, a, b, i, j, n, k);
    for (let j = nQuads; j < n; j++) addPair(c, a, b, i, j, n, k);
  }
  if (mPairs < m) for (let j = 0; j < n; j++) addDot(c, a, b, mPairs, j, n, k);
}

/** Two rows by four columns of the product: eight sums kept in registers over six loads. */
function addBlock(
  c: Float64Array,
  a: Float64Array,
  b: Float64Array,
  i: number,
  j: number,
  n: number,
  k: number,
): void {
  const a0 = i * k;
  const a1 = a0 + k;
  const b0 = j * k;
  const b1 = b0 + k;
  const b2 = b1 + k;
  const b3 = b2 + k;
  let s00 = 0;
  let s01 = 0;
  let s02 = 0;
  let s03 = 0;
  let s10 = 0;
  let s11 = 0;
  let s12 = 0;
  let s13 = 0;
  for (let p = 0; p < k; p++) {
    const x0 = a[a0 + p] ?? 0;
    const x1 = a[a1 + p] ?? 0;
    const y0 = b[b0 + p] ?? 0;
    const y1 = b[b1 + p] ?? 0;
    const y2 = b[b2 + p] ?? 0;
    const y3 = b[b3 + p] ?? 0;
    s00 += x0 * y0;
    s01 += x0 * y1;
    s02 += x0 * y2;
    s03 += x0 * y3;
    s10 += x1 * y0;
    s11 += x1 * y1;
    s12 += x1 * y2;
    s13 += x1 * y3;
  }
  const c0 = i * n + j;
  const c1 = c0 + n;
  c[c0] = (c[c0] ?? 0) + s00;
  c[c0 + 1] = (c[c0 + 1] ?? 0) + s01;
  c[c0 + 2] = (c[c0 + 2] ?? 0) + s02;
  c[c0 + 3] = (c[c0 + 3] ?? 0) + s03;
  c[c1] = (c[c1] ?? 0) + s10;
  c[c1 + 1] = (c[c1 + 1] ?? 0) + s11;
  c[c1 + 2] = (c[c1 + 2] ?? 0) + s12;
  c[c1 + 3] = (c[c1 + 3] ?? 0) + s13;
}

function addPair(
  c: Float64Array,
  a: Float64Array,
  b: Float64Array,
  i: number,
  j: number,
  n: number,
  k: number,
): void {
  let s0 = 0;
  let s1 = 0;
  for (let p = 0; p < k; p++) {
    const y = b[j * k + p] ?? 0;
    s0 += (a[i * k + p] ?? 0) * y;
    s1 += (a[i * k + k + p] ?? 0) * y;
  }
  c[i * n + j] = (c[i * n + j] ?? 0) + s0;
  c[i * n + n + j] = (c[i * n + n + j] ?? 0) + s1;
}

function addDot(
  c: Float64Array,
  a: Float64Array,
  b: Float64Array,
  i: number,
  j: number,
  n: number,
  k: number,
): void {
  c[i * n + j] = (c[i * n + j] ?? 0) + dot(a, i * k, b, j * k, k);
}

/** Σ a[aStart + p] · b[bStart + p] over p < count. */
export function dot(
  a: Float64Array,
  aStart: number,
  b: Float64Array,
  bStart: number,
  count: number,
): number {
  let sum = 0;
  for (let p = 0; p < count; p++) sum += (a[aStart + p] ?? 0) * (b[bStart + p] ?? 0);
  return sum;
}

/** Writes the transpose of `source`, shape [rows × columns], to `target`, shape [columns × rows]. */
export function transposeInto(
  target: Float64Array,
  source: Float64Array,
  rows: number,
  columns: number,
): void {
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) target[c * rows + r] = source[r * columns + c] ?? 0;
  }
}
