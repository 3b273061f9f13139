/**
 * A model as a TensorFlow.js LayersModel: topology, and weights in one binary file. Pure. The
 * scaling is folded into the first layer, so inputs are the encoded numbers; see docs/models.md.
 */

import { assert } from "../../shared/base/assert.ts";
import { type Architecture, architectureOf, isGraph } from "../engine/architecture.ts";
import type { Model } from "../model.ts";
import { autoencoderScore } from "./tfjs-autoencoder.ts";
import { type Draft, dense, finished, newDraft, type TfjsModel } from "./tfjs-draft.ts";
import { graphToTfjs } from "./tfjs-graph.ts";
import { firstLayer, numberInputs } from "./tfjs-inputs.ts";

/**
 * Beyond so many standard deviations between 0 and a column's centre, folding the centre into the
 * first layer would lose a score's fifth digit to float32: then a layer of its own subtracts it.
 */
const FOLDED_SHIFT_MAX = 8;

/**
 * Inputs, in this order: `numbers` [rows, numbers + indicators] where there are any, then one
 * `category<column>` [rows, 1] per category column. One output [rows, 1], the score. Of a
 * topology: its own inputs, by their names.
 */
export function modelToTfjs(model: Model): TfjsModel {
  const architecture = architectureOf(model.schema, model.spec);
  assert(model.params.length === architecture.paramCount, "parameters do not fit the architecture");
  if (isGraph(architecture)) return graphToTfjs(model, architecture);
  const draft = newDraft();
  const { reconstruction } = architecture;
  if (reconstruction)
    return finished(draft, autoencoderScore(draft, architecture, reconstruction, model));
  let last = foldedFirstLayer(draft, architecture, model);
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

/** The scaling goes into the kernel, but for centres that are far. */
function foldedFirstLayer(draft: Draft, architecture: Architecture, model: Model): string {
  const centres = farCentres(architecture, model);
  const { kernel, bias } = foldScaling(architecture, model, centres);
  const numbers = numberInputs(draft, architecture, centres);
  const activation = activationAt(architecture, 0);
  return firstLayer(draft, architecture, model.params, { numbers, kernel, bias, activation });
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
