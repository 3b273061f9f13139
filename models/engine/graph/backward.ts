/** Backward pass over a chunk of rows: from the output's `delta` to every node's. Overwrites the space only. Pure. */
import { addProductInPlace } from "../kernels.ts";
import { slope } from "./activations.ts";
import type { LayerNormNode } from "./graph.ts";
import { type GraphSpace, gainAt, type NodeSpace, spacesBelow } from "./space.ts";

/** Linear in the output's delta, so rows may be weighted before it. */
export function backwardInPlace(space: GraphSpace, count: number): void {
  for (const { node, delta } of space.nodes)
    if (node !== space.output.node) delta.fill(0, 0, count * node.width);
  for (const own of space.nodes.toReversed()) {
    const { node, delta, values } = own;
    const below = spacesBelow(space, node);
    const [first] = below;
    if (first === undefined) continue;
    const into = first.delta;
    const isAsked = into.length > 0;
    const length = count * node.width;
    switch (node.kind) {
      case "input":
      case "embedding":
        break;
      case "dense":
        if (isAsked) addProductInPlace(into, delta, own.kernel, count, node.inputWidth, node.width);
        break;
      case "concatenate":
        partInPlace(delta, node.width, below, count);
        break;
      case "add":
        for (const part of below)
          if (part.delta.length > 0)
            for (let i = 0; i < length; i++) part.delta[i] = (part.delta[i] ?? 0) + (delta[i] ?? 0);
        break;
      case "dropout":
        if (isAsked) addScaledInPlace(into, delta, length, (i) => own.kept[i] ?? 0);
        break;
      case "layerNorm":
        if (isAsked) for (let r = 0; r < count; r++) throughNorm(space, own, node, into, r);
        break;
      case "activation":
        if (isAsked)
          addScaledInPlace(into, delta, length, (i) =>
            slope(node.activation, first.values[i] ?? 0, values[i] ?? 0),
          );
    }
  }
}

/** A factor of 0 gives 0, whatever it is a factor of. */
function addScaledInPlace(
  into: Float64Array,
  delta: Float64Array,
  length: number,
  factorAt: (index: number) => number,
): void {
  for (let i = 0; i < length; i++) {
    const factor = factorAt(i);
    if (factor !== 0) into[i] = (into[i] ?? 0) + factor * (delta[i] ?? 0);
  }
}

function partInPlace(
  delta: Float64Array,
  width: number,
  below: readonly NodeSpace[],
  count: number,
): void {
  let at = 0;
  for (const { node, delta: part } of below) {
    for (let r = 0; part.length > 0 && r < count; r++)
      for (let j = 0; j < node.width; j++) {
        const place = r * node.width + j;
        part[place] = (part[place] ?? 0) + (delta[r * width + at + j] ?? 0);
      }
    at += node.width;
  }
}

/** With d = delta · gain and x̂ the normalised input: (d − mean(d) − x̂ · mean(d · x̂)) / √(variance + epsilon). */
function throughNorm(
  { params }: GraphSpace,
  { delta, kept, inverse }: NodeSpace,
  node: LayerNormNode,
  into: Float64Array,
  row: number,
): void {
  const { width } = node;
  const start = row * width;
  let sum = 0;
  let along = 0;
  for (let j = 0; j < width; j++) {
    const d = (delta[start + j] ?? 0) * gainAt(node, params, j);
    sum += d;
    along += d * (kept[start + j] ?? 0);
  }
  for (let j = 0; j < width; j++) {
    const d = (delta[start + j] ?? 0) * gainAt(node, params, j);
    const centred = d - sum / width - ((kept[start + j] ?? 0) * along) / width;
    into[start + j] = (into[start + j] ?? 0) + centred * (inverse[row] ?? 0);
  }
}
