/** Ensembles of random trees over any schema: for scoring and exports, where nothing need be learned. Pure. */
import { featureBins, uniformEdges } from "../../models/trees/bins.ts";
import type { TreeModel } from "../../models/trees/model.ts";
import type { Split, Tree, TreeNode } from "../../models/trees/tree.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import { TreesSpec } from "../../shared/charter/boost-spec.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";

export function randomForest(
  schema: DataSchema,
  { trees, leaves, bins }: Record<"trees" | "leaves" | "bins", number>,
): TreeModel {
  const source = new UniformSource(reproducibleRng("random forest"));
  const spec = TreesSpec.parse({ trees, depth: 12, bins, edges: "bounds" });
  const numberCount = schema.features.filter(({ type }) => type === "number").length;
  return {
    schema,
    spec,
    base: -0.7,
    edges: uniformEdges(numberCount, bins),
    trees: Array.from({ length: trees }, () => randomTree(schema, leaves, bins, source)),
  };
}

/** A leaf drawn at random is split until there are enough. */
function randomTree(schema: DataSchema, leaves: number, bins: number, source: UniformSource): Tree {
  const value = (): number => Math.fround(0.1 * source.normal());
  const tree: TreeNode[] = [{ kind: "leaf", value: value() }];
  while (tree.length < 2 * leaves - 1) {
    const open = [...tree.keys()].filter((i) => tree[i]?.kind === "leaf");
    const at = open[source.below(Math.min(open.length, 8))] ?? 0;
    tree[at] = randomSplit(schema, bins, tree.length, value(), source);
    tree.push({ kind: "leaf", value: value() }, { kind: "leaf", value: value() });
  }
  return tree;
}

function randomSplit(
  schema: DataSchema,
  bins: number,
  left: number,
  value: number,
  source: UniformSource,
): Split {
  const layout = featureBins(schema, bins);
  const feature = source.below(layout.length);
  const { kind, valueCount } = layout[feature] ?? { kind: "number", valueCount: bins };
  if (kind === "number") {
    const missingLeft = source.below(2) === 1;
    return { kind, value, feature, left, bin: source.below(valueCount), missingLeft };
  }
  const all = Array.from({ length: valueCount }, (_, bin) => bin);
  return { kind, value, feature, left, bins: all.filter(() => source.below(2) === 1) };
}
