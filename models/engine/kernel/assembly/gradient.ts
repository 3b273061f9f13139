/**
 * Gradients of weights: sums over rows of inputs times deltas, in single precision within a chunk of rows and in doubles
 * across chunks. What a chunk adds is a function of its rows and their order alone. AssemblyScript, not TypeScript;
 * pure. Strides are in bytes. `starts` holds chunkCount + 1 row indices.
 */
import { addEight, held, hold, madd } from "./arithmetic.ts";

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
  addEight(g, s00, s01);
  g += 64;
  addEight(g, s10, s11);
  g += 64;
  addEight(g, s20, s21);
  g += 64;
  addEight(g, s30, s31);
  g += 64;
  addEight(g, s40, s41);
  g += 64;
  addEight(g, s50, s51);
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
  addEight(g, s00, s01);
  g += 64;
  addEight(g, s10, s11);
  g += 64;
  addEight(g, s20, s21);
  g += 64;
  addEight(g, s30, s31);
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
  addEight(g, s00, s01);
  g += 64;
  addEight(g, s10, s11);
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
