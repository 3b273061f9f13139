/**
 * Norms of units' gradients without forming them, and factors that surely clip them. Pure but for the kernel's memory.
 *
 * A unit's part of the sum is G = Σ over its rows of (inputs ⊗ scaled deltas): numbers of single precision, multiplied
 * and added as real numbers (what adding them up rounds is in docs/engine.md). The factors here make ‖G‖ ≤ C certain:
 * - One row: squares in single precision, eight lanes. A sum of n squares is off by at most n/8 + 4 roundings, as a
 *   share of itself, for nothing cancels; a square that vanishes is made up for (`tiny`). ‖G‖² is a sum of products of
 *   two such, its root off by at most the same share. Rounding the factor, and a delta times it, adds two more.
 *   Where squares exceed single precision the unit is left out.
 * - Several rows: inner products in doubles, with the bound of their rounding added, as the plain engine does. Scaled
 *   deltas are rounded, each row's by two roundings of its own norm: 2⁻²² R more than covers it, R = Σ ‖row gradient‖.
 * @see passes.ts, `squaredNorm`; Higham 2002, §3.1, for sums of n terms.
 */
import { CLIP_LAYER_BYTES, type LayerLayout } from "./layout.ts";
import type { Space } from "./space.ts";

/** Unit round-off of single and of double precision. */
const ROUND_OFF_32 = 2 ** -24;
const ROUND_OFF_64 = 2 ** -53;
/** On top of every bound: the clipped norm stays below the bound by more than doubles can round. */
const SHRINK = 1 - 1e-6;
/** What a square may lose by falling below the smallest number. */
const VANISHED = 2 ** -149;
/**
 * What scaled deltas may gain by being rounded to multiples of the smallest number: 2⁻¹⁵⁰ each, times inputs whose
 * squares add up to less than 2¹²⁸, over at most 64 rows of less than 2¹⁶ numbers.
 */
const UNDERFLOW = 2 ** -71;

type Vectors = Pick<
  LayerLayout,
  "input" | "inputStride" | "inputQuads" | "delta" | "deltaStride" | "deltaQuads"
>;

export interface UnitNorm {
  /** ‖gradient‖ before clipping, as good as it is known. */
  readonly norm: number;
  /** min(1, C / norm), made safe. 0 if the norm is not finite. */
  readonly factor: number;
  /** Σ over rows of their gradients' norms. */
  readonly rowNorms: number;
}

/** What the kernel reads of layers when it clips rows. @returns How many they are. */
export function describeLayersInPlace(space: Space): number {
  const { architecture, layout } = space;
  for (const [l, layer] of layout.layers.entries()) {
    const one = l === 0 ? 1 + architecture.sparse.length : 1;
    describeLayer(space, l, layer, one);
  }
  const count = layout.layers.length;
  const deltaQuads = Math.ceil(layout.embeddedWidth / 8) * 2;
  if (deltaQuads === 0) return count;
  const { embeddedDelta: delta, embeddedStride: deltaStride } = layout;
  const none = { input: delta, inputStride: 0, inputQuads: 0 };
  describeLayer(space, count, { ...none, delta, deltaStride, deltaQuads }, 1);
  return count + 1;
}

/** @param one What is added to the inputs' squares: a bias, and one-hot inputs. */
function describeLayer({ layout, u32, f64 }: Space, index: number, of: Vectors, one: number): void {
  const at = layout.clipLayers + index * CLIP_LAYER_BYTES;
  u32[at / 4] = of.input;
  u32[at / 4 + 1] = of.inputStride;
  u32[at / 4 + 2] = of.inputQuads;
  u32[at / 4 + 3] = of.delta;
  u32[at / 4 + 4] = of.deltaStride;
  u32[at / 4 + 5] = of.deltaQuads;
  f64[at / 8 + 3] = one;
  f64[at / 8 + 4] = 4 * of.deltaQuads * VANISHED;
}

/** What to clip a unit of one row to, its norm being what the kernel's `clipRows` finds. */
export function boundOfRow({ layout }: Space, clipNorm: number): number {
  return clipNorm * (SHRINK - (layout.widest / 8 + 8) * ROUND_OFF_32) - UNDERFLOW;
}

/** A unit whose norm is not finite is left out. As the kernel's `clipRows`. */
function factorOf(norm: number, bound: number): number {
  return Number.isFinite(norm) ? Math.max(0, Math.min(1, bound / norm)) : 0;
}

