/**
 * A model as a TensorFlow.js LayersModel: topology, and weights in one binary file. Pure. The
 * scaling is folded into the first layer, so inputs are the encoded numbers; see docs/models.md.
 */

import { assert } from "../../shared/base/assert.ts";
import {
  type Architecture,
  architectureOf,
  type CategoryTable,
  isGraph,
} from "../engine/architecture.ts";
import type { Model } from "../model.ts";
import {
  add,
  type Draft,
  dense,
  finished,
  input,
  newDraft,
  type TfjsModel,
  weight,
} from "./tfjs-draft.ts";
import { graphToTfjs } from "./tfjs-graph.ts";

/**
 * Beyond so many standard deviations between 0 and a column's centre, folding the centre into the
 * first layer would lose a score's fifth digit to float32: then a layer of its own subtracts it.
 */
const FOLDED_SHIFT_MAX = 8;

/**
 * Inputs, in this order: `numbers` [rows, numbers + indicators] where there are any, then one
 * `category<column>` [rows, 1] per category column. One output [rows, 1], the probability. Of a
 * topology: its own inputs, by their names.
 */
export function modelToTfjs(model: Model): TfjsModel {
  const architecture = architectureOf(model.schema, model.spec);
  assert(model.params.length === architecture.paramCount, "parameters do not fit the architecture");
  if (isGraph(architecture)) return graphToTfjs(model, architecture);
  const draft = newDraft();
  let last = firstLayer(draft, architecture, model);
  for (const [index, layer] of architecture.layers.entries()) {
    if (index === 0) continue;
    const { inputWidth, outputWidth, kernelOffset, biasOffset } = layer;
    const kernel = model.params.subarray(kernelOffset, kernelOffset + inputWidth * outputWidth);
    const bias = model.params.subarray(biasOffset, biasOffset + outputWidth);
    const activation = activationAt(architecture, index);
    last = dense(draft, `layer${index}`, last, outputWidth, activation, kernel, bias);
  }
  return finished(draft, last);
}

function activationAt({ layers, activation }: Architecture, index: number): string {
  return index === layers.length - 1 ? "sigmoid" : activation;
}

/** Dense inputs through the kernel, plus a table row per one-hot category, then the activation. */
function firstLayer(draft: Draft, architecture: Architecture, model: Model): string {
  const { categoryCount, embeddings, sparse, layers } = architecture;
  const { inputWidth, outputWidth } = layers[0] ?? { inputWidth: 0, outputWidth: 1 };
  const centres = farCentres(architecture, model);
  const { kernel, bias } = foldScaling(architecture, model, centres);
  const parts = numberInputs(draft, architecture, centres);
  for (let c = 0; c < categoryCount; c++) input(draft, `category${c}`, 1, "int32");
  for (const table of embeddings) parts.push(embedding(draft, table, model.params));
  const addends: string[] = [];
  if (inputWidth > 0) {
    const joined = parts.length > 1 ? merge(draft, "Concatenate", "inputs", parts) : parts;
    const from = typeof joined === "string" ? joined : (joined[0] ?? "");
    addends.push(dense(draft, "layer0", from, outputWidth, "linear", kernel, bias));
  }
  for (const [index, table] of sparse.entries()) {
    // Without a dense layer to carry it, the bias joins every row of the first table.
    const extra = inputWidth === 0 && index === 0 ? bias : null;
    addends.push(embedding(draft, table, model.params, extra));
  }
  const sum = addends.length > 1 ? merge(draft, "Add", "layer0_sum", addends) : (addends[0] ?? "");
  const activation = activationAt(architecture, 0);
  return add(draft, "Activation", "layer0_activation", { activation }, [sum]);
}

