/** A model as one JSON file that needs no library to score with: `scorer-reader.ts` is its whole reader. Pure. */
import { assert } from "../../shared/base/assert.ts";
import { canonicalJson, type Json } from "../../shared/base/canonical.ts";
import { architectureOf, isGraph } from "../engine/architecture.ts";
import { type CategorySums, featureSums, type NumberSums } from "../engine/first-layer.ts";
import { columnsOf, type NumberColumn } from "../features/columns.ts";
import type { Model } from "../model.ts";
import type { TreeModel } from "../trees/model.ts";
import { finite, type RawNode, rawTrees } from "./raw-trees.ts";

const FORMAT = "cloister-scorer/1";

/** The text, one line; the same model always gives the same text. Of nets and logistic regression only. */
export function modelToScorer(model: Model): string {
  const { schema, spec, params } = model;
  const { numbers } = columnsOf(schema);
  const network = architectureOf(schema, spec);
  assert(!isGraph(network) && !network.reconstruction, "the reader knows plain nets");
  const { activation } = network;
  const [first, ...others] = network.layers;
  assert(first !== undefined, "a net has a layer");
  const slice = (offset: number, length: number): number[] => [
    ...params.subarray(offset, offset + length),
  ];
  const inputs = featureSums(model, network).map((sums, index) => {
    const feature = schema.features[index];
    if (sums.type === "number") return numberInput(sums, numbers[sums.column]);
    return categoryInput(sums, feature?.type === "category" ? feature.categories : []);
  });
  const layers = others.map(({ inputWidth, outputWidth, kernelOffset, biasOffset }) => ({
    weights: Array.from({ length: inputWidth }, (_, i) =>
      slice(kernelOffset + i * outputWidth, outputWidth),
    ),
    bias: slice(biasOffset, outputWidth),
  }));
  const bias = slice(first.biasOffset, first.outputWidth);
  return `${canonicalJson({ format: FORMAT, kind: "net", inputs, bias, activation, layers })}\n`;
}

/** Trees compare raw values: a number's input is only whether it must be known. */
export function treesToScorer(model: TreeModel): string {
  const { schema, base } = model;
  const { trees, categories } = rawTrees(model);
  const inputs = schema.features.map((feature, f) => {
    const { name, type } = feature;
    if (type === "number") return { type, name, required: feature.missing !== "indicator" };
    // Codes count from 1 in the schema's list; beyond the last that has one, all are "anything else".
    const codeCount = categories[f]?.codeCount ?? 1;
    return { type, name, categories: feature.categories.slice(0, codeCount - 1) };
  });
  const kind = "trees";
  const nested = trees.map((tree) => nodeToJson(tree, 0));
  return `${canonicalJson({ format: FORMAT, kind, inputs, base, trees: nested })}\n`;
}

function nodeToJson(tree: readonly RawNode[], i: number): Json {
  const node = tree[i];
  assert(node !== undefined, "a split has two children");
  if (node.kind === "leaf") return node.value;
  const [left, right] = [nodeToJson(tree, node.left), nodeToJson(tree, node.left + 1)];
  const split = { input: node.feature, left, right };
  if (node.kind === "category") return { ...split, codes: node.codes };
  return { ...split, atMost: finite(node.limit), unknown: node.missingLeft ? "left" : "right" };
}

function numberInput(sums: NumberSums, column: NumberColumn | undefined): Json {
  assert(column !== undefined, "a number feature has a column");
  const { name, min, max, isLog: log, low, scale } = column;
  const { centre, inverseScale, weights, missing } = sums;
  return {
    ...{ type: "number", name, required: missing === null, min, max, log },
    ...{ low, scale, centre, inverseScale },
    weights: [...weights],
    missing: missing && [...missing],
  };
}

function categoryInput({ feature, rows }: CategorySums, categories: readonly string[]): Json {
  return { type: "category", name: feature, categories, rows: rows.map((row) => [...row]) };
}