/** A unit of several rows, from … to − 1. The norm is an upper bound, see `squaredNorm` of the plain engine. */
export function normOfRows(space: Space, from: number, to: number, clipNorm: number): UnitNorm {
  const { layout, f64, architecture } = space;
  pairProductsInPlace(space, from, to);
  const rows = to - from;
  let total = 0;
  let rowNorms = 0;
  let at = layout.products / 8;
  for (let r = 0; r < rows; r++) {
    // Not finite where squares exceed single precision: what such deltas lose when scaled is not bounded.
    if (!Number.isFinite(f64[layout.norms / 8 + from + r] ?? 0)) total = Number.NaN;
    for (let s = 0; s < r; s++) total += 2 * (f64[at + s] ?? 0);
    const own = f64[at + r] ?? 0;
    total += own;
    rowNorms += Math.sqrt(own);
    at += r + 1;
  }
  const operations = 2 * layout.widest + 4 * layout.layers.length + architecture.sparse.length;
  const gamma = 2 * ROUND_OFF_64 * (operations + architecture.embeddings.length + rows * rows + 8);
  const norm = Math.sqrt(Math.max(0, total) + gamma * rowNorms * rowNorms); // NaN stays NaN.
  const safe = norm + 4 * ROUND_OFF_32 * rowNorms;
  return { norm, factor: factorOf(safe, clipNorm * SHRINK - UNDERFLOW), rowNorms };
}

/** Inner products of the gradients of all pairs of rows, into `products`, in doubles. */
function pairProductsInPlace(space: Space, from: number, to: number): void {
  const { layout, exports, f64 } = space;
  const { products, ones } = layout;
  const pairs = ((to - from) * (to - from + 1)) / 2;
  f64.fill(0, products / 8, products / 8 + pairs);
  for (const [l, at] of layout.layers.entries()) {
    if (l === 0) countEqualCodesInPlace(space, from, to);
    else if (l === 1) f64.fill(1, ones / 8, ones / 8 + pairs);
    const { inputStride, inputQuads, deltaStride, deltaQuads } = at;
    const input = at.input + from * inputStride;
    const delta = at.delta + from * deltaStride;
    const rows = to - from;
    exports.addPairProducts(
      products,
      ones,
      input,
      inputStride,
      inputQuads,
      delta,
      deltaStride,
      deltaQuads,
      rows,
    );
  }
  if (layout.embeddedWidth > 0) addEmbeddedProducts(space, from, to);
}

/** 1 for the bias, and 1 for each one-hot category that the two rows have in common. */
function countEqualCodesInPlace(
  { architecture, layout, f64, u32 }: Space,
  from: number,
  to: number,
): void {
  const tables = architecture.sparse.length;
  const codes = layout.sparse / 4;
  let at = layout.ones / 8;
  for (let r = from; r < to; r++) {
    for (let s = from; s <= r; s++) {
      let equal = 1;
      for (let t = 0; t < tables; t++) {
        if (u32[codes + r * tables + t] === u32[codes + s * tables + t]) equal += 1;
      }
      f64[at] = equal;
      at += 1;
    }
  }
}

/** Rows with the same category share an embedded row. Spans are not whole quads, so this is plain. */
function addEmbeddedProducts(
  { architecture, layout, f32, f64, u32 }: Space,
  from: number,
  to: number,
): void {
  const { embeddings } = architecture;
  const codes = layout.embedded / 4;
  const stride = layout.embeddedStride / 4;
  let at = layout.products / 8;
  for (let r = from; r < to; r++) {
    for (let s = from; s <= r; s++) {
      let rAt = layout.embeddedDelta / 4 + r * stride;
      let sAt = layout.embeddedDelta / 4 + s * stride;
      let sum = 0;
      for (let t = 0; t < embeddings.length; t++) {
        const width = embeddings[t]?.width ?? 0;
        const shared =
          u32[codes + r * embeddings.length + t] === u32[codes + s * embeddings.length + t];
        if (shared)
          for (let k = 0; k < width; k++) sum += (f32[rAt + k] ?? 0) * (f32[sAt + k] ?? 0);
        rAt += width;
        sAt += width;
      }
      f64[at] = (f64[at] ?? 0) + sum;
      at += 1;
    }
  }
}
