/**
 * Forward pass, loss, backward pass and accumulation over the gathered rows, by the kernel. Each overwrites the
 * kernel's memory and nothing else. What is computed for a row depends on that row and the parameters only, never on
 * the rows beside it or on its place. Pure.
 */
import { assert } from "../../../shared/base/assert.ts";
import type { EncodedData } from "../../data.ts";
import type { RowLoss } from "../backend.ts";
import type { LayerLayout } from "./layout.ts";
import type { Space } from "./space.ts";

const FINISH = { relu: 1, tanh: 2 } as const;
const FINISH_DERIVATIVE = { relu: 3, tanh: 4 } as const;
/** The kernel computes six rows at a time; what it makes of rows beyond `count` is not used. */
const TILE_ROWS = 6;

function tiles(count: number): number {
  return Math.ceil(count / TILE_ROWS) * TILE_ROWS;
}

/** Computes the logits of the first `count` rows, leaving every layer's input behind. */
export function forwardInPlace(space: Space, count: number): void {
  const { architecture, layout, exports } = space;
  for (const [l, at] of layout.layers.entries()) {
    const { inputWidth } = at.layer;
    const next = layout.layers[l + 1];
    const output = next?.input ?? layout.logits;
    const outputStride = next?.inputStride ?? 4;
    const summed = l === 0 && architecture.sparse.length > 0;
    if (summed) addSparseRows(space, at, output, outputStride, count);
    const start = summed ? 0 : at.bias;
    const { input, inputStride, packed } = at;
    if (at.isLast) {
      exports.multiplyColumn(
        output,
        input,
        inputStride,
        packed,
        start,
        tiles(count),
        4 * at.inputQuads,
      );
    } else {
      const finish = FINISH[architecture.activation];
      const panels = at.deltaQuads / 2;
      exports.multiply(
        output,
        outputStride,
        input,
        inputStride,
        packed,
        start,
        0,
        tiles(count),
        inputWidth,
        panels,
        finish,
      );
    }
  }
}

function addSparseRows(
  { architecture, layout, exports }: Space,
  { bias, layer, isLast, deltaQuads }: LayerLayout,
  output: number,
  outputStride: number,
  count: number,
): void {
  const tables = architecture.sparse.length;
  const width = layer.outputWidth;
  const paddedWidth = isLast ? width : 4 * deltaQuads;
  exports.addTableRows(
    output,
    outputStride,
    bias,
    layout.sparse,
    tables,
    count,
    width,
    paddedWidth,
  );
}

/** Multiplies the shares of the first `count` rows, which are in place, by the rows' weights in the loss. */
export function weighInPlace(
  { layout, f32 }: Space,
  { weights }: RowLoss,
  rows: Uint32Array,
  count: number,
): void {
  if (weights === null) return;
  const at = layout.weights / 4;
  for (let r = 0; r < count; r++) f32[at + r] = (f32[at + r] ?? 0) * (weights[rows[r] ?? 0] ?? 0);
}

/**
 * Sets the last delta to the weighted loss's derivative by the log-odds and `losses` to the weighted losses, for the
 * first `count` rows. The weights are already in place.
 */
export function lossInPlace(
  space: Space,
  data: EncodedData,
  loss: RowLoss,
  rows: Uint32Array,
  count: number,
): void {
  const { layout, f32, exports } = space;
  const { logits, labels, weights, losses, layers } = layout;
  for (let r = 0; r < count; r++) f32[labels / 4 + r] = data.labels[rows[r] ?? 0] ?? 0;
  const delta = layers[layers.length - 1]?.delta ?? 0;
  const quads = Math.ceil(count / 4) * 4;
  assert(loss.kind !== "reconstruction", "the kernel has one output");
  if (loss.kind === "crossEntropy") {
    exports.crossEntropy(logits, labels, weights, delta, losses, quads);
  } else exports.focal(logits, labels, weights, delta, losses, loss.gamma, quads);
}

