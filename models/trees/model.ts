/** A finished ensemble: scores of rows, and what each feature added to them. Pure. */
import type { TreesSpec } from "../../shared/charter/boost-spec.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import type { EncodedData } from "../data.ts";
import { binRows, featureBins } from "./bins.ts";
import { addTreeInPlace, goesLeft, routeRows, type Tree } from "./tree.ts";

export interface TreeModel {
  readonly schema: DataSchema;
  readonly spec: TreesSpec;
  /** Log-odds before any tree. */
  readonly base: number;
  /** Where bins end: shape [numberCount × (bins − 1)], in encoded values. */
  readonly edges: Float32Array;
  readonly trees: readonly Tree[];
}

/** Log-odds of each row. Shape [rowCount]. */
export function treeLogits(
  { schema, spec, base, edges, trees }: TreeModel,
  data: EncodedData,
): Float64Array {
  const layout = featureBins(schema, spec.bins);
  const binned = binRows(data, layout, edges, spec.bins);
  const all = Uint32Array.from({ length: data.rowCount }, (_, row) => row);
  const margins = new Float64Array(data.rowCount).fill(base);
  const missingBin = (feature: number): number => layout[feature]?.valueCount ?? 0;
  for (const tree of trees) addTreeInPlace(margins, tree, routeRows(tree, binned, all, missingBin));
  return margins;
}

/** Probability of "positive" of each row. Shape [rowCount]. */
export function treeScores(model: TreeModel, data: EncodedData): Float32Array {
  return Float32Array.from(treeLogits(model, data), (logit) => 1 / (1 + Math.exp(-logit)));
}

/**
 * What each feature added to each row's log-odds: along the row's path every split's feature is
 * given the change of value from the node to its child. A row's log-odds are `start` plus its parts.
 *
 * @returns `start`: base and the values of all roots. `parts`: shape [rowCount × features], row by row.
 * @see Saabas, Interpreting random forests, 2014.
 */
export function treeReasons(
  { schema, spec, base, edges, trees }: TreeModel,
  data: EncodedData,
): { readonly start: number; readonly parts: Float64Array } {
  const layout = featureBins(schema, spec.bins);
  const { rowCount, words } = binRows(data, layout, edges, spec.bins);
  const width = layout.length;
  const parts = new Float64Array(rowCount * width);
  const binOf = (row: number, feature: number): number =>
    ((words[feature >> 2]?.[row] ?? 0) >>> (8 * (feature & 3))) & 0xff;
  for (let row = 0; row < rowCount; row++) {
    for (const tree of trees) {
      let node = tree[0];
      while (node && node.kind !== "leaf") {
        const { feature, left, value } = node;
        const missingBin = layout[feature]?.valueCount ?? 0;
        const child = tree[goesLeft(node, binOf(row, feature), missingBin) ? left : left + 1];
        const at = row * width + feature;
        parts[at] = (parts[at] ?? 0) + (child?.value ?? 0) - value;
        node = child;
      }
    }
  }
  return { start: trees.reduce((sum, tree) => sum + (tree[0]?.value ?? 0), base), parts };
}
