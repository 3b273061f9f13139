/** Gradient histograms of nodes: the one heavy loop of boosting. Pure. */
import type { BinnedRows, FeatureBins } from "./bins.ts";

/** Per bin: Σ gradient, Σ Hessian, rows. */
export const CHANNELS = 3;
/** A feature's sums while they are made: 256 bins of four numbers, the last unused. */
const STRIDE = 4;
const FEATURE_SUMS = 256 * STRIDE;

/** What each row adds, indexed by row. Whole numbers where sums must be exact. */
export interface RowGradients {
  readonly gradients: Float64Array;
  readonly hessians: Float64Array;
}

/** Bins of the features that a tree may use, one feature after the other. */
export function histogramWidth(layout: readonly FeatureBins[], features: Uint32Array): number {
  let width = 0;
  for (const feature of features) width += layout[feature]?.binCount ?? 0;
  return width;
}

/**
 * The histogram of one node.
 *
 * @param rows The node's rows.
 * @param features Ascending indices of `layout`.
 * @returns Shape [width × 3]: per feature and bin the sums of its rows.
 */
export function nodeHistogram(
  { words }: BinnedRows,
  rows: Uint32Array,
  { gradients, hessians }: RowGradients,
  layout: readonly FeatureBins[],
  features: Uint32Array,
): Float64Array {
  // In the order of the node's rows, so that all but the bins is read in sequence.
  const g = new Float64Array(rows.length);
  const h = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] ?? 0;
    g[i] = gradients[row] ?? 0;
    h[i] = hessians[row] ?? 0;
  }
  const result = new Float64Array(histogramWidth(layout, features) * CHANNELS);
  const sums = new Float64Array(4 * FEATURE_SUMS);
  let group = -1;
  let at = 0;
  for (const feature of features) {
    if (feature >> 2 !== group) {
      group = feature >> 2;
      sums.fill(0);
      addRowsInPlace(sums, words[group] ?? new Uint32Array(0), rows, g, h);
    }
    const from = (feature & 3) * FEATURE_SUMS;
    const binCount = layout[feature]?.binCount ?? 0;
    for (let i = from; i < from + binCount * STRIDE; i += STRIDE) {
      result[at] = sums[i] ?? 0;
      result[at + 1] = sums[i + 1] ?? 0;
      result[at + 2] = sums[i + 2] ?? 0;
      at += CHANNELS;
    }
  }
  return result;
}

/** Four features at once: their sums do not wait for one another. */
function addRowsInPlace(
  sums: Float64Array,
  words: Uint32Array,
  rows: Uint32Array,
  gradients: Float64Array,
  hessians: Float64Array,
): void {
  for (let i = 0; i < rows.length; i++) {
    const word = words[rows[i] ?? 0] ?? 0;
    const g = gradients[i] ?? 0;
    const h = hessians[i] ?? 0;
    const a = (word << 2) & 0x3fc;
    const b = FEATURE_SUMS + ((word >>> 6) & 0x3fc);
    const c = 2 * FEATURE_SUMS + ((word >>> 14) & 0x3fc);
    const d = 3 * FEATURE_SUMS + ((word >>> 22) & 0x3fc);
    sums[a] = (sums[a] ?? 0) + g;
    sums[a + 1] = (sums[a + 1] ?? 0) + h;
    sums[a + 2] = (sums[a + 2] ?? 0) + 1;
    sums[b] = (sums[b] ?? 0) + g;
    sums[b + 1] = (sums[b + 1] ?? 0) + h;
    sums[b + 2] = (sums[b + 2] ?? 0) + 1;
    sums[c] = (sums[c] ?? 0) + g;
    sums[c + 1] = (sums[c + 1] ?? 0) + h;
    sums[c + 2] = (sums[c + 2] ?? 0) + 1;
    sums[d] = (sums[d] ?? 0) + g;
    sums[d + 1] = (sums[d + 1] ?? 0) + h;
    sums[d + 2] = (sums[d + 2] ?? 0) + 1;
  }
}
