/** Where everything lies in the kernel's memory for one architecture. Pure. */
import type { Architecture, DenseLayer } from "../architecture.ts";

/** Units that share a sum in single precision have no more rows than this. */
export const CHUNK_ROWS = 64;
/** See `clip.ts` of the kernel. */
export const CLIP_LAYER_BYTES = 40;

/** Pointers and strides in bytes. Rows are padded with zeros to a multiple of eight numbers. */
export interface LayerLayout {
  readonly layer: DenseLayer;
  readonly isLast: boolean;
  /** The kernel for the forward pass; of the last layer, its one column, for both passes. */
  readonly packed: number;
  /** The kernel's transpose for the backward pass. */
  readonly packedTransposed: number;
  readonly bias: number;
  /** Where in a gradient buffer the kernel's gradient lies, in tiles; the last layer's is in its place. */
  readonly tiles: number;
  /** Shape [rows × inputWidth]. */
  readonly input: number;
  readonly inputStride: number;
  readonly inputQuads: number;
  /** ∂ loss / ∂ pre-activation. Shape [rows × outputWidth]; of the last layer a column without padding. */
  readonly delta: number;
  readonly deltaStride: number;
  readonly deltaQuads: number;
}

export interface Layout {
  /** Rows of a pass; a multiple of 6, which is the height of the kernel's tiles. */
  readonly rowCapacity: number;
  /** The longest row, padding included, in numbers. */
  readonly widest: number;
  readonly params: number;
  readonly scaling: number;
  readonly layers: readonly LayerLayout[];
  /** Addresses of the rows' category rows, shape [rows × tables]. */
  readonly sparse: number;
  readonly embedded: number;
  readonly packedEmbedding: number;
  readonly embeddedWidth: number;
  /** ∂ loss / ∂ embedded inputs. */
  readonly embeddedDelta: number;
  readonly embeddedStride: number;
  /** A number a row. */
  readonly logits: number;
  readonly labels: number;
  readonly weights: number;
  readonly losses: number;
  readonly factors: number;
  readonly norms: number;
  /** The layers as the kernel's `clipRows` has them, `CLIP_LAYER_BYTES` each; embedded inputs are one more. */
  readonly clipLayers: number;
  /** Row indices at which chunks start, and one more. */
  readonly starts: number;
  /** A number for each pair of a unit's rows. */
  readonly products: number;
  readonly ones: number;
  readonly zeros: number;
  /** Doubles in the order of the parameters, room behind them, and then the layers' tiles. */
  readonly gradient: number;
  readonly gradientBytes: number;
  /** Bytes in use without the two buffers that follow. */
  readonly byteLength: number;
  /** The gradient of one unit, and the sum of such: as `gradient`. */
  readonly single: number;
  readonly apart: number;
  readonly byteLengthApart: number;
}

export function padded(width: number): number {
  return Math.ceil(width / 8) * 8;
}

/** An odd number of half cache lines, so that a column's entries do not fall into the same few sets of the cache. */
function strideOf(width: number): number {
  const bytes = 4 * padded(width);
  return bytes % 64 === 32 ? bytes : bytes + 32;
}

export function layoutOf(architecture: Architecture, rowCapacity: number): Layout {
  let end = 64;
  const take = (bytes: number): number => {
    const start = end;
    end += Math.ceil(bytes / 64) * 64;
    return start;
  };
  const { layers, sparse, embeddings, paramCount } = architecture;
  const widths = layers.flatMap(({ inputWidth, outputWidth }) => [inputWidth, outputWidth]);
  const widest = padded(Math.max(...widths));
  const embeddedWidth = embeddings.reduce((sum, { width }) => sum + width, 0);
  const rowBytes = 4 * (rowCapacity + 8);
  const pairs = (CHUNK_ROWS * (CHUNK_ROWS + 1)) / 2;
  let gradientBytes = 64 * Math.ceil((paramCount + 16) / 8);
  const takeTiles = ({ inputWidth, outputWidth }: DenseLayer): number => {
    const start = gradientBytes;
    gradientBytes += 8 * 6 * Math.ceil(inputWidth / 6) * padded(outputWidth);
    return start;
  };
  const shared = {
    params: take(4 * (paramCount + 16)),
    scaling: take(8 * (architecture.numberCount + 8)),
    layers: layers.map((layer, l) => {
      const isLast = l + 1 === layers.length;
      return layerLayout(layer, isLast, rowCapacity, isLast ? 0 : takeTiles(layer), take);
    }),
    sparse: take(rowBytes * Math.max(1, sparse.length)),
    embedded: take(rowBytes * Math.max(1, embeddings.length)),
    packedEmbedding: take(4 * padded(embeddedWidth) * (layers[0]?.outputWidth ?? 0) + 64),
    embeddedDelta: take(strideOf(embeddedWidth) * rowCapacity),
    logits: take(rowBytes),
    labels: take(rowBytes),
    weights: take(rowBytes),
    losses: take(rowBytes),
    factors: take(rowBytes),
    norms: take(2 * rowBytes),
    clipLayers: take(CLIP_LAYER_BYTES * (layers.length + 1)),
    starts: take(rowBytes),
    products: take(8 * pairs),
    ones: take(8 * pairs),
    zeros: take(4 * widest + 64),
    gradient: take(gradientBytes),
  };
  const byteLength = end;
  const single = take(gradientBytes);
  const apart = take(gradientBytes);
  const embeddedStride = strideOf(embeddedWidth);
  const rest = { rowCapacity, widest, embeddedWidth, embeddedStride, gradientBytes, byteLength };
  return { ...shared, ...rest, single, apart, byteLengthApart: end };
}

function layerLayout(
  layer: DenseLayer,
  isLast: boolean,
  rowCapacity: number,
  tiles: number,
  take: (bytes: number) => number,
): LayerLayout {
  const { inputWidth, outputWidth } = layer;
  const inputStride = strideOf(inputWidth);
  const deltaStride = isLast ? 4 : strideOf(outputWidth);
  return {
    layer,
    isLast,
    packed: take(4 * (padded(outputWidth) * inputWidth + padded(inputWidth) + 16)),
    packedTransposed: take(4 * padded(inputWidth) * outputWidth + 64),
    bias: take(4 * padded(outputWidth)),
    tiles,
    input: take(inputStride * rowCapacity + 64),
    inputStride,
    inputQuads: padded(inputWidth) / 4,
    delta: take(deltaStride * (rowCapacity + 8)),
    deltaStride,
    deltaQuads: isLast ? 0 : padded(outputWidth) / 4,
  };
}
