/**
 * Boosted trees as ONNX: raw numbers and category texts in, probabilities out, as for nets. Pure. The trees are a
 * TreeEnsembleRegressor of ai.onnx.ml 3 over doubles, so that no limit is rounded.
 *
 * @see ONNX, ai.onnx.ml operators, TreeEnsembleRegressor, since version 3.
 */
import type { TreeModel } from "../trees/model.ts";
import {
  constant,
  type Graph,
  input,
  ML_DOMAIN,
  newGraph,
  node,
  onnxModel,
  output,
  type Value,
} from "./onnx-graph.ts";
import { codesOf, metadataOf } from "./onnx-inputs.ts";
import { type RawCategory, type RawNode, type RawTrees, rawTrees } from "./raw-trees.ts";

/** The bytes of a `.onnx` file. The same model always gives the same bytes. */
export function treesToOnnx(model: TreeModel): Uint8Array {
  const { features } = model.schema;
  const raw = rawTrees(model);
  const graph = newGraph();
  const numberCount = features.filter(({ type }) => type === "number").length;
  const categories = raw.categories.filter((category) => category !== null);
  const numbers = numberCount > 0 ? input(graph, "numbers", "double", numberCount) : null;
  const codes = codesOf(
    graph,
    categories.map(({ codeOf }) => codeOf),
  );
  const { parts, columnOf } = columns(graph, raw, numbers, codes);
  const joined =
    parts.length === 1 ? (parts[0] ?? "") : node(graph, "Concat", "joined", parts, { axis: 1 });
  const attributes = ensemble(model.base, raw, columnOf);
  const sum = node(graph, "TreeEnsembleRegressor", "sum", [joined], attributes, ML_DOMAIN);
  const logit = numbers === null ? sum : refuseUnknown(graph, model, numbers, sum);
  output(graph, node(graph, "Sigmoid", "score", [logit]), "float", 1);
  return onnxModel(graph, "cloister", metadataOf(model.schema), 3);
}

/** What the ensemble sees: the numbers, and for each set of categories that splits a node, 0 where they go left. */
interface Columns {
  readonly parts: readonly Value[];
  columnOf(split: Exclude<RawNode, { kind: "leaf" }>): number;
}

function columns(
  graph: Graph,
  { trees, categories }: RawTrees,
  numbers: Value | null,
  codes: readonly Value[],
): Columns {
  const placeOf = places(categories);
  const setsOf = categories.map(() => new Map<string, readonly number[]>());
  for (const node of trees.flat())
    if (node.kind === "category") setsOf[node.feature]?.set(node.codes.join(), node.codes);
  const parts = numbers === null ? [] : [numbers];
  const firstOf: number[] = [];
  let next = categories.filter((category) => category === null).length;
  for (const [f, category] of categories.entries()) {
    const sets = [...(setsOf[f]?.values() ?? [])];
    firstOf.push(next);
    if (category === null || sets.length === 0) continue;
    next += sets.length;
    parts.push(memberships(graph, placeOf[f] ?? 0, category, sets, codes));
  }
  return {
    parts: next === 0 ? [zeros(graph, codes[0] ?? "")] : parts,
    columnOf(split) {
      if (split.kind === "number") return placeOf[split.feature] ?? 0;
      const sets = [...(setsOf[split.feature]?.keys() ?? [])];
      return (firstOf[split.feature] ?? 0) + sets.indexOf(split.codes.join());
    },
  };
}

/** Each feature's place among those of its kind. */
function places(categories: RawTrees["categories"]): number[] {
  let [number, category] = [0, 0];
  return categories.map((one) => (one === null ? number++ : category++));
}

/** One column a set. */
function memberships(
  graph: Graph,
  place: number,
  { codeCount }: RawCategory,
  sets: readonly (readonly number[])[],
  codes: readonly Value[],
): Value {
  const listed = sets.map((set) => new Set(set));
  const values = Float64Array.from({ length: codeCount * sets.length }, (_, i) =>
    listed[i % sets.length]?.has(Math.floor(i / sets.length)) ? 0 : 1,
  );
  const table = constant(graph, `sets${place}`, [codeCount, sets.length], values);
  return node(graph, "Gather", `isRight${place}`, [table, codes[place] ?? ""]);
}

/** A column of nothing, one a row, for trees without a split over a schema without a number. */
function zeros(graph: Graph, code: Value): Value {
  const table = constant(graph, "nothing", [1, 1], new Float64Array(1));
  const none = node(graph, "Sub", "first", [code, code]);
  return node(graph, "Gather", "blank", [table, none]);
}

/** A graph cannot refuse: where a number is unknown that the schema says must be known, the score is NaN. */
function refuseUnknown(graph: Graph, { schema }: TreeModel, numbers: Value, sum: Value): Value {
  const fills = schema.features.flatMap((feature) =>
    feature.type === "number" ? [feature.missing === "indicator" ? 0 : Number.NaN] : [],
  );
  if (fills.every((fill) => fill === 0)) return sum;
  const fill = constant(graph, "fill", [fills.length], Float32Array.from(fills));
  const known = constant(graph, "known", [], Float32Array.of(0));
  const unknown = node(graph, "IsNaN", "unknown", [numbers]);
  const faults = node(graph, "Where", "faults", [unknown, fill, known]);
  const axes = constant(graph, "axes", [1], [1n]);
  const fault = node(graph, "ReduceSum", "fault", [faults, axes]);
  return node(graph, "Add", "logit", [sum, fault]);
}

/** All nodes of all trees, and leaves once more as what they add. */
function ensemble(base: number, { trees }: RawTrees, columnOf: Columns["columnOf"]) {
  // An ensemble needs a tree.
  const all: RawTrees["trees"] = trees.length > 0 ? trees : [[{ kind: "leaf", value: 0 }]];
  const nodes = all.flatMap((tree, t) => tree.map((node, i) => ({ t, i, node })));
  const leaves = nodes.flatMap(({ t, i, node }) =>
    node.kind === "leaf" ? [{ t, i, value: node.value }] : [],
  );
  const child = (offset: number): number[] =>
    nodes.map(({ node }) => (node.kind === "leaf" ? 0 : node.left + offset));
  const limits = nodes.map(({ node }) => {
    if (node.kind === "number") return node.limit;
    return node.kind === "category" ? 0.5 : 0;
  });
  return {
    n_targets: 1,
    base_values_as_tensor: Float64Array.of(base),
    nodes_treeids: nodes.map(({ t }) => t),
    nodes_nodeids: nodes.map(({ i }) => i),
    nodes_featureids: nodes.map(({ node }) => (node.kind === "leaf" ? 0 : columnOf(node))),
    nodes_modes: nodes.map(({ node }) => (node.kind === "leaf" ? "LEAF" : "BRANCH_LEQ")),
    nodes_values_as_tensor: Float64Array.from(limits),
    nodes_truenodeids: child(0),
    nodes_falsenodeids: child(1),
    nodes_missing_value_tracks_true: nodes.map(({ node }) =>
      node.kind === "number" && node.missingLeft ? 1 : 0,
    ),
    target_treeids: leaves.map(({ t }) => t),
    target_nodeids: leaves.map(({ i }) => i),
    target_ids: leaves.map(() => 0),
    target_weights_as_tensor: Float64Array.from(leaves, ({ value }) => value),
  };
}
