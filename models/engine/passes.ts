/**
 * Forward pass, backward pass, ghost norms and accumulation over one gathered chunk of rows. Each
 * overwrites the workspace and nothing else. Pure.
 */
import type { Architecture, CategoryTable } from "./architecture.ts";
import { reconstructionHead } from "./autoencoder/head.ts";
import type { Chunk } from "./chunk.ts";
import { labelHead } from "./head.ts";
import { addProductInPlace, dot, transposeInto } from "./kernels.ts";
import {
  gatherRowsInPlace,
  type LayerBuffers,
  loadParamsInPlace,
  newWorkspace,
  type Workspace,
} from "./workspace.ts";

/** A chunk of a plain net's or an autoencoder's rows. */
export function netChunk(architecture: Architecture, rowCapacity: number): Chunk {
  const space = newWorkspace(architecture, rowCapacity);
  const { reconstruction } = architecture;
  return {
    rowCapacity,
    head: reconstruction
      ? reconstructionHead(reconstruction, space)
      : labelHead(space.outputs, space.layers.at(-1)?.delta ?? space.outputs),
    load: (params, scaling) => loadParamsInPlace(space, params, scaling),
    gather: (data, rows, from, to) => gatherRowsInPlace(space, architecture, data, rows, from, to),
    forward: (count) => forwardInPlace(space, architecture, count),
    backward: (count) => backwardInPlace(space, architecture, count),
    squaredNorm: (from, to) => squaredNorm(space, architecture, from, to),
    scaleRow: (row, factor) => scaleRowInPlace(space, row, factor),
    addGradient: (gradient, count) => addGradientInPlace(gradient, space, architecture, count),
  };
}

/** Computes the outputs of the chunk's first `count` rows, leaving every layer's input behind. */
function forwardInPlace(space: Workspace, architecture: Architecture, count: number): void {
  for (let l = 0; l < space.layers.length; l++) {
    const buffers = space.layers[l];
    if (buffers === undefined) continue;
    const { inputWidth, outputWidth } = buffers.layer;
    const output = space.layers[l + 1]?.input ?? space.outputs;
    for (let r = 0; r < count; r++) output.set(buffers.bias, r * outputWidth);
    if (l === 0) addSparseRows(space, architecture, output, count);
    const weights = buffers.kernelTransposed;
    addProductInPlace(output, buffers.input, weights, count, outputWidth, inputWidth);
    if (l + 1 < space.layers.length) {
      activate(output, count * outputWidth, architecture.activation);
    }
  }
}

function addSparseRows(
  space: Workspace,
  { sparse, categoryCount }: Architecture,
  output: Float64Array,
  count: number,
): void {
  const params = space.params;
  for (let r = 0; r < count; r++) {
    for (let t = 0; t < sparse.length; t++) {
      const table = sparse[t];
      if (table === undefined) continue;
      const { width } = table;
      const source = table.offset + (space.codes[r * categoryCount + table.column] ?? 0) * width;
      const target = r * width;
      for (let j = 0; j < width; j++) {
        output[target + j] = (output[target + j] ?? 0) + (params[source + j] ?? 0);
      }
    }
  }
}

function activate(values: Float64Array, length: number, activation: "relu" | "tanh"): void {
  if (activation === "tanh") {
    for (let i = 0; i < length; i++) values[i] = Math.tanh(values[i] ?? 0);
    return;
  }
  // Written so that NaN stays NaN: a unit that breaks must be seen to break.
  for (let i = 0; i < length; i++) if ((values[i] ?? 0) < 0) values[i] = 0;
}

/**
 * From the last layer's `delta`, computes every earlier layer's `delta` and the embedded inputs'.
 * Linear in the last delta, so rows may be weighted before it.
 */