/** From the last layer's `delta`, computes every earlier layer's and the embedded inputs'. */
export function backwardInPlace(space: Space, count: number): void {
  const { architecture, layout, exports } = space;
  const finish = FINISH_DERIVATIVE[architecture.activation];
  for (let l = layout.layers.length - 1; l > 0; l--) {
    const above = layout.layers[l];
    const below = layout.layers[l - 1];
    if (above === undefined || below === undefined) continue;
    const { delta, deltaStride, deltaQuads } = below;
    if (above.isLast) {
      exports.spreadColumn(
        delta,
        deltaStride,
        above.delta,
        above.packed,
        above.input,
        count,
        deltaQuads,
        finish,
      );
      continue;
    }
    exports.multiply(
      delta,
      deltaStride,
      above.delta,
      above.deltaStride,
      above.packedTransposed,
      layout.zeros,
      above.input,
      tiles(count),
      above.layer.outputWidth,
      deltaQuads / 2,
      finish,
    );
  }
  const [first] = layout.layers;
  if (first === undefined || layout.embeddedWidth === 0) return;
  exports.multiply(
    layout.embeddedDelta,
    layout.embeddedStride,
    first.delta,
    first.deltaStride,
    layout.packedEmbedding,
    layout.zeros,
    0,
    tiles(count),
    first.layer.outputWidth,
    Math.ceil(layout.embeddedWidth / 8),
    0,
  );
}

/** Writes the row indices at which chunks start. */
export function setChunksInPlace({ layout, u32 }: Space, starts: ArrayLike<number>): void {
  for (let i = 0; i < starts.length; i++) u32[layout.starts / 4 + i] = starts[i] ?? 0;
}

/**
 * target += Σ over the chunks that `setChunksInPlace` has set. Within a chunk the kernels' and biases' sums are in
 * single precision, in the rows' order; chunks, and all of the tables' rows, are added in doubles.
 *
 * @param target One of the layout's buffers of doubles.
 */
export function addGradientInPlace(space: Space, target: number, chunkCount: number): void {
  const { layout, exports } = space;
  const { starts } = layout;
  for (const { layer, isLast, tiles: tilesAt, ...at } of layout.layers) {
    const { input, inputStride, delta, deltaStride } = at;
    const { inputWidth, outputWidth } = layer;
    const bias = target + 8 * layer.biasOffset;
    if (isLast) {
      const kernel = target + 8 * layer.kernelOffset;
      exports.addWeightedRows(kernel, input, inputStride, delta, starts, chunkCount, inputWidth);
      exports.addColumn(bias, delta, starts, chunkCount);
    } else {
      exports.addWeightGradient(
        target + tilesAt,
        input,
        inputStride,
        delta,
        deltaStride,
        starts,
        chunkCount,
        inputWidth,
        outputWidth,
      );
      exports.addWeightedRows(bias, delta, deltaStride, 0, starts, chunkCount, outputWidth);
    }
  }
  scatterTables(space, target, chunkCount);
}

function scatterTables(
  { architecture, layout, exports, u32 }: Space,
  target: number,
  chunkCount: number,
): void {
  const { sparse, embeddings } = architecture;
  const from = u32[layout.starts / 4] ?? 0;
  const count = (u32[layout.starts / 4 + chunkCount] ?? 0) - from;
  const scatter = (
    pointers: number,
    tables: number,
    delta: number,
    deltaStride: number,
    width: number,
  ): void => {
    const pointer = pointers + 4 * from * tables;
    const start = delta + from * deltaStride;
    exports.scatterRows(
      target,
      layout.params,
      pointer,
      4 * tables,
      start,
      deltaStride,
      count,
      width,
    );
  };
  const [first] = layout.layers;
  if (first === undefined) return;
  for (let t = 0; t < sparse.length; t++) {
    const width = sparse[t]?.width ?? 0;
    scatter(layout.sparse + 4 * t, sparse.length, first.delta, first.deltaStride, width);
  }
  let at = layout.embeddedDelta;
  for (let t = 0; t < embeddings.length; t++) {
    const width = embeddings[t]?.width ?? 0;
    scatter(layout.embedded + 4 * t, embeddings.length, at, layout.embeddedStride, width);
    at += 4 * width;
  }
}

/** The gradient in a buffer, in the order of the parameters: a copy. Shape [paramCount]. */
export function takeGradient(space: Space, target: number): Float64Array {
  const { architecture, layout, exports, f64 } = space;
  for (const { layer, isLast, tiles: tilesAt } of layout.layers) {
    if (isLast) continue;
    const kernel = target + 8 * layer.kernelOffset;
    exports.copyTiles(target + tilesAt, kernel, layer.inputWidth, layer.outputWidth);
  }
  return f64.slice(target / 8, target / 8 + architecture.paramCount);
}
