/**
 * Matrix products whose right factor is packed in panels of eight columns, with the element-wise step that follows.
 * A row of the result is a function of its row of the left factor alone: every row goes through the same operations,
 * wherever it lies. AssemblyScript, not TypeScript; pure. Strides are in bytes.
 */
import { held, hold, madd } from "./arithmetic.ts";
import { tanh4 } from "./curves.ts";

/** Rows of the left factor that stay in the cache while the panels pass. */
const BLOCK_ROWS: i32 = 48;

/**
 * C = finish(start + A · B).
 *
 * @param c Shape [rows × 8 · panels], rows a multiple of 6.
 * @param a Shape [rows × depth].
 * @param b `depth` rows a panel.
 * @param bias The start of every row, shape [8 · panels]; 0: C itself is the start.
 * @param finish 0: nothing, 1: relu, 2: tanh, 3 and 4: times the derivative of relu or tanh by its output h.
 * @param h Of the form of C.
 */
export function multiply(
  c: usize,
  cStride: usize,
  a: usize,
  aStride: usize,
  b: usize,
  bias: usize,
  h: usize,
  rows: i32,
  depth: i32,
  panels: i32,
  finish: i32,
): void {
  for (let first = 0; first < rows; first += BLOCK_ROWS) {
    const end = min(first + BLOCK_ROWS, rows);
    let panel = b;
    for (let p = 0; p < panels; p++) {
      const at = (<usize>p) << 5;
      for (let i = first; i < end; i += 6) {
        const offset = at + <usize>i * cStride;
        const start = bias === 0 ? c + offset : bias + at;
        const startStride = bias === 0 ? cStride : 0;
        tile(
          c + offset,
          cStride,
          a + <usize>i * aStride,
          aStride,
          panel,
          start,
          startStride,
          depth,
        );
        if (finish !== 0)
          for (let r: usize = 0; r < 6; r++) {
            const target = c + offset + r * cStride;
            const output = h + offset + r * cStride;
            v128.store(target, finished(v128.load(target), output, finish));
            v128.store(target, finished(v128.load(target, 16), output + 16, finish), 16);
          }
      }
      panel += (<usize>depth) << 5;
    }
  }
}

/** NaN stays NaN in all of them: a unit that breaks must be seen to break. */
@inline
function finished(x: v128, output: usize, finish: i32): v128 {
  const zero = f32x4.splat(0);
  if (finish === 1) return f32x4.pmax(x, zero);
  if (finish === 2) return tanh4(x);
  const y = v128.load(output);
  if (finish === 3) return v128.andnot(x, f32x4.le(y, zero));
  return f32x4.mul(x, f32x4.sub(f32x4.splat(1), f32x4.mul(y, y)));
}

/** Six rows by eight columns: twelve sums in registers over six loads of one number and two of four. */
@inline
function tile(
  c: usize,
  cStride: usize,
  a: usize,
  aStride: usize,
  b: usize,
  start: usize,
  startStride: usize,
  depth: i32,
): void {
  let s00 = v128.load(start);
  let s01 = v128.load(start, 16);
  start += startStride;
  let s10 = v128.load(start);
  let s11 = v128.load(start, 16);
  start += startStride;
  let s20 = v128.load(start);
  let s21 = v128.load(start, 16);
  start += startStride;
  let s30 = v128.load(start);
  let s31 = v128.load(start, 16);
  start += startStride;
  let s40 = v128.load(start);
  let s41 = v128.load(start, 16);
  start += startStride;
  let s50 = v128.load(start);
  let s51 = v128.load(start, 16);
  let a1 = a + aStride;
  let a2 = a1 + aStride;
  let a3 = a2 + aStride;
  let a4 = a3 + aStride;
  let a5 = a4 + aStride;
  const end = b + ((<usize>depth) << 5);
  while (b < end) {
    const low = v128.load(b);
    const high = hold(b);
    let x = v128.load32_splat(a);
    s00 = madd(x, low, s00);
    s01 = madd(x, held(high, b), s01);
    x = v128.load32_splat(a1);
    s10 = madd(x, low, s10);
    s11 = madd(x, held(high, b), s11);
    x = v128.load32_splat(a2);
    s20 = madd(x, low, s20);
    s21 = madd(x, held(high, b), s21);
    x = v128.load32_splat(a3);
    s30 = madd(x, low, s30);
    s31 = madd(x, held(high, b), s31);
    x = v128.load32_splat(a4);
    s40 = madd(x, low, s40);
    s41 = madd(x, held(high, b), s41);
    x = v128.load32_splat(a5);
    s50 = madd(x, low, s50);
    s51 = madd(x, held(high, b), s51);
    a += 4;
    a1 += 4;
    a2 += 4;
    a3 += 4;
    a4 += 4;
    a5 += 4;
    b += 32;
  }
  v128.store(c, s00);
  v128.store(c, s01, 16);
  c += cStride;
  v128.store(c, s10);
  v128.store(c, s11, 16);
  c += cStride;
  v128.store(c, s20);
  v128.store(c, s21, 16);
  c += cStride;
  v128.store(c, s30);
  v128.store(c, s31, 16);
  c += cStride;
  v128.store(c, s40);
  v128.store(c, s41, 16);
  c += cStride;
  v128.store(c, s50);
  v128.store(c, s51, 16);
}

/** The last layer: z = start + A · w for one output; `depth` is a multiple of 4, both factors padded with zeros. */
export function multiplyColumn(
  z: usize,
  a: usize,
  aStride: usize,
  w: usize,
  bias: usize,
  rows: i32,
  depth: i32,
): void {
  for (let i = 0; i < rows; i++) {
    let sum = f32x4.splat(0);
    for (let k: usize = 0; k < (<usize>depth) << 2; k += 16) {
      sum = madd(v128.load(a + k), v128.load(w + k), sum);
    }
    const even = f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 2);
    const odd = f32x4.extract_lane(sum, 1) + f32x4.extract_lane(sum, 3);
    store<f32>(z, (bias === 0 ? load<f32>(z) : load<f32>(bias)) + (even + odd));
    z += 4;
    a += aStride;
  }
}

/** Back from one output: C = (d ⊗ w) times the derivative by `finish`; shape [rows × 4 · quads]. */
export function spreadColumn(
  c: usize,
  cStride: usize,
  d: usize,
  w: usize,
  h: usize,
  rows: i32,
  quads: i32,
  finish: i32,
): void {
  for (let i = 0; i < rows; i++) {
    const x = v128.load32_splat(d);
    for (let k: usize = 0; k < (<usize>quads) << 4; k += 16) {
      v128.store(c + k, finished(f32x4.mul(x, v128.load(w + k)), h + k, finish));
    }
    d += 4;
    c += cStride;
    h += cStride;
  }
}