function backwardInPlace(space: Workspace, architecture: Architecture, count: number): void {
  for (let l = space.layers.length - 1; l > 0; l--) {
    const above = space.layers[l];
    const below = space.layers[l - 1];
    if (above === undefined || below === undefined) continue;
    const { inputWidth, outputWidth } = above.layer;
    const delta = below.delta;
    delta.fill(0, 0, count * inputWidth);
    addProductInPlace(delta, above.delta, above.kernel, count, inputWidth, outputWidth);
    multiplyByDerivative(delta, above.input, count * inputWidth, architecture.activation);
  }
  const first = space.layers[0];
  if (first === undefined || space.embeddedWidth === 0) return;
  const { inputWidth, outputWidth } = first.layer;
  const kernelRows = first.kernel.subarray((inputWidth - space.embeddedWidth) * outputWidth);
  space.embeddedDelta.fill(0, 0, count * space.embeddedWidth);
  addProductInPlace(
    space.embeddedDelta,
    first.delta,
    kernelRows,
    count,
    space.embeddedWidth,
    outputWidth,
  );
}

/** The derivative from the activation's output: relu' = 1 where a > 0, tanh' = 1 − a². */
function multiplyByDerivative(
  delta: Float64Array,
  activated: Float64Array,
  length: number,
  activation: "relu" | "tanh",
): void {
  if (activation === "tanh") {
    for (let i = 0; i < length; i++) {
      const a = activated[i] ?? 0;
      delta[i] = (delta[i] ?? 0) * (1 - a * a);
    }
    return;
  }
  for (let i = 0; i < length; i++) if ((activated[i] ?? 0) <= 0) delta[i] = 0;
}

/** Unit round-off of a double. */
const ROUND_OFF = 2 ** -53;

/**
 * Squared ℓ2 norm of the gradient summed over rows from … to − 1 of the chunk, without forming it:
 * Σ over pairs of rows of the product of their inputs' and their deltas' inner products. Rows with
 * the same category share a table row, so equal indices count as an inner product of one.
 *
 * Where rows cancel, the products are large and their sum is mostly rounding: whoever chooses the
 * parameters could so hide a gradient of any size. The result is therefore an upper bound: a bound
 * of the rounding, at most γ · (Σ ‖row gradient‖)², is added. It is below 10⁻¹⁰ of the norm unless
 * rows cancel to five digits or more. It also keeps the clipped rows' sum of norms below C / √γ,
 * so that adding them up rounds by less than 10⁻⁸ C.
 *
 * @see Goodfellow 2015 (arXiv 1510.01799); Li et al. 2021 (arXiv 2110.05679) for several rows;
 *   Higham 2002, §3.1 and 3.5, for γ of inner products.
 */
function squaredNorm(
  space: Workspace,
  architecture: Architecture,
  from: number,
  to: number,
): number {
  let total = 0;
  let rowNorms = 0;
  for (let r = from; r < to; r++) {
    const own = pairProduct(space, architecture, r, r);
    rowNorms += Math.sqrt(own);
    total += own;
    for (let s = from; s < r; s++) total += 2 * pairProduct(space, architecture, r, s);
  }
  if (to - from <= 1) return total;
  const rows = to - from;
  const operations = 2 * space.widest + 4 * space.layers.length + architecture.sparse.length;
  const gamma = 2 * ROUND_OFF * (operations + architecture.embeddings.length + rows * rows + 8);
  return Math.max(0, total) + gamma * rowNorms * rowNorms;
}

function pairProduct(space: Workspace, architecture: Architecture, r: number, s: number): number {
  let total = 0;
  for (let l = 0; l < space.layers.length; l++) {
    const buffers = space.layers[l];
    if (buffers === undefined) continue;
    const { inputWidth, outputWidth } = buffers.layer;
    const { input, delta } = buffers;
    const deltas = dot(delta, r * outputWidth, delta, s * outputWidth, outputWidth);
    let inputs = 1 + dot(input, r * inputWidth, input, s * inputWidth, inputWidth);
    if (l === 0) inputs += equalCodes(space, architecture, r, s);
    total += inputs * deltas;
  }
  return total + embeddedProduct(space, architecture, r, s);
}

function equalCodes(space: Workspace, architecture: Architecture, r: number, s: number): number {
  const { sparse, categoryCount } = architecture;
  if (r === s) return sparse.length;
  let equal = 0;
  for (let t = 0; t < sparse.length; t++) {
    const column = sparse[t]?.column ?? 0;
    if (space.codes[r * categoryCount + column] === space.codes[s * categoryCount + column]) {
      equal += 1;
    }
  }
  return equal;
}

