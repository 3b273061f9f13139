/**
 * Gradients of weights: sums over rows of inputs times deltas, in single precision within a chunk of rows and in doubles
 * across chunks. What a chunk adds is a function of its rows and their order alone. AssemblyScript, not TypeScript;
 * pure. Strides are in bytes. `starts` holds chunkCount + 1 row indices.
 */
import { held, hold, madd } from "./arithmetic.ts";

/** Columns of X, whole tiles of six, that stay in the cache while those of D pass. */
const BLOCK_COLUMNS: i32 = 48;
const TILE_BYTES: usize = 384;

/**
 * G += Σ over chunks of Xᵀ · D. G is laid out in tiles of six rows by eight columns of doubles, in the order in which
 * they are added to: memory that is walked in order is fetched ahead. `copyTiles` brings them into rows.
 *
 * @param width Columns of X; what lies behind the last one of X and of D is zero.
 */
export function addWeightGradient(
  g: usize,
  x: usize,
  xStride: usize,
  d: usize,
  dStride: usize,
  starts: usize,
  chunkCount: i32,
  width: i32,
  columns: i32,
): void {
  for (let first = 0; first < width; first += BLOCK_COLUMNS) {
    const end = min(first + BLOCK_COLUMNS, width);
    for (let j = 0; j < columns; j += 8) {
      const panel = d + ((<usize>j) << 2);
      for (let i = first; i < end; i += 6) {
        const from = x + ((<usize>i) << 2);
        const left = end - i;
        for (let chunk = 0; chunk < chunkCount; chunk++) {
          const at = starts + ((<usize>chunk) << 2);
          const start = <usize>load<u32>(at);
          const rows = <usize>load<u32>(at, 4) - start;
          const xs = from + start * xStride;
          const ds = panel + start * dStride;
          if (left > 4) tile6(g, xs, xStride, ds, dStride, rows);
          else if (left > 2) tile4(g, xs, xStride, ds, dStride, rows);
          else tile2(g, xs, xStride, ds, dStride, rows);
        }
        g += TILE_BYTES;
      }
    }
  }
}

/** Tiles to rows of `columns` doubles without gaps. */
export function copyTiles(g: usize, target: usize, width: i32, columns: i32): void {
  const stride = (<usize>columns) << 3;
  for (let first = 0; first < width; first += BLOCK_COLUMNS) {
    const end = min(first + BLOCK_COLUMNS, width);
    for (let j = 0; j < columns; j += 8) {
      const bytes = (<usize>min(8, columns - j)) << 3;
      for (let i = first; i < end; i += 6) {
        let to = target + (<usize>i) * stride + ((<usize>j) << 3);
        for (let r = 0; r < min(6, end - i); r++) {
          for (let k: usize = 0; k < bytes; k += 8) {
            store<f64>(to + k, load<f64>(g + ((<usize>r) << 6) + k));
          }
          to += stride;
        }
        g += TILE_BYTES;
      }
    }
  }
}

@inline
function add(g: usize, low: v128, high: v128): void {
  v128.store(g, f64x2.add(v128.load(g), f64x2.promote_low_f32x4(low)));
  low = v128.shuffle<f64>(low, low, 1, 1);
  v128.store(g, f64x2.add(v128.load(g, 16), f64x2.promote_low_f32x4(low)), 16);
  v128.store(g, f64x2.add(v128.load(g, 32), f64x2.promote_low_f32x4(high)), 32);
  high = v128.shuffle<f64>(high, high, 1, 1);
  v128.store(g, f64x2.add(v128.load(g, 48), f64x2.promote_low_f32x4(high)), 48);
}

@inline
function tile6(
  g: usize,
  x: usize,
  xStride: usize,
  d: usize,
  dStride: usize,
  rows: usize,
): void {
  let s00 = f32x4.splat(0);
  let s01 = f32x4.splat(0);
  let s10 = f32x4.splat(0);
  let s11 = f32x4.splat(0);
  let s20 = f32x4.splat(0);
  let s21 = f32x4.splat(0);
  let s30 = f32x4.splat(0);
  let s31 = f32x4.splat(0);
  let s40 = f32x4.splat(0);
  let s41 = f32x4.splat(0);
  let s50 = f32x4.splat(0);
  let s51 = f32x4.splat(0);
  const end = d + rows * dStride;
  while (d < end) {
    const low = v128.load(d);
    const high = hold(d);
    let a = v128.load32_splat(x);
    s00 = madd(a, low, s00);
    s01 = madd(a, held(high, d), s01);
    a = v128.load32_splat(x, 4);
    s10 = madd(a, low, s10);
    s11 = madd(a, held(high, d), s11);
    a = v128.load32_splat(x, 8);
    s20 = madd(a, low, s20);
    s21 = madd(a, held(high, d), s21);
    a = v128.load32_splat(x, 12);
    s30 = madd(a, low, s30);
    s31 = madd(a, held(high, d), s31);
    a = v128.load32_splat(x, 16);
    s40 = madd(a, low, s40);
    s41 = madd(a, held(high, d), s41);
    a = v128.load32_splat(x, 20);
    s50 = madd(a, low, s50);
    s51 = madd(a, held(high, d), s51);
    x += xStride;
    d += dStride;
  }
  add(g, s00, s01);
  g += 64;
  add(g, s10, s11);
  g += 64;
  add(g, s20, s21);
  g += 64;
  add(g, s30, s31);
  g += 64;
  add(g, s40, s41);
  g += 64;
  add(g, s50, s51);
}

