/** A model as one JSON file that needs no library to score with: `scorer-reader.ts` is its whole reader. Pure. */
import { assert } from "../../shared/base/assert.ts";
import { canonicalJson, type Json } from "../../shared/base/canonical.ts";
import { badInput } from "../../shared/base/errors.ts";
import { architectureOf, isGraph } from "../engine/architecture.ts";
import { type CategorySums, featureSums, type NumberSums } from "../engine/first-layer.ts";
import { columnsOf, type NumberColumn } from "../features/columns.ts";
import type { Model } from "../model.ts";

const FORMAT = "cloister-scorer/1";

/**
 * The text, one line; the same model always gives the same text.
 *
 * @throws {CloisterError} `export.scorer-topology`: a topology that is no plain net.
 */
export function modelToScorer(model: Model): string {
  const { schema, spec, params } = model;
  const { numbers } = columnsOf(schema);
  const network = architectureOf(schema, spec);
  if (isGraph(network)) {
    const what =
      "the scorer's reader knows plain nets: dense layers of relu or tanh, one after the other";
    throw badInput("export.scorer-topology", `${what}; use --format onnx, tfjs or json`);
  }
  const [first, ...others] = network.layers;
  assert(first !== undefined, "a model has a layer");
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
  const { activation } = network;
  const bias = slice(first.biasOffset, first.outputWidth);
  return `${canonicalJson({ format: FORMAT, kind: "net", inputs, bias, activation, layers })}\n`;
}

function numberInput(sums: NumberSums, column: NumberColumn | undefined): Json {
  assert(column !== undefined, "a number feature has a column");
  const { name, min, max, isLog: log, low, scale } = column;
  const { centre, inverseScale, weights, missing } = sums;
  return {
    ...{ type: "number", name, min, max, log, low, scale, centre, inverseScale },
    weights: [...weights],
    missing: missing && [...missing],
  };
}

function categoryInput({ feature, rows }: CategorySums, categories: readonly string[]): Json {
  return { type: "category", name: feature, categories, rows: rows.map((row) => [...row]) };
}