function embeddedProduct(
  space: Workspace,
  { embeddings, categoryCount }: Architecture,
  r: number,
  s: number,
): number {
  const { embeddedDelta, embeddedWidth, codes } = space;
  let total = 0;
  let start = 0;
  for (let t = 0; t < embeddings.length; t++) {
    const table = embeddings[t];
    if (table === undefined) continue;
    const { column, width } = table;
    if (codes[r * categoryCount + column] === codes[s * categoryCount + column]) {
      const rStart = r * embeddedWidth + start;
      total += dot(embeddedDelta, rStart, embeddedDelta, s * embeddedWidth + start, width);
    }
    start += width;
  }
  return total;
}

/** Multiplies all deltas of one row. A `factor` of 0 also clears its inputs, so that NaN · 0 cannot arise. */
function scaleRowInPlace(space: Workspace, row: number, factor: number): void {
  for (let l = 0; l < space.layers.length; l++) {
    const buffers = space.layers[l];
    if (buffers === undefined) continue;
    const { inputWidth, outputWidth } = buffers.layer;
    scaleSpan(buffers.delta, row * outputWidth, outputWidth, factor);
    if (factor === 0) buffers.input.fill(0, row * inputWidth, (row + 1) * inputWidth);
  }
  scaleSpan(space.embeddedDelta, row * space.embeddedWidth, space.embeddedWidth, factor);
}

function scaleSpan(values: Float64Array, start: number, length: number, factor: number): void {
  if (factor === 0) values.fill(0, start, start + length);
  else for (let i = start; i < start + length; i++) values[i] = (values[i] ?? 0) * factor;
}

/** gradient += Σ over the chunk's first `count` rows. `gradient` has shape [paramCount]. */
function addGradientInPlace(
  gradient: Float64Array,
  space: Workspace,
  architecture: Architecture,
  count: number,
): void {
  for (let l = 0; l < space.layers.length; l++) {
    const buffers = space.layers[l];
    if (buffers !== undefined) addLayerGradient(gradient, space, buffers, count);
  }
  const firstDelta = space.layers[0]?.delta ?? space.outputs;
  const stride = architecture.sparse[0]?.width ?? 0;
  for (let t = 0; t < architecture.sparse.length; t++) {
    const table = architecture.sparse[t];
    if (table !== undefined) scatter(gradient, space, table, firstDelta, stride, 0, count);
  }
  let start = 0;
  for (let t = 0; t < architecture.embeddings.length; t++) {
    const table = architecture.embeddings[t];
    if (table === undefined) continue;
    scatter(gradient, space, table, space.embeddedDelta, space.embeddedWidth, start, count);
    start += table.width;
  }
}

function addLayerGradient(
  gradient: Float64Array,
  space: Workspace,
  { layer, input, delta }: LayerBuffers,
  count: number,
): void {
  const { inputWidth, outputWidth, kernelOffset, biasOffset } = layer;
  transposeInto(space.scratchA, input, count, inputWidth);
  transposeInto(space.scratchB, delta, count, outputWidth);
  const kernel = gradient.subarray(kernelOffset, kernelOffset + inputWidth * outputWidth);
  addProductInPlace(kernel, space.scratchA, space.scratchB, inputWidth, outputWidth, count);
  for (let r = 0; r < count; r++) {
    for (let j = 0; j < outputWidth; j++) {
      gradient[biasOffset + j] =
        (gradient[biasOffset + j] ?? 0) + (delta[r * outputWidth + j] ?? 0);
    }
  }
}

/** Adds each row's `delta` span to its category's table row. */
function scatter(
  gradient: Float64Array,
  space: Workspace,
  { column, width, offset }: CategoryTable,
  delta: Float64Array,
  stride: number,
  start: number,
  count: number,
): void {
  const columns = space.codeLimits.length;
  for (let r = 0; r < count; r++) {
    const target = offset + (space.codes[r * columns + column] ?? 0) * width;
    const source = r * stride + start;
    for (let j = 0; j < width; j++) {
      gradient[target + j] = (gradient[target + j] ?? 0) + (delta[source + j] ?? 0);
    }
  }
}
