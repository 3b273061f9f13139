/** Trees over binned rows: their form, and where a row ends up. Pure. */
import { unreachable } from "../../shared/base/assert.ts";
import type { BinnedRows } from "./bins.ts";

/** A split's right child follows its left child in the list of nodes; node 0 is the root. */
export type TreeNode = Leaf | Split;
export type Split = NumberSplit | CategorySplit;

interface Leaf {
  readonly kind: "leaf";
  /** Log-odds that the tree adds to a row that ends here. A 32-bit float. */
  readonly value: number;
}

interface SplitNode {
  /** What a leaf here would add: for reasons. A 32-bit float. */
  readonly value: number;
  /** Index in the schema's features. */
  readonly feature: number;
  /** Greater than the node's own index. */
  readonly left: number;
}

/** Bins up to and with `bin` go left, others right; a missing value as it says. */
export interface NumberSplit extends SplitNode {
  readonly kind: "number";
  readonly bin: number;
  readonly missingLeft: boolean;
}

/** The bins listed go left, all others right: those never seen, too. */
interface CategorySplit extends SplitNode {
  readonly kind: "category";
  /** Ascending. */
  readonly bins: readonly number[];
}

export type Tree = readonly TreeNode[];

const BINS_MAX = 256;

/** Whether a row whose bin of the split's feature this is goes left. */
export function goesLeft(split: Split, bin: number, missingBin: number): boolean {
  switch (split.kind) {
    case "number":
      return bin === missingBin ? split.missingLeft : bin <= split.bin;
    case "category":
      return split.bins.includes(bin);
    default:
      return unreachable(split);
  }
}

/** For each bin: 1 left, 0 right. Shape [256]. */
function leftBins(split: Split, missingBin: number): Uint8Array {
  return Uint8Array.from({ length: BINS_MAX }, (_, bin) =>
    goesLeft(split, bin, missingBin) ? 1 : 0,
  );
}

/** Rows by the node that they end up in: those of node i are rows[starts[i]] … rows[ends[i] − 1]. */
export interface RowsByNode {
  readonly rows: Uint32Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/**
 * Where rows go in a tree, in order within each node: a split's rows are its children's together.
 *
 * @param rows Which of them. Unchanged.
 * @param missingBin The bin of a feature's missing values: its count of known ones.
 */
export function routeRows(
  tree: Tree,
  binned: BinnedRows,
  rows: Uint32Array,
  missingBin: (feature: number) => number,
): RowsByNode {
  const order = rows.slice();
  const rest = new Uint32Array(rows.length);
  const starts = new Uint32Array(tree.length);
  const ends = new Uint32Array(tree.length);
  ends[0] = rows.length;
  for (const [i, node] of tree.entries()) {
    if (node.kind === "leaf") continue;
    const { feature, left } = node;
    const words = binned.words[feature >> 2] ?? new Uint32Array(0);
    const bins = { words, shift: 8 * (feature & 3), isLeft: leftBins(node, missingBin(feature)) };
    const start = starts[i] ?? 0;
    const end = ends[i] ?? 0;
    const middle = partitionInPlace(order, start, end, rest, bins);
    starts[left] = start;
    ends[left] = middle;
    starts[left + 1] = middle;
    ends[left + 1] = end;
  }
  return { rows: order, starts, ends };
}

/** Stable. Returns where the right side begins. */
function partitionInPlace(
  order: Uint32Array,
  start: number,
  end: number,
  rest: Uint32Array,
  { words, shift, isLeft }: { words: Uint32Array; shift: number; isLeft: Uint8Array },
): number {
  let lefts = start;
  let rights = 0;
  for (let i = start; i < end; i++) {
    const row = order[i] ?? 0;
    // Both are written, one of them is kept: no branch to mispredict.
    const goes = isLeft[((words[row] ?? 0) >>> shift) & 0xff] ?? 0;
    rest[rights] = row;
    order[lefts] = row;
    lefts += goes;
    rights += 1 - goes;
  }
  order.set(rest.subarray(0, rights), lefts);
  return lefts;
}

/** Adds a tree's values to the margins of all rows. Shape of `margins` [rowCount]. */
export function addTreeInPlace(margins: Float64Array, tree: Tree, routed: RowsByNode): void {
  const { rows, starts, ends } = routed;
  for (const [i, node] of tree.entries()) {
    if (node.kind !== "leaf") continue;
    const end = ends[i] ?? 0;
    for (let at = starts[i] ?? 0; at < end; at++) {
      const row = rows[at] ?? 0;
      margins[row] = (margins[row] ?? 0) + node.value;
    }
  }
}