/** The centres that a layer of their own subtracts; the others are 0. Shape [numberCount]. */
function farCentres({ numberCount }: Architecture, { scaling }: Model): Float32Array {
  const centres = scaling.slice(0, numberCount);
  return centres.map((centre, j) => {
    const shift = Math.abs(centre * (scaling[numberCount + j] ?? 1));
    return shift > FOLDED_SHIFT_MAX ? centre : 0;
  });
}

/**
 * The input of numbers and indicators; where some centre is far, followed by a linear layer that
 * subtracts it: x − c + c·m, which is exactly 0 where x is unknown (x = 0, m = 1).
 */
function numberInputs(draft: Draft, architecture: Architecture, centres: Float32Array): string[] {
  const { numberCount, indicators } = architecture;
  const width = numberCount + indicators.length;
  if (width === 0) return [];
  const numbers = input(draft, "numbers", width, "float32");
  if (centres.every((centre) => centre === 0)) return [numbers];
  const kernel = new Float32Array(width * width);
  const bias = new Float32Array(width);
  for (let i = 0; i < width; i++) kernel[i * width + i] = 1;
  for (let j = 0; j < numberCount; j++) bias[j] = -(centres[j] ?? 0);
  for (const [m, j] of indicators.entries()) {
    kernel[(numberCount + m) * width + j] = centres[j] ?? 0;
  }
  return [dense(draft, "centre", numbers, width, "linear", kernel, bias)];
}

/**
 * The first kernel and bias for inputs before scaling. With x' = (x − c)·s and indicator m (x = 0
 * where m = 1, and then x' = 0): x'·w + m·v = x·(s·w) + m·(v + c·s·w) − c·s·w.
 *
 * @param subtracted The part of each centre that is taken off before the first layer.
 */
function foldScaling(
  { numberCount, indicators, layers }: Architecture,
  { params, scaling }: Model,
  subtracted: Float32Array,
): { kernel: Float32Array; bias: Float32Array } {
  const layer = layers[0];
  assert(layer !== undefined, "a model has a layer");
  const { inputWidth, outputWidth: width, kernelOffset, biasOffset } = layer;
  const kernel = Float64Array.from(
    params.subarray(kernelOffset, kernelOffset + inputWidth * width),
  );
  const bias = Float64Array.from(params.subarray(biasOffset, biasOffset + width));
  for (let j = 0; j < numberCount; j++) {
    const centre = (scaling[j] ?? 0) - (subtracted[j] ?? 0);
    const inverseScale = scaling[numberCount + j] ?? 1;
    const indicator = indicators.indexOf(j);
    for (let o = 0; o < width; o++) {
      const folded = (kernel[j * width + o] ?? 0) * inverseScale;
      kernel[j * width + o] = folded;
      bias[o] = (bias[o] ?? 0) - centre * folded;
      if (indicator < 0) continue;
      const place = (numberCount + indicator) * width + o;
      kernel[place] = (kernel[place] ?? 0) + centre * folded;
    }
  }
  return { kernel: Float32Array.from(kernel), bias: Float32Array.from(bias) };
}

/** A table lookup, flattened to [rows, width]. `extra` is added to every row. */
function embedding(
  draft: Draft,
  { column, rowCount, width, offset }: CategoryTable,
  params: Float32Array,
  extra: Float32Array | null = null,
): string {
  const name = `table${column}`;
  const values = params.slice(offset, offset + rowCount * width);
  for (let i = 0; i < values.length && extra !== null; i++) {
    values[i] = (values[i] ?? 0) + (extra[i % width] ?? 0);
  }
  weight(draft, `${name}/embeddings`, [rowCount, width], values);
  const config = { input_dim: rowCount, output_dim: width, input_length: 1, mask_zero: false };
  add(draft, "Embedding", name, config, [`category${column}`]);
  return add(draft, "Flatten", `${name}_flat`, {}, [name]);
}

function merge(draft: Draft, kind: "Concatenate" | "Add", name: string, from: string[]): string {
  return add(draft, kind, name, kind === "Concatenate" ? { axis: -1 } : {}, from);
}