@inline
function tile4(
  g: usize,
  x: usize,
  xStride: usize,
  d: usize,
  dStride: usize,
  rows: usize,
): void {
  let s00 = f32x4.splat(0);
  let s01 = f32x4.splat(0);
  let s10 = f32x4.splat(0);
  let s11 = f32x4.splat(0);
  let s20 = f32x4.splat(0);
  let s21 = f32x4.splat(0);
  let s30 = f32x4.splat(0);
  let s31 = f32x4.splat(0);
  const end = d + rows * dStride;
  while (d < end) {
    const low = v128.load(d);
    const high = hold(d);
    let a = v128.load32_splat(x);
    s00 = madd(a, low, s00);
    s01 = madd(a, held(high, d), s01);
    a = v128.load32_splat(x, 4);
    s10 = madd(a, low, s10);
    s11 = madd(a, held(high, d), s11);
    a = v128.load32_splat(x, 8);
    s20 = madd(a, low, s20);
    s21 = madd(a, held(high, d), s21);
    a = v128.load32_splat(x, 12);
    s30 = madd(a, low, s30);
    s31 = madd(a, held(high, d), s31);
    x += xStride;
    d += dStride;
  }
  add(g, s00, s01);
  g += 64;
  add(g, s10, s11);
  g += 64;
  add(g, s20, s21);
  g += 64;
  add(g, s30, s31);
}

@inline
function tile2(
  g: usize,
  x: usize,
  xStride: usize,
  d: usize,
  dStride: usize,
  rows: usize,
): void {
  let s00 = f32x4.splat(0);
  let s01 = f32x4.splat(0);
  let s10 = f32x4.splat(0);
  let s11 = f32x4.splat(0);
  const end = d + rows * dStride;
  while (d < end) {
    const low = v128.load(d);
    const high = hold(d);
    let a = v128.load32_splat(x);
    s00 = madd(a, low, s00);
    s01 = madd(a, held(high, d), s01);
    a = v128.load32_splat(x, 4);
    s10 = madd(a, low, s10);
    s11 = madd(a, held(high, d), s11);
    x += xStride;
    d += dStride;
  }
  add(g, s00, s01);
  g += 64;
  add(g, s10, s11);
}

/**
 * g += Σ over chunks of Σ over rows of weight · row: the last layer's kernel (weights: its deltas) and every bias
 * (rows: deltas; weights 0 for 1). Shape [width]; rows are padded with zeros to whole quads, and up to three zeros are
 * added behind.
 */
export function addWeightedRows(
  g: usize,
  x: usize,
  xStride: usize,
  weights: usize,
  starts: usize,
  chunkCount: i32,
  width: i32,
): void {
  const one = f32x4.splat(1);
  for (let chunk = 0; chunk < chunkCount; chunk++) {
    const at = starts + ((<usize>chunk) << 2);
    const first = load<u32>(at);
    const end = load<u32>(at, 4);
    for (let i = 0; i < width; i += 8) {
      let low = f32x4.splat(0);
      let high = f32x4.splat(0);
      const more = i + 4 < width;
      let from = x + ((<usize>i) << 2) + <usize>first * xStride;
      for (let r = first; r < end; r++) {
        const w = weights === 0 ? one : v128.load32_splat(weights + ((<usize>r) << 2));
        low = madd(w, v128.load(from), low);
        if (more) high = madd(w, v128.load(from, 16), high);
        from += xStride;
      }
      const target = g + ((<usize>i) << 3);
      if (more) add(target, low, high);
      else addLow(target, low);
    }
  }
}

@inline
function addLow(g: usize, low: v128): void {
  v128.store(g, f64x2.add(v128.load(g), f64x2.promote_low_f32x4(low)));
  low = v128.shuffle<f64>(low, low, 1, 1);
  v128.store(g, f64x2.add(v128.load(g, 16), f64x2.promote_low_f32x4(low)), 16);
}

/** The last bias: a column of numbers, chunk by chunk. */
export function addColumn(g: usize, d: usize, starts: usize, chunkCount: i32): void {
  for (let chunk = 0; chunk < chunkCount; chunk++) {
    const at = starts + ((<usize>chunk) << 2);
    const end = load<u32>(at, 4);
    let sum: f32 = 0;
    for (let r = load<u32>(at); r < end; r++) sum += load<f32>(d + ((<usize>r) << 2));
    store<f64>(g, load<f64>(g) + <f64>sum);
  }
}

/** target += factor · source, doubles; `count` may be odd. */
export function addScaled(target: usize, source: usize, factor: f64, count: i32): void {
  const f = f64x2.splat(factor);
  for (let i: usize = 0; i < (<usize>count) << 3; i += 16) {
    v128.store(target + i, f64x2.add(v128.load(target + i), f64x2.mul(f, v128.load(source + i))));
  }
}

/** Σ squares of `count` doubles, an even number. */
export function squaredLength(source: usize, count: i32): f64 {
  let sum = f64x2.splat(0);
  let more = f64x2.splat(0);
  for (let i: usize = 0; i < (<usize>count) << 3; i += 16) {
    const x = v128.load(source + i);
    if ((i & 16) === 0) sum = f64x2.add(sum, f64x2.mul(x, x));
    else more = f64x2.add(more, f64x2.mul(x, x));
  }
  sum = f64x2.add(sum, more);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}
