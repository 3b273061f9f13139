/**
 * A graph's chunk of rows: ghost norms, scaling and accumulation over what forward and backward passes left. Each
 * overwrites the space and nothing else. Pure.
 */
import type { Chunk } from "../chunk.ts";
import { labelHead } from "../head.ts";
import { addProductInPlace, dot, transposeInto } from "../kernels.ts";
import { backwardInPlace } from "./backward.ts";
import { forwardInPlace } from "./forward.ts";
import type { DenseNode, GraphArchitecture, LayerNormNode } from "./graph.ts";
import {
  type GraphSpace,
  gatherInPlace,
  loadInPlace,
  type NodeSpace,
  newGraphSpace,
} from "./space.ts";

export function graphChunk(graph: GraphArchitecture, rowCapacity: number): Chunk {
  const space = newGraphSpace(graph, rowCapacity);
  return {
    rowCapacity,
    head: labelHead(space.output.values, space.output.delta),
    load: (params, scaling) => loadInPlace(space, params, scaling),
    gather: (data, rows, from, to) => gatherInPlace(space, data, rows, from, to),
    forward: (count, seeds) => forwardInPlace(space, count, seeds),
    backward: (count) => backwardInPlace(space, count),
    squaredNorm: (from, to) => squaredNorm(space, from, to),
    scaleRow: (row, factor) => scaleRowInPlace(space, row, factor),
    addGradient: (gradient, count) => addGradientInPlace(gradient, space, count),
  };
}

/** Unit round-off of a double. */
const ROUND_OFF = 2 ** -53;

/**
 * Squared ℓ2 norm of the gradient summed over rows from … to − 1, without forming it: Σ over pairs of rows of the inner
 * product of their gradients. Parameters belong to one node each and enter it once, so that inner product is a sum over
 * nodes, of products for dense layers and tables and of at most 2 · width terms for a layer normalisation.
 *
 * An upper bound, as in `passes.ts` and for its reasons: what rounding may hide is added, at most γ · (Σ ‖row
 * gradient‖)². Node by node the magnitudes of the terms of a pair add up to no more than the product of both rows'
 * norms (Cauchy and Schwarz), so γ counts the operations of the longest chain of them, here all of a node's twice.
 */
function squaredNorm(space: GraphSpace, from: number, to: number): number {
  let total = 0;
  let rowNorms = 0;
  for (let r = from; r < to; r++) {
    const own = pairProduct(space, r, r);
    rowNorms += Math.sqrt(own);
    total += own;
    for (let s = from; s < r; s++) total += 2 * pairProduct(space, r, s);
  }
  if (to - from <= 1) return total;
  const rows = to - from;
  const operations = 2 * space.widest + 4 * space.nodes.length;
  const gamma = 2 * ROUND_OFF * (operations + rows * rows + 8);
  return Math.max(0, total) + gamma * rowNorms * rowNorms;
}

/** The inner product of two rows' gradients. */
function pairProduct(space: GraphSpace, r: number, s: number): number {
  let total = 0;
  for (let n = 0; n < space.nodes.length; n++) {
    const own = space.nodes[n];
    if (own === undefined) continue;
    const { node, delta } = own;
    const { width } = node;
    if (node.kind === "dense") {
      const input = space.nodes[node.from]?.values ?? delta;
      const k = node.inputWidth;
      const bias = node.biasOffset === null ? 0 : 1;
      const inputs = bias + dot(input, r * k, input, s * k, k);
      total += inputs * dot(delta, r * width, delta, s * width, width);
    } else if (node.kind === "embedding") {
      if (codeOf(space, node.column, r) === codeOf(space, node.column, s))
        total += dot(delta, r * width, delta, s * width, width);
    } else if (node.kind === "layerNorm") {
      total += normProduct(own, node, r, s);
    }
  }
  return total;
}

function normProduct(
  { delta, kept }: NodeSpace,
  { width, gainOffset, biasOffset }: LayerNormNode,
  r: number,
  s: number,
): number {
  let total = biasOffset === null ? 0 : dot(delta, r * width, delta, s * width, width);
  if (gainOffset === null) return total;
  for (let j = 0; j < width; j++) {
    const [a, b] = [r * width + j, s * width + j];
    total += (delta[a] ?? 0) * (kept[a] ?? 0) * ((delta[b] ?? 0) * (kept[b] ?? 0));
  }
  return total;
}

function codeOf({ codes, graph }: GraphSpace, column: number, row: number): number {
  return codes[row * graph.categoryCount + column] ?? 0;
}

/** Multiplies all deltas of one row. A `factor` of 0 also clears its values, so that NaN · 0 cannot arise. */
function scaleRowInPlace({ nodes }: GraphSpace, row: number, factor: number): void {
  for (const { node, values, delta, kept } of nodes) {
    const [start, end] = [row * node.width, (row + 1) * node.width];
    if (factor === 0) {
      values.fill(0, start, end);
      delta.fill(0, start, end);
      kept.fill(0, start, end);
    } else if (delta.length > 0) {
      for (let i = start; i < end; i++) delta[i] = (delta[i] ?? 0) * factor;
    }
  }
}

/** gradient += Σ over the chunk's first `count` rows. */
function addGradientInPlace(gradient: Float64Array, space: GraphSpace, count: number): void {
  for (const own of space.nodes) {
    const { node, delta } = own;
    const { width } = node;
    if (node.kind === "dense") {
      addDenseGradient(gradient, space, own, node, count);
    } else if (node.kind === "embedding") {
      for (let r = 0; r < count; r++)
        addRow(gradient, node.offset + codeOf(space, node.column, r) * width, delta, r, width);
    } else if (node.kind === "layerNorm") {
      for (let r = 0; r < count; r++) addNormGradient(gradient, own, node, r);
    }
  }
}

function addDenseGradient(
  gradient: Float64Array,
  space: GraphSpace,
  { delta }: NodeSpace,
  { from, inputWidth, width, kernelOffset, biasOffset }: DenseNode,
  count: number,
): void {
  const input = space.nodes[from]?.values ?? delta;
  transposeInto(space.scratchA, input, count, inputWidth);
  transposeInto(space.scratchB, delta, count, width);
  const kernel = gradient.subarray(kernelOffset, kernelOffset + inputWidth * width);
  addProductInPlace(kernel, space.scratchA, space.scratchB, inputWidth, width, count);
  if (biasOffset === null) return;
  for (let r = 0; r < count; r++) addRow(gradient, biasOffset, delta, r, width);
}

function addNormGradient(
  gradient: Float64Array,
  { delta, kept }: NodeSpace,
  { width, gainOffset, biasOffset }: LayerNormNode,
  row: number,
): void {
  if (biasOffset !== null) addRow(gradient, biasOffset, delta, row, width);
  if (gainOffset === null) return;
  for (let j = 0; j < width; j++) {
    const i = row * width + j;
    gradient[gainOffset + j] = (gradient[gainOffset + j] ?? 0) + (delta[i] ?? 0) * (kept[i] ?? 0);
  }
}

/** gradient[at …] += the row's deltas. */
function addRow(
  gradient: Float64Array,
  at: number,
  delta: Float64Array,
  row: number,
  width: number,
): void {
  for (let j = 0; j < width; j++)
    gradient[at + j] = (gradient[at + j] ?? 0) + (delta[row * width + j] ?? 0);
}
