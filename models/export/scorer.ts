/** A model as one JSON file that needs no library to score with: `scorer-reader.ts` is its whole reader. Pure. */
import { assert } from "../../shared/base/assert.ts";
import { canonicalJson, type Json } from "../../shared/base/canonical.ts";
import { badInput } from "../../shared/base/errors.ts";
import { isAutoencoder } from "../../shared/charter/autoencoder-spec.ts";
import { architectureOf } from "../engine/architecture.ts";
import { type CategorySums, featureSums, type NumberSums } from "../engine/first-layer.ts";
import { columnsOf, type NumberColumn } from "../features/columns.ts";
import type { Model } from "../model.ts";

const FORMAT = "cloister-scorer/1";

/**
 * The text, one line; the same model always gives the same text.
 *
 * @throws {CloisterError} `export.scorer-autoencoder`: the file has no place for a reconstruction.
 */
export function modelToScorer(model: Model): string {
  const { schema, spec, params } = model;
  if (isAutoencoder(spec))
    throw badInput(
      "export.scorer-autoencoder",
      "scorer is not written for autoencoders; use --format onnx, tfjs or json",
    );
  const { numbers } = columnsOf(schema);
  const [first, ...others] = architectureOf(schema, spec).layers;
  assert(first !== undefined, "a model has a layer");
  const slice = (offset: number, length: number): number[] => [
    ...params.subarray(offset, offset + length),
  ];
  const inputs = featureSums(model).map((sums, index) => {
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
  const { activation } = spec;
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
