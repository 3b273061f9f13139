/**
 * Squared norms of rows' gradients, and inner products of pairs of them, without forming the gradients. AssemblyScript,
 * not TypeScript; pure. Strides are in bytes.
 */
import { lanes, madd } from "./arithmetic.ts";

/** Squares of `quads` · 4 numbers, added up in eight lanes of single precision, and these in four. `quads` is even. */
@inline
function eightLanes(x: usize, quads: i32): v128 {
  let sum = f32x4.splat(0);
  let more = f32x4.splat(0);
  for (let k: usize = 0; k < (<usize>quads) << 4; k += 32) {
    const a = v128.load(x + k);
    const b = v128.load(x + k, 16);
    sum = madd(a, a, sum);
    more = madd(b, b, more);
  }
  return f32x4.add(sum, more);
}

/** Σ squares of each of four rows, side by side; each is added up as by `eightLanes` and `lanes`. `quads` is even. */
@inline
function fourSquares(x: usize, stride: usize, quads: i32): v128 {
  let a = f32x4.splat(0);
  let aMore = f32x4.splat(0);
  let b = f32x4.splat(0);
  let bMore = f32x4.splat(0);
  let c = f32x4.splat(0);
  let cMore = f32x4.splat(0);
  let d = f32x4.splat(0);
  let dMore = f32x4.splat(0);
  let x1 = x + stride;
  let x2 = x1 + stride;
  let x3 = x2 + stride;
  const end = x + ((<usize>quads) << 4);
  while (x < end) {
    let y = v128.load(x);
    a = madd(y, y, a);
    y = v128.load(x, 16);
    aMore = madd(y, y, aMore);
    y = v128.load(x1);
    b = madd(y, y, b);
    y = v128.load(x1, 16);
    bMore = madd(y, y, bMore);
    y = v128.load(x2);
    c = madd(y, y, c);
    y = v128.load(x2, 16);
    cMore = madd(y, y, cMore);
    y = v128.load(x3);
    d = madd(y, y, d);
    y = v128.load(x3, 16);
    dMore = madd(y, y, dMore);
    x += 32;
    x1 += 32;
    x2 += 32;
    x3 += 32;
  }
  a = f32x4.add(a, aMore);
  b = f32x4.add(b, bMore);
  c = f32x4.add(c, cMore);
  d = f32x4.add(d, dMore);
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  const even = f32x4.add(v128.shuffle<i64>(ab, cd, 0, 2), v128.shuffle<i64>(abHigh, cdHigh, 0, 2));
  const odd = f32x4.add(v128.shuffle<i64>(ab, cd, 1, 3), v128.shuffle<i64>(abHigh, cdHigh, 1, 3));
  return f32x4.add(even, odd);
}

@inline
function highHalf(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f64>(x, x, 1, 1));
}

/** norms += (one + inputs) · (deltas + tiny) for two rows. */
@inline
function addTwo(norms: usize, inputs: v128, one: v128, deltas: v128, tiny: v128): void {
  const product = f64x2.mul(f64x2.add(one, inputs), f64x2.add(deltas, tiny));
  v128.store(norms, f64x2.add(v128.load(norms), product));
}

/**
 * norms += (one + ‖x‖²)(‖d‖² + tiny): each row's squared gradient norm in a layer of several outputs, without forming
 * the gradient. Squares in single precision, their product in doubles. `tiny` makes up for squares that vanish.
 * Four rows at a time share what adds lanes up; the numbers are the same.
 */
export function addRowNorms(
  norms: usize,
  x: usize,
  xStride: usize,
  xQuads: i32,
  one: f64,
  d: usize,
  dStride: usize,
  dQuads: i32,
  tiny: f64,
  rows: i32,
): void {
  const ones = f64x2.splat(one);
  const tinies = f64x2.splat(tiny);
  let r = 0;
  for (; r + 4 <= rows; r += 4) {
    const inputs = fourSquares(x, xStride, xQuads);
    const deltas = fourSquares(d, dStride, dQuads);
    const low = f64x2.promote_low_f32x4(deltas);
    addTwo(norms, f64x2.promote_low_f32x4(inputs), ones, low, tinies);
    addTwo(norms + 16, highHalf(inputs), ones, highHalf(deltas), tinies);
    norms += 32;
    x += 4 * xStride;
    d += 4 * dStride;
  }
  for (; r < rows; r++) {
    const inputs = <f64>lanes(eightLanes(x, xQuads));
    const deltas = <f64>lanes(eightLanes(d, dQuads)) + tiny;
    store<f64>(norms, load<f64>(norms) + (one + inputs) * deltas);
    norms += 8;
    x += xStride;
    d += dStride;
  }
}

/** As `addRowNorms` for one output: `d` is a column. */
export function addColumnNorms(
  norms: usize,
  x: usize,
  xStride: usize,
  xQuads: i32,
  one: f64,
  d: usize,
  rows: i32,
): void {
  const ones = f64x2.splat(one);
  const zero = f64x2.splat(0);
  let r = 0;
  for (; r + 4 <= rows; r += 4) {
    const inputs = fourSquares(x, xStride, xQuads);
    const deltas = v128.load(d);
    const low = f64x2.promote_low_f32x4(deltas);
    const high = highHalf(deltas);
    addTwo(norms, f64x2.promote_low_f32x4(inputs), ones, f64x2.mul(low, low), zero);
    addTwo(norms + 16, highHalf(inputs), ones, f64x2.mul(high, high), zero);
    norms += 32;
    x += 4 * xStride;
    d += 16;
  }
  for (; r < rows; r++) {
    const delta = <f64>load<f32>(d);
    const inputs = <f64>lanes(eightLanes(x, xQuads));
    store<f64>(norms, load<f64>(norms) + (one + inputs) * (delta * delta));
    norms += 8;
    x += xStride;
    d += 4;
  }
}

/** Inner product of two rows of single precision, in doubles. `quads` · 4 numbers each. */
function dot(a: usize, b: usize, quads: i32): f64 {
  let sum = f64x2.splat(0);
  let more = f64x2.splat(0);
  for (let k: usize = 0; k < (<usize>quads) << 4; k += 16) {
    const x = v128.load(a + k);
    const y = v128.load(b + k);
    const low = f64x2.mul(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(y));
    const highX = f64x2.promote_low_f32x4(v128.shuffle<f64>(x, x, 1, 1));
    const highY = f64x2.promote_low_f32x4(v128.shuffle<f64>(y, y, 1, 1));
    sum = f64x2.add(sum, low);
    more = f64x2.add(more, f64x2.mul(highX, highY));
  }
  sum = f64x2.add(sum, more);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/**
 * products[r, s] += (ones[r, s] + x_r · x_s)(d_r · d_s) for s ≤ r < rows, in doubles; row r's pairs follow row r − 1's.
 *
 * @param dQuads 0: `d` is a column.
 */
export function addPairProducts(
  products: usize,
  ones: usize,
  x: usize,
  xStride: usize,
  xQuads: i32,
  d: usize,
  dStride: usize,
  dQuads: i32,
  rows: i32,
): void {
  for (let r: usize = 0; r < <usize>rows; r++) {
    for (let s: usize = 0; s <= r; s++) {
      const inputs = load<f64>(ones) + dot(x + r * xStride, x + s * xStride, xQuads);
      const a = d + r * dStride;
      const b = d + s * dStride;
      const deltas = dQuads === 0 ? <f64>load<f32>(a) * <f64>load<f32>(b) : dot(a, b, dQuads);
      store<f64>(products, load<f64>(products) + inputs * deltas);
      products += 8;
      ones += 8;
    }
  }
}
