/**
 * Clipping of rows: norms of their gradients without forming them, factors, and deltas times factors, four rows at a time
 * while they are in the first cache. AssemblyScript, not TypeScript; pure. Strides are in bytes.
 *
 * A layer is 40 bytes: x, its stride, its quads (0: no inputs), d, its stride, its quads (0: a column), 32 bits each;
 * one and tiny, doubles. Behind the last of `rows` there is room for what makes them a multiple of four.
 */
import { madd } from "./arithmetic.ts";

const LAYER_BYTES: usize = 40;
const SOME_SCALED: i32 = 1;
const SOME_LEFT_OUT: i32 = 2;

/**
 * Of each row: the norm of its gradient, the root of Σ over layers of (one + ‖x‖²)(‖d‖² + tiny), squares in single
 * precision, their products in doubles, `tiny` for squares that vanish; and the factor min(1, bound / norm), at least 0.
 * A row whose norm or loss is not finite gets a factor and a loss of 0 and the norm NaN.
 *
 * @param scales Whether to multiply deltas by their factors, as `scaleRows` does.
 * @returns 1 if a factor is not 1, and 2 more if one is 0.
 */
export function clipRows(
  layers: usize,
  layerCount: i32,
  norms: usize,
  losses: usize,
  factors: usize,
  rows: i32,
  bound: f64,
  scales: bool,
): i32 {
  const layersEnd = layers + <usize>layerCount * LAYER_BYTES;
  let found = 0;
  for (let r = 0; r < rows; r += 4) {
    let low = f64x2.splat(0);
    let high = f64x2.splat(0);
    for (let layer = layers; layer < layersEnd; layer += LAYER_BYTES) {
      const inputs = inputSquares(layer, r);
      const ones = v128.load64_splat(layer, 24);
      const lowInputs = f64x2.add(ones, f64x2.promote_low_f32x4(inputs));
      const highInputs = f64x2.add(ones, highHalf(inputs));
      const stride = <usize>load<u32>(layer, 16);
      const quads = load<u32>(layer, 20);
      const d = <usize>load<u32>(layer, 12) + <usize>r * stride;
      const deltas = quads === 0 ? v128.load(d) : fourSquares(d, stride, quads);
      let lowDeltas = f64x2.promote_low_f32x4(deltas);
      let highDeltas = highHalf(deltas);
      if (quads === 0) {
        lowDeltas = f64x2.mul(lowDeltas, lowDeltas);
        highDeltas = f64x2.mul(highDeltas, highDeltas);
      } else {
        const tinies = v128.load64_splat(layer, 32);
        lowDeltas = f64x2.add(lowDeltas, tinies);
        highDeltas = f64x2.add(highDeltas, tinies);
      }
      low = f64x2.add(low, f64x2.mul(lowInputs, lowDeltas));
      high = f64x2.add(high, f64x2.mul(highInputs, highDeltas));
    }
    const at = (<usize>r) << 2;
    const four = judge(low, high, norms + 2 * at, losses + at, factors + at, bound);
    const isReal = r + 4 <= rows ? 15 : (1 << (rows - r)) - 1;
    const isOne = i32x4.bitmask(f32x4.eq(four, f32x4.splat(1)));
    const isZero = i32x4.bitmask(f32x4.eq(four, f32x4.splat(0)));
    if ((isZero & isReal) !== 0) found |= SOME_LEFT_OUT;
    if ((~isOne & isReal) === 0) continue;
    found |= SOME_SCALED;
    if (scales) scaleFour(layers, layersEnd, r, factors + at, isZero !== 0);
  }
  return found;
}

/** Multiplies each row's deltas by its factor; a factor of 0 clears them, so that NaN · 0 cannot arise. */
export function scaleRows(layers: usize, layerCount: i32, factors: usize, rows: i32): void {
  const layersEnd = layers + <usize>layerCount * LAYER_BYTES;
  for (let r = 0; r < rows; r += 4) {
    const at = factors + ((<usize>r) << 2);
    const isZero = v128.any_true(f32x4.eq(v128.load(at), f32x4.splat(0)));
    scaleFour(layers, layersEnd, r, at, isZero);
  }
}

@inline
function highHalf(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f64>(x, x, 1, 1));
}

