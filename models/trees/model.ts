/** A finished ensemble: scores of rows, and what each feature added to them. Pure. */
import { assert } from "../../shared/base/assert.ts";
import type { TreesSpec } from "../../shared/charter/boost-spec.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import type { EncodedData } from "../data.ts";
import { type BinnedRows, binRows, type FeatureBins, featureBins } from "./bins.ts";
import {
  addTreeInPlace,
  goesLeft,
  routeRows,
  type Split,
  type Tree,
  type TreeNode,
} from "./tree.ts";

export interface TreeModel {
  readonly schema: DataSchema;
  readonly spec: TreesSpec;
  /** Log-odds before any tree. */
  readonly base: number;
  /** Where bins end: shape [numberCount × (bins − 1)], in encoded values. */
  readonly edges: Float32Array;
  readonly trees: readonly Tree[];
}

/** From so many rows on they go down a tree all together, which is some times as fast a row. */
const TOGETHER_MIN = 64;

interface Binned extends BinnedRows {
  readonly layout: readonly FeatureBins[];
}

/** How a model's features fall into bins: made once where single rows come one after another. */
export function layoutOf({ schema, spec }: TreeModel): readonly FeatureBins[] {
  return featureBins(schema, spec.bins);
}

function binned(
  { spec, edges }: TreeModel,
  data: EncodedData,
  layout: readonly FeatureBins[],
): Binned {
  return { layout, ...binRows(data, layout, edges, spec.bins) };
}

/** The split's child that the row goes to. */
function childOf(tree: Tree, split: Split, { layout, words }: Binned, row: number): TreeNode {
  const { feature, left } = split;
  const bin = ((words[feature >> 2]?.[row] ?? 0) >>> (8 * (feature & 3))) & 0xff;
  const child = tree[goesLeft(split, bin, layout[feature]?.valueCount ?? 0) ? left : left + 1];
  assert(child !== undefined, "a split has two children");
  return child;
}

/** Log-odds of each row. Shape [rowCount]. */
export function treeLogits(
  model: TreeModel,
  data: EncodedData,
  layout = layoutOf(model),
): Float64Array {
  return logitsOf(model, binned(model, data, layout), data.rowCount);
}

function logitsOf(model: TreeModel, bins: Binned, rowCount: number): Float64Array {
  const logits = new Float64Array(rowCount).fill(model.base);
  if (rowCount >= TOGETHER_MIN) addTogetherInPlace(logits, model.trees, bins);
  else for (const tree of model.trees) addEachInPlace(logits, tree, bins);
  return logits;
}

function addTogetherInPlace(logits: Float64Array, trees: readonly Tree[], bins: Binned): void {
  const all = Uint32Array.from(logits, (_, row) => row);
  const missingBin = (feature: number): number => bins.layout[feature]?.valueCount ?? 0;
  for (const tree of trees) addTreeInPlace(logits, tree, routeRows(tree, bins, all, missingBin));
}

function addEachInPlace(logits: Float64Array, tree: Tree, bins: Binned): void {
  for (let row = 0; row < logits.length; row++) {
    let node = tree[0];
    while (node && node.kind !== "leaf") node = childOf(tree, node, bins, row);
    logits[row] = (logits[row] ?? 0) + (node?.value ?? 0);
  }
}

/**
 * What each feature added to each row's log-odds: along the row's path every split's feature is
 * given the change of value from the node to its child. A row's log-odds are `start` plus its parts.
 *
 * @returns `start`: base and the values of all roots. `parts`: shape [rowCount × features], row by row. `logits`: as
 *   `treeLogits`.
 * @see Saabas, Interpreting random forests, 2014.
 */
export function treeReasons(
  model: TreeModel,
  data: EncodedData,
  layout = layoutOf(model),
): { readonly start: number; readonly parts: Float64Array; readonly logits: Float64Array } {
  const bins = binned(model, data, layout);
  const width = bins.layout.length;
  const parts = new Float64Array(data.rowCount * width);
  for (let row = 0; row < data.rowCount; row++) {
    for (const tree of model.trees) {
      let node = tree[0];
      while (node && node.kind !== "leaf") {
        const child = childOf(tree, node, bins, row);
        const at = row * width + node.feature;
        parts[at] = (parts[at] ?? 0) + child.value - node.value;
        node = child;
      }
    }
  }
  const start = model.trees.reduce((sum, tree) => sum + (tree[0]?.value ?? 0), model.base);
  return { start, parts, logits: logitsOf(model, bins, data.rowCount) };
}
