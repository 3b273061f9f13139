/** Forward pass over a gathered chunk of rows: every node after those that it takes from. Overwrites the space only. Pure. */
import { addProductInPlace } from "../kernels.ts";
import { activate } from "./activations.ts";
import { dropInPlace } from "./dropout.ts";
import type { DenseNode, LayerNormNode } from "./graph.ts";
import { type GraphSpace, gainAt, type NodeSpace, spacesBelow } from "./space.ts";

/** @param seeds What each row's dropout is drawn by; null: nothing is dropped. */
export function forwardInPlace(space: GraphSpace, count: number, seeds: Uint32Array | null): void {
  for (const [index, own] of space.nodes.entries()) {
    const { node, values } = own;
    const below = spacesBelow(space, node);
    const input = below[0]?.values ?? values;
    const length = count * node.width;
    switch (node.kind) {
      case "input":
      case "embedding":
        break;
      case "dense":
        denseInPlace(space, own, node, input, count);
        break;
      case "concatenate":
        joinInPlace(values, node.width, below, count);
        break;
      case "add":
        values.fill(0, 0, length);
        for (const { values: addend } of below)
          for (let i = 0; i < length; i++) values[i] = (values[i] ?? 0) + (addend[i] ?? 0);
        break;
      case "dropout":
        values.set(input.subarray(0, length));
        if (seeds === null) own.kept.fill(1, 0, length);
        for (let r = 0; seeds && r < count; r++) {
          const start = r * node.width;
          dropInPlace(values, own.kept, start, node.width, node.rate, seeds[r] ?? 0, index);
        }
        break;
      case "layerNorm":
        for (let r = 0; r < count; r++) normaliseRow(space, own, node, input, r);
        break;
      case "activation":
        for (let i = 0; i < length; i++) values[i] = activate(node.activation, input[i] ?? 0);
    }
  }
}

function denseInPlace(
  { params }: GraphSpace,
  { values, kernelTransposed }: NodeSpace,
  { width, inputWidth, biasOffset }: DenseNode,
  input: Float64Array,
  count: number,
): void {
  if (biasOffset === null) values.fill(0, 0, count * width);
  else
    for (let r = 0; r < count; r++)
      values.set(params.subarray(biasOffset, biasOffset + width), r * width);
  addProductInPlace(values, input, kernelTransposed, count, width, inputWidth);
}

function joinInPlace(
  values: Float64Array,
  width: number,
  below: readonly NodeSpace[],
  count: number,
): void {
  let at = 0;
  for (const { node, values: part } of below) {
    for (let r = 0; r < count; r++)
      values.set(part.subarray(r * node.width, (r + 1) * node.width), r * width + at);
    at += node.width;
  }
}

/** @see Ba, Kiros and Hinton, Layer Normalization, 2016 (arXiv 1607.06450), equation 3, over one row's inputs. */
function normaliseRow(
  { params }: GraphSpace,
  { values, kept, inverse }: NodeSpace,
  node: LayerNormNode,
  input: Float64Array,
  row: number,
): void {
  const { width, epsilon, biasOffset } = node;
  const start = row * width;
  let mean = 0;
  for (let j = start; j < start + width; j++) mean += input[j] ?? 0;
  mean /= width;
  let variance = 0;
  for (let j = start; j < start + width; j++) variance += ((input[j] ?? 0) - mean) ** 2;
  const scale = 1 / Math.sqrt(variance / width + epsilon);
  inverse[row] = scale;
  for (let j = 0; j < width; j++) {
    const normal = ((input[start + j] ?? 0) - mean) * scale;
    kept[start + j] = normal;
    const bias = biasOffset === null ? 0 : (params[biasOffset + j] ?? 0);
    values[start + j] = normal * gainAt(node, params, j) + bias;
  }
}
