/** What the ONNX exports of every kind of model have in common: category texts in, and what the inputs are. Pure. */
import { canonicalJson } from "../../shared/base/canonical.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import { constant, type Graph, input, ML_DOMAIN, node, type Value } from "./onnx-graph.ts";

/** One vector of codes a category column. @param columns Of each, its texts' codes; others are 0. */
export function codesOf(graph: Graph, columns: readonly ReadonlyMap<string, number>[]): Value[] {
  if (columns.length === 0) return [];
  const texts = input(graph, "categories", "string", columns.length);
  return columns.map((codeOf, c) => {
    const index = constant(graph, `column${c}`, [], [BigInt(c)]);
    const text = node(graph, "Gather", `text${c}`, [texts, index], { axis: 1 });
    const table = { keys_strings: [...codeOf.keys()], values_int64s: [...codeOf.values()] };
    const attributes = { ...table, default_int64: 0 };
    return node(graph, "LabelEncoder", `code${c}`, [text], attributes, ML_DOMAIN);
  });
}

type Metadata = Readonly<Record<string, string>>;

/** What each column of the two inputs is, for whoever finds the file alone; and the label's text. */
export function metadataOf(schema: DataSchema): Metadata {
  return { ...inputsMetadata(schema), "cloister.positive": schema.label.positive };
}

/** Where the score is of no label. */
export function inputsMetadata({ features }: DataSchema): Metadata {
  const numbers = features.filter(({ type }) => type === "number");
  const categories = features.filter(({ type }) => type === "category");
  return { "cloister.inputs": canonicalJson({ numbers, categories }) };
}
