/**
 * Gradients of biases and of the last layer's kernel: sums over rows, in single precision within a chunk of rows and in
 * doubles across chunks. AssemblyScript, not TypeScript; pure. Strides are in bytes; `starts` as in `gradient.ts`.
 */
import { addEight, addFour, madd } from "./arithmetic.ts";

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
  for (let chunk = 0; chunk < chunkCount; chunk++) {
    const at = starts + ((<usize>chunk) << 2);
    const first = <usize>load<u32>(at);
    const rows = <usize>load<u32>(at, 4) - first;
    const from = x + first * xStride;
    const w = weights === 0 ? weights : weights + (first << 2);
    let i = 0;
    for (; i + 32 <= width; i += 32) {
      addWide(g + ((<usize>i) << 3), from + ((<usize>i) << 2), xStride, w, rows);
    }
    for (; i < width; i += 8) {
      addNarrow(g + ((<usize>i) << 3), from + ((<usize>i) << 2), xStride, w, rows, i + 4 < width);
    }
  }
}

/** The weight of a row: 1 where there are none. */
@inline
function weightAt(weights: usize, row: usize): v128 {
  return weights === 0 ? f32x4.splat(1) : v128.load32_splat(weights + (row << 2));
}

/** Thirty-two columns: sums of eight do not wait for each other's last step. */
function addWide(g: usize, from: usize, stride: usize, weights: usize, rows: usize): void {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let s2 = f32x4.splat(0);
  let s3 = f32x4.splat(0);
  let s4 = f32x4.splat(0);
  let s5 = f32x4.splat(0);
  let s6 = f32x4.splat(0);
  let s7 = f32x4.splat(0);
  for (let r: usize = 0; r < rows; r++) {
    const w = weightAt(weights, r);
    s0 = madd(w, v128.load(from), s0);
    s1 = madd(w, v128.load(from, 16), s1);
    s2 = madd(w, v128.load(from, 32), s2);
    s3 = madd(w, v128.load(from, 48), s3);
    s4 = madd(w, v128.load(from, 64), s4);
    s5 = madd(w, v128.load(from, 80), s5);
    s6 = madd(w, v128.load(from, 96), s6);
    s7 = madd(w, v128.load(from, 112), s7);
    from += stride;
  }
  addEight(g, s0, s1);
  addEight(g + 64, s2, s3);
  addEight(g + 128, s4, s5);
  addEight(g + 192, s6, s7);
}

/** Eight columns, or four. */
function addNarrow(
  g: usize,
  from: usize,
  stride: usize,
  weights: usize,
  rows: usize,
  more: bool,
): void {
  let low = f32x4.splat(0);
  let high = f32x4.splat(0);
  for (let r: usize = 0; r < rows; r++) {
    const w = weightAt(weights, r);
    low = madd(w, v128.load(from), low);
    if (more) high = madd(w, v128.load(from, 16), high);
    from += stride;
  }
  if (more) addEight(g, low, high);
  else addFour(g, low);
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
