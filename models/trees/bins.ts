/** From encoded values to bins: the only form in which boosted trees see a row. Pure. */
import { assert } from "../../shared/base/assert.ts";
import { badInput } from "../../shared/base/errors.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import type { EncodedData } from "../data.ts";

/** Codes beyond a byte share the bin of "anything else". */
const CATEGORY_BINS_MAX = 256;
/** Cells of the public grid on [−1, 1] that quantiles are read from; a power of two: its lines are exact. */
export const GRID_CELLS = 4096;
/** Beyond every value: an edge that separates nothing. */
const NO_EDGE = 2;

/** How one feature, in schema order, is binned. */
export interface FeatureBins {
  readonly name: string;
  readonly kind: "number" | "category";
  /** Its column among the numbers or among the categories. */
  readonly column: number;
  /** Bins of known values; a category's bin is its code. */
  readonly valueCount: number;
  /** `valueCount`, and one where missing values have a bin of their own: the last. */
  readonly binCount: number;
}

/** @param bins Bins of a number's known values. */
export function featureBins({ features }: DataSchema, bins: number): FeatureBins[] {
  let numberCount = 0;
  let categoryCount = 0;
  return features.map((feature) => {
    const { name } = feature;
    if (feature.type === "number") {
      const binCount = bins + (feature.missing === "indicator" ? 1 : 0);
      return { name, kind: "number", column: numberCount++, valueCount: bins, binCount };
    }
    const binCount = Math.min(feature.categories.length + 1, CATEGORY_BINS_MAX);
    return { name, kind: "category", column: categoryCount++, valueCount: binCount, binCount };
  });
}

/** Edges in equal steps. Shape [numberCount × (bins − 1)], ascending for each number. */
export function uniformEdges(numberCount: number, bins: number): Float32Array {
  const steps = bins - 1;
  return Float32Array.from(
    { length: numberCount * steps },
    (_, i) => -1 + (2 * ((i % steps) + 1)) / bins,
  );
}

/** Cell of a known value: those up to and with the line −1 + 2k/cells lie in cells below k. */
function gridCell(value: number): number {
  const cell = Math.ceil((value + 1) * (GRID_CELLS / 2)) - 1;
  return Math.max(0, Math.min(GRID_CELLS - 1, cell));
}

/** Adds the known values of each number to its grid. Shape of `counts` [numberCount × GRID_CELLS]. */
export function addToGridInPlace(
  counts: Float64Array,
  { numbers, rowCount }: EncodedData,
  numberCount: number,
): void {
  for (let j = 0; j < numberCount; j++) {
    const own = counts.subarray(j * GRID_CELLS, (j + 1) * GRID_CELLS);
    for (let row = 0; row < rowCount; row++) {
      const value = numbers[row * numberCount + j] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      const cell = gridCell(value);
      own[cell] = (own[cell] ?? 0) + 1;
    }
  }
}

/** Edges at quantiles of opened grids; the same counts always give the same edges. @see uniformEdges */
export function quantileEdges(
  counts: Float64Array,
  numberCount: number,
  bins: number,
): Float32Array {
  const edges = new Float32Array(numberCount * (bins - 1)).fill(NO_EDGE);
  for (let j = 0; j < numberCount; j++) {
    const cells = counts.subarray(j * GRID_CELLS, (j + 1) * GRID_CELLS);
    edges.set(edgesOf(cells, bins), j * (bins - 1));
  }
  return edges;
}

/**
 * A bin is closed once it holds its share of what is left; or half of it, where the next cell alone
 * holds a share and so gets a bin of its own. Where cells suffice every cell has its bin.
 */
function edgesOf(cells: Float64Array, bins: number): number[] {
  const filled: number[] = [];
  for (let i = 0; i < cells.length; i++) if ((cells[i] ?? 0) > 0) filled.push(i);
  const fits = filled.length <= bins;
  let left = filled.reduce((sum, i) => sum + (cells[i] ?? 0), 0);
  const edges: number[] = [];
  let inBin = 0;
  for (let k = 0; k + 1 < filled.length && edges.length < bins - 1; k++) {
    const cell = filled[k] ?? 0;
    const next = filled[k + 1] ?? 0;
    inBin += cells[cell] ?? 0;
    const share = left / (bins - edges.length);
    const nextIsLarge = (cells[next] ?? 0) >= share && 2 * inBin >= share;
    if (!fits && inBin < share && !nextIsLarge) continue;
    // The line in the middle of the gap.
    edges.push(-1 + (2 * Math.floor((cell + 1 + next) / 2)) / GRID_CELLS);
    left -= inBin;
    inBin = 0;
  }
  return edges;
}

/** @throws {CloisterError} If edges that came from elsewhere are not ascending numbers. */
export function checkEdges(edges: Float32Array, numberCount: number, bins: number): void {
  assert(edges.length === numberCount * (bins - 1), "as many edges as the schema needs");
  for (let i = 0; i < edges.length; i++) {
    const value = edges[i] ?? Number.NaN;
    const isFirst = i % (bins - 1) === 0;
    if (Math.abs(value) <= NO_EDGE && (isFirst || value >= (edges[i - 1] ?? 0))) continue;
    throw badInput("task.edges", "The ask's bin edges are not ascending numbers.");
  }
}

/** Every row's bin of every feature: four features to a word, so that one load fetches four bins. */
export interface BinnedRows {
  readonly rowCount: number;
  /** Features 4i … 4i + 3, lowest byte first. Each of shape [rowCount]. */
  readonly words: readonly Uint32Array[];
}

export function binRows(
  data: EncodedData,
  layout: readonly FeatureBins[],
  edges: Float32Array,
  bins: number,
): BinnedRows {
  const { rowCount } = data;
  const words = Array.from(
    { length: Math.ceil(layout.length / 4) },
    () => new Uint32Array(rowCount),
  );
  const numberCount = layout.filter(({ kind }) => kind === "number").length;
  const categoryCount = layout.length - numberCount;
  const column = new Uint8Array(rowCount);
  for (const [f, feature] of layout.entries()) {
    const first = feature.column * (bins - 1);
    if (feature.kind === "category") binCodesInPlace(column, data.codes, feature, categoryCount);
    else {
      const own = edges.subarray(first, first + bins - 1);
      binNumbersInPlace(column, data.numbers, feature.column, numberCount, own);
    }
    const target = words[f >> 2];
    const shift = 8 * (f & 3);
    if (!target) continue;
    for (let row = 0; row < rowCount; row++)
      target[row] = (target[row] ?? 0) | ((column[row] ?? 0) << shift);
  }
  return { rowCount, words };
}

function binCodesInPlace(
  target: Uint8Array,
  codes: Uint16Array,
  { column, valueCount }: FeatureBins,
  width: number,
): void {
  for (let row = 0; row < target.length; row++) {
    const code = codes[row * width + column] ?? 0;
    target[row] = code < valueCount ? code : 0;
  }
}

/** The bin of a value is how many edges are below it; a missing value's is the last. */
function binNumbersInPlace(
  target: Uint8Array,
  numbers: Float32Array,
  column: number,
  width: number,
  edges: Float32Array,
): void {
  for (let row = 0; row < target.length; row++) {
    const value = numbers[row * width + column] ?? Number.NaN;
    let low = 0;
    let high = edges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((edges[middle] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    target[row] = Number.isNaN(value) ? edges.length + 1 : low;
  }
}
