/** Trees walked row by row over bins, as they were grown: what faster scoring must equal bit for bit. Pure. */
import type { EncodedData } from "../../models/data.ts";
import { binRows, featureBins } from "../../models/trees/bins.ts";
import type { TreeModel } from "../../models/trees/model.ts";
import { goesLeft, type TreeNode } from "../../models/trees/tree.ts";

/** Log-odds of each row, and what each feature added: shape [rowCount × features], row by row. */
export function walkedRows(
  { schema, spec, base, edges, trees }: TreeModel,
  data: EncodedData,
): { readonly logits: Float64Array; readonly parts: Float64Array } {
  const layout = featureBins(schema, spec.bins);
  const { words } = binRows(data, layout, edges, spec.bins);
  const logits = new Float64Array(data.rowCount).fill(base);
  const parts = new Float64Array(data.rowCount * layout.length);
  for (let row = 0; row < data.rowCount; row++) {
    for (const tree of trees) {
      let node: TreeNode | undefined = tree[0];
      while (node && node.kind !== "leaf") {
        const { feature, left, value } = node;
        const bin = ((words[feature >> 2]?.[row] ?? 0) >>> (8 * (feature & 3))) & 0xff;
        const isLeft: boolean = goesLeft(node, bin, layout[feature]?.valueCount ?? 0);
        node = tree[isLeft ? left : left + 1];
        const at = row * layout.length + feature;
        parts[at] = (parts[at] ?? 0) + (node?.value ?? 0) - value;
      }
      logits[row] = (logits[row] ?? 0) + (node?.value ?? 0);
    }
  }
  return { logits, parts };
}
