/** Boosted trees as one JSON text that a person can read. Pure; the format is in docs/models.md. */

import { z } from "zod";
import { canonicalJson } from "../../shared/base/canonical.ts";
import { badInput, type CloisterError } from "../../shared/base/errors.ts";
import { faultOf } from "../../shared/base/fault.ts";
import { TreesSpec } from "../../shared/charter/boost-spec.ts";
import { DataSchema } from "../../shared/charter/schema.ts";
import type { PrivacyStatement } from "../privacy-statement.ts";
import { checkEdges, type FeatureBins, featureBins } from "../trees/bins.ts";
import { pushTree, readerOf, readTree } from "../trees/codec.ts";
import type { TreeModel } from "../trees/model.ts";
import type { Tree, TreeNode } from "../trees/tree.ts";
import { asJson } from "./json.ts";

export const TREES_FORMAT = "cloister-trees/1";

const Index = z.int().min(0).max(1_000_000);
const Node = z.union([
  z.strictObject({ value: z.number() }),
  z.strictObject({
    value: z.number(),
    feature: z.string(),
    left: Index,
    bin: Index,
    missing: z.enum(["left", "right"]),
  }),
  z.strictObject({
    value: z.number(),
    feature: z.string(),
    left: Index,
    categories: z.array(Index),
  }),
]);
type Node = z.infer<typeof Node>;

const TreesFile = z.strictObject({
  format: z.literal(TREES_FORMAT),
  schema: DataSchema,
  spec: TreesSpec,
  base: z.number(),
  /** Of each number, where its bins end, ascending: −1 … 1 are the declared bounds. */
  edges: z.record(z.string(), z.array(z.number())),
  trees: z.array(z.array(Node).min(1)).max(10_000),
  /** What the model says of its privacy; carried along, not interpreted. */
  privacyStatement: z.looseObject({ version: z.literal(1) }).optional(),
});

/** The text, one line, ending in a line feed; the same model always gives the same text. */
export function treesToJson(model: TreeModel, statement?: PrivacyStatement): string {
  const { schema, spec, base, trees } = model;
  const layout = featureBins(schema, spec.bins);
  const file = {
    format: TREES_FORMAT,
    schema,
    spec,
    base,
    edges: edgesByName(model, layout),
    trees: trees.map((tree) => tree.map((node) => nodeToJson(node, layout))),
    ...(statement && { privacyStatement: asJson(statement) }),
  };
  return `${canonicalJson(file)}\n`;
}

function edgesByName(
  { edges, spec }: TreeModel,
  layout: readonly FeatureBins[],
): Record<string, number[]> {
  const length = spec.bins - 1;
  const numbers = layout.filter(({ kind }) => kind === "number");
  return Object.fromEntries(
    numbers.map(({ name, column }) => [
      name,
      [...edges.subarray(column * length, (column + 1) * length)],
    ]),
  );
}

function nodeToJson(node: TreeNode, layout: readonly FeatureBins[]): Node {
  const { value } = node;
  if (node.kind === "leaf") return { value };
  const feature = layout[node.feature]?.name ?? "";
  const { left } = node;
  if (node.kind === "category") return { value, feature, left, categories: [...node.bins] };
  return { value, feature, left, bin: node.bin, missing: node.missingLeft ? "left" : "right" };
}

/**
 * Reads an ensemble back, bit for bit.
 *
 * @throws {CloisterError} If the text is cut short, of another version, or inconsistent.
 */
export function parseTreesJson(value: unknown): TreeModel {
  const file = TreesFile.safeParse(value);
  if (!file.success) {
    const { path, reason } = faultOf(file.error, value);
    throw bad("invalid", `${path === "" ? "" : `Field "${path}": `}${reason}.`);
  }
  const { schema, spec, base } = file.data;
  const layout = featureBins(schema, spec.bins);
  const edges = edgesOf(file.data.edges, layout, spec.bins);
  const trees = file.data.trees.map((nodes, i) => treeOf(nodes, layout, i));
  return { schema, spec, base, edges, trees };
}

function edgesOf(
  byName: Readonly<Record<string, number[]>>,
  layout: readonly FeatureBins[],
  bins: number,
): Float32Array {
  const numbers = layout.filter(({ kind }) => kind === "number");
  const edges = new Float32Array(numbers.length * (bins - 1));
  for (const { name, column } of numbers) {
    const own = byName[name];
    if (own?.length !== bins - 1)
      throw bad("wrong-length", `Field "edges": "${name}" does not have ${bins - 1} values.`);
    edges.set(own, column * (bins - 1));
  }
  checkEdges(edges, numbers.length, bins);
  return edges;
}

/** Through the same checks as a tree that a member is asked with. */
function treeOf(nodes: readonly Node[], layout: readonly FeatureBins[], index: number): Tree {
  const indexOf = new Map(layout.map(({ name }, i) => [name, i]));
  const values: number[] = [];
  const tree = nodes.map((node): TreeNode => {
    const value = Math.fround(node.value);
    if (!("feature" in node)) return { kind: "leaf", value };
    const common = { value, feature: indexOf.get(node.feature) ?? -1, left: node.left };
    if ("categories" in node) return { kind: "category", ...common, bins: node.categories };
    return { kind: "number", ...common, bin: node.bin, missingLeft: node.missing === "left" };
  });
  pushTree(values, tree);
  try {
    return readTree(readerOf(values), layout);
  } catch (cause) {
    throw bad("invalid", `Field "trees.${index}" is not a tree over its schema.`, cause);
  }
}

function bad(code: string, detail: string, cause?: unknown): CloisterError {
  return badInput(`model.${code}`, `The model cannot be read. ${detail}`, cause);
}
