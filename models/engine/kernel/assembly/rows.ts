/** Row by row: inputs, category rows, norms, clipping. AssemblyScript, not TypeScript; pure. Strides are in bytes. */
import { lanes, madd } from "./arithmetic.ts";

/** Scales raw numbers in place, (x − centre) · inverseScale; a missing one (NaN) becomes 0. Zeroes what pads the row. */
export function scaleNumbers(
  x: usize,
  stride: usize,
  centres: usize,
  inverseScales: usize,
  rows: i32,
  count: i32,
): void {
  for (let r = 0; r < rows; r++) {
    let k: usize = 0;
    for (; k + 16 <= (<usize>count) << 2; k += 16) {
      const raw = v128.load(x + k);
      const moved = f32x4.sub(raw, v128.load(centres + k));
      const scaled = f32x4.mul(moved, v128.load(inverseScales + k));
      v128.store(x + k, v128.and(scaled, f32x4.eq(raw, raw)));
    }
    for (; k < (<usize>count) << 2; k += 4) {
      const raw = load<f32>(x + k);
      const scaled = (raw - load<f32>(centres + k)) * load<f32>(inverseScales + k);
      store<f32>(x + k, raw === raw ? scaled : 0);
    }
    x += stride;
  }
}

/**
 * c = bias + Σ of the rows that `pointers` names, `tables` to a row of c. Shape [rows × width], then zeros up to
 * `padded`.
 */
export function addTableRows(
  c: usize,
  cStride: usize,
  bias: usize,
  pointers: usize,
  tables: i32,
  rows: i32,
  width: i32,
  padded: i32,
): void {
  for (let r = 0; r < rows; r++) {
    let k: usize = 0;
    for (; k + 32 <= (<usize>width) << 2; k += 32) {
      let low = v128.load(bias + k);
      let high = v128.load(bias + k, 16);
      for (let t: usize = 0; t < (<usize>tables) << 2; t += 4) {
        const from = <usize>load<u32>(pointers + t) + k;
        low = f32x4.add(low, v128.load(from));
        high = f32x4.add(high, v128.load(from, 16));
      }
      v128.store(c + k, low);
      v128.store(c + k, high, 16);
    }
    for (; k < (<usize>width) << 2; k += 4) {
      let sum = load<f32>(bias + k);
      for (let t: usize = 0; t < (<usize>tables) << 2; t += 4) {
        sum += load<f32>(<usize>load<u32>(pointers + t) + k);
      }
      store<f32>(c + k, sum);
    }
    for (; k < (<usize>padded) << 2; k += 4) store<f32>(c + k, 0);
    c += cStride;
    pointers += (<usize>tables) << 2;
  }
}

/**
 * Adds each row's delta to the gradient of its category's row, in doubles. The gradient of the parameter at p lies at
 * g + 2 (p − params).
 *
 * @param pointers Of table t of row r: pointers + r · pointerStride; one table a call.
 */
export function scatterRows(
  g: usize,
  params: usize,
  pointers: usize,
  pointerStride: usize,
  d: usize,
  dStride: usize,
  rows: i32,
  width: i32,
): void {
  for (let r = 0; r < rows; r++) {
    const target = g + 2 * (<usize>load<u32>(pointers) - params);
    let k: usize = 0;
    for (; k + 16 <= (<usize>width) << 2; k += 16) {
      let x = v128.load(d + k);
      const into = target + 2 * k;
      v128.store(into, f64x2.add(v128.load(into), f64x2.promote_low_f32x4(x)));
      x = v128.shuffle<f64>(x, x, 1, 1);
      v128.store(into, f64x2.add(v128.load(into, 16), f64x2.promote_low_f32x4(x)), 16);
    }
    for (; k < (<usize>width) << 2; k += 4) {
      const into = target + 2 * k;
      store<f64>(into, load<f64>(into) + <f64>load<f32>(d + k));
    }
    pointers += pointerStride;
    d += dStride;
  }
}

/** Σ squares of `quads` · 4 numbers: eight lanes of single precision. */
@inline
function squares(x: usize, quads: i32): f32 {
  let sum = f32x4.splat(0);
  let more = f32x4.splat(0);
  let k: usize = 0;
  const end = (<usize>quads) << 4;
  for (; k + 32 <= end; k += 32) {
    const a = v128.load(x + k);
    const b = v128.load(x + k, 16);
    sum = madd(a, a, sum);
    more = madd(b, b, more);
  }
  if (k < end) {
    const a = v128.load(x + k);
    sum = madd(a, a, sum);
  }
  return lanes(f32x4.add(sum, more));
}

/**
 * norms += (one + ‖x‖²)(‖d‖² + tiny): each row's squared gradient norm in a layer of several outputs, without forming
 * the gradient. Squares in single precision, their product in doubles. `tiny` makes up for squares that vanish.
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
  for (let r = 0; r < rows; r++) {
    const inputs = <f64>squares(x, xQuads);
    const deltas = <f64>squares(d, dQuads) + tiny;
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
  for (let r = 0; r < rows; r++) {
    const delta = <f64>load<f32>(d);
    store<f64>(norms, load<f64>(norms) + (one + <f64>squares(x, xQuads)) * (delta * delta));
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

/** Whether a number is neither NaN nor infinite. */
@inline
function isFinite64(x: f64): bool {
  return x - x === 0;
}

/**
 * For rows that are units: `norms`, squared, become norms, and factors min(1, bound / norm), at least 0. A row whose
 * norm or loss is not finite gets a factor and a loss of 0 and the norm NaN.
 *
 * @returns 1 if a factor is not 1, and 2 more if one is 0.
 */
export function clipRows(
  norms: usize,
  losses: usize,
  factors: usize,
  rows: i32,
  bound: f64,
): i32 {
  let found = 0;
  for (let r = 0; r < rows; r++) {
    const norm = sqrt(load<f64>(norms));
    let factor: f32 = 0;
    if (isFinite64(norm) && isFinite64(<f64>load<f32>(losses))) {
      factor = <f32>max(0, min(1, bound / norm));
      store<f64>(norms, norm);
    } else {
      store<f64>(norms, NaN);
      store<f32>(losses, 0);
    }
    store<f32>(factors, factor);
    if (factor !== 1) found |= factor === 0 ? 3 : 1;
    norms += 8;
    losses += 4;
    factors += 4;
  }
  return found;
}

/** Multiplies each row by its factor; a factor of 0 clears it, so that NaN · 0 cannot arise. */
export function scaleRows(x: usize, stride: usize, quads: i32, factors: usize, rows: i32): void {
  for (let r = 0; r < rows; r++) {
    const factor = load<f32>(factors);
    if (factor === 0) memory.fill(x, 0, (<usize>quads) << 4);
    else if (factor !== 1) {
      const f = f32x4.splat(factor);
      for (let k: usize = 0; k < (<usize>quads) << 4; k += 16) {
        v128.store(x + k, f32x4.mul(v128.load(x + k), f));
      }
    }
    factors += 4;
    x += stride;
  }
}

/** As `scaleRows` for a column. */
export function scaleColumn(x: usize, factors: usize, rows: i32): void {
  for (let i: usize = 0; i < (<usize>rows) << 2; i += 4) {
    const factor = load<f32>(factors + i);
    store<f32>(x + i, factor === 0 ? 0 : load<f32>(x + i) * factor);
  }
}
