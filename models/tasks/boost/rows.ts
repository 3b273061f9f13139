/**
 * A member's rows under an ensemble: their bins and margins. Pure: what is remembered between asks
 * only saves work; the same ask on the same rows always gives the same numbers.
 */
import type { EncodedData } from "../../data.ts";
import { type BinnedRows, binRows, type FeatureBins } from "../../trees/bins.ts";
import { addTreeInPlace, routeRows } from "../../trees/tree.ts";
import type { ReadInput } from "./input.ts";

export interface Rows {
  readonly data: EncodedData;
  readonly binned: BinnedRows;
  /** Log-odds of each row by all completed trees. Not to be changed. */
  readonly margins: Float64Array;
  /** 0, 1, … rowCount − 1. Not to be changed. */
  readonly all: Uint32Array;
}

interface Remembered extends Omit<Rows, "margins"> {
  readonly edges: Float32Array;
  readonly base: number;
  readonly bins: number;
  margins: Float64Array;
  /** The trees that the margins are by. */
  forest: Float32Array;
}

/** By the rows themselves: gone with them. One entry for each; it never decides a result. */
const REMEMBERED = new WeakMap<EncodedData, Remembered>();

export function rowsUnder(
  data: EncodedData,
  layout: readonly FeatureBins[],
  bins: number,
  input: ReadInput,
): Rows {
  const known = REMEMBERED.get(data);
  const fits =
    known?.base === input.base &&
    known.bins === bins &&
    isPrefix(known.edges, input.edges, true) &&
    isPrefix(known.forest, input.forest, false);
  const rows = fits ? known : fresh(data, layout, bins, input);
  const done = rows.forest.length;
  // Replaced, not changed: what others remember by them stays true.
  if (input.forest.length > done) rows.margins = rows.margins.slice();
  for (const [i, tree] of input.trees.entries()) {
    if ((input.treeEnds[i] ?? 0) <= done) continue;
    const routed = routeRows(tree, rows.binned, rows.all, missingBinOf(layout));
    addTreeInPlace(rows.margins, tree, routed);
  }
  rows.forest = input.forest.slice();
  REMEMBERED.set(data, rows);
  const { binned, margins, all } = rows;
  return { data, binned, margins, all };
}

function fresh(
  data: EncodedData,
  layout: readonly FeatureBins[],
  bins: number,
  { edges, base }: ReadInput,
): Remembered {
  const { rowCount } = data;
  return {
    data,
    binned: binRows(data, layout, edges, bins),
    margins: new Float64Array(rowCount).fill(base),
    all: Uint32Array.from({ length: rowCount }, (_, row) => row),
    edges: edges.slice(),
    base,
    bins,
    forest: new Float32Array(0),
  };
}

function isPrefix(part: Float32Array, whole: Float32Array, entire: boolean): boolean {
  if (part.length > whole.length || (entire && part.length !== whole.length)) return false;
  for (let i = 0; i < part.length; i++) if (part[i] !== whole[i]) return false;
  return true;
}

export function missingBinOf(layout: readonly FeatureBins[]): (feature: number) => number {
  return (feature) => layout[feature]?.valueCount ?? 0;
}