/** Norms of four rows from their squares, and factors, which are the answer. */
@inline
function judge(
  low: v128,
  high: v128,
  norms: usize,
  losses: usize,
  factors: usize,
  bound: f64,
): v128 {
  const bounds = f64x2.splat(bound);
  const lowNorms = f64x2.sqrt(low);
  const highNorms = f64x2.sqrt(high);
  const loss = v128.load(losses);
  const zero = f32x4.splat(0);
  const hasLoss = f32x4.eq(f32x4.sub(loss, loss), zero);
  const isLow = v128.and(f64x2.eq(f64x2.sub(lowNorms, lowNorms), zero), i64x2.extend_low_i32x4_s(hasLoss));
  const isHigh = v128.and(f64x2.eq(f64x2.sub(highNorms, highNorms), zero), i64x2.extend_high_i32x4_s(hasLoss));
  const isUsable = v128.shuffle<i32>(isLow, isHigh, 0, 2, 4, 6);
  const nans = f64x2.splat(NaN);
  v128.store(norms, v128.bitselect(lowNorms, nans, isLow));
  v128.store(norms, v128.bitselect(highNorms, nans, isHigh), 16);
  v128.store(losses, v128.and(loss, isUsable));
  const both = v128.shuffle<i64>(
    f32x4.demote_f64x2_zero(factorOf(bounds, lowNorms)),
    f32x4.demote_f64x2_zero(factorOf(bounds, highNorms)),
    0,
    2,
  );
  const four = v128.and(both, isUsable);
  v128.store(factors, four);
  return four;
}

/** min(1, bound / norm), at least 0. */
@inline
function factorOf(bounds: v128, norms: v128): v128 {
  const quotient = f64x2.div(bounds, norms);
  return f64x2.pmax(f64x2.splat(0), f64x2.pmin(f64x2.splat(1), quotient));
}

/** Of four rows' inputs, as a layer has them: Σ squares. */
@inline
function inputSquares(layer: usize, row: i32): v128 {
  const stride = <usize>load<u32>(layer, 4);
  return fourSquares(<usize>load<u32>(layer) + <usize>row * stride, stride, load<u32>(layer, 8));
}

/**
 * Σ squares of each of four rows, side by side: of single precision, in eight lanes, which are added up in a fixed order.
 * `quads` is even.
 */
@inline
function fourSquares(x: usize, stride: usize, quads: u32): v128 {
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


/** Multiplies the deltas of four rows, from `row` on, by their factors; `hasZero`: of 0, which clears them. */
function scaleFour(
  layers: usize,
  layersEnd: usize,
  row: i32,
  factors: usize,
  hasZero: bool,
): void {
  const f0 = v128.load32_splat(factors);
  const f1 = v128.load32_splat(factors, 4);
  const f2 = v128.load32_splat(factors, 8);
  const f3 = v128.load32_splat(factors, 12);
  for (let layer = layers; layer < layersEnd; layer += LAYER_BYTES) {
    const stride = <usize>load<u32>(layer, 16);
    const bytes = (<usize>load<u32>(layer, 20)) << 4;
    let d = <usize>load<u32>(layer, 12) + <usize>row * stride;
    if (bytes === 0) {
      v128.store(d, f32x4.mul(v128.load(d), v128.load(factors)));
    }
    let d1 = d + stride;
    let d2 = d1 + stride;
    let d3 = d2 + stride;
    const end = d + bytes;
    while (d < end) {
      v128.store(d, f32x4.mul(v128.load(d), f0));
      v128.store(d1, f32x4.mul(v128.load(d1), f1));
      v128.store(d2, f32x4.mul(v128.load(d2), f2));
      v128.store(d3, f32x4.mul(v128.load(d3), f3));
      d += 16;
      d1 += 16;
      d2 += 16;
      d3 += 16;
    }
  }
  if (hasZero) clearFour(layers, layersEnd, row, factors);
}

function clearFour(layers: usize, layersEnd: usize, row: i32, factors: usize): void {
  for (let r: usize = 0; r < 4; r++) {
    if (load<f32>(factors + (r << 2)) !== 0) continue;
    for (let layer = layers; layer < layersEnd; layer += LAYER_BYTES) {
      const stride = <usize>load<u32>(layer, 16);
      const quads = <usize>load<u32>(layer, 20);
      const d = <usize>load<u32>(layer, 12) + (<usize>row + r) * stride;
      memory.fill(d, 0, quads === 0 ? 4 : quads << 4);
    }
  }
}
