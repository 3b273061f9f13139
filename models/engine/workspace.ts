/** Buffers of one chunk of rows, reused from call to call, and the parameters in doubles. Pure. */
import type { EncodedData } from "../data.ts";
import type { Architecture, CategoryTable, DenseLayer } from "./architecture.ts";
import type { Params, Scaling } from "./backend.ts";
import { transposeInto } from "./kernels.ts";

export interface LayerBuffers {
  readonly layer: DenseLayer;
  /** View of the parameters, shape [inputWidth × outputWidth]. */
  readonly kernel: Float64Array;
  readonly bias: Float64Array;
  /** Shape [outputWidth × inputWidth]. */
  readonly kernelTransposed: Float64Array;
  /** The layer's input, shape [rows × inputWidth]. */
  readonly input: Float64Array;
  /** ∂ loss / ∂ pre-activation, shape [rows × outputWidth]. */
  readonly delta: Float64Array;
}

export interface Workspace {
  readonly rowCapacity: number;
  readonly params: Float64Array;
  /** Shape [2 × numberCount]. */
  readonly scaling: Float32Array;
  readonly layers: readonly LayerBuffers[];
  /** Category indices of the chunk's rows, checked against the tables. Shape [rows × categoryCount]. */
  readonly codes: Uint32Array;
  /** Declared categories + 1 of each category column. */
  readonly codeLimits: Uint32Array;
  /** The last layer's output: log-odds, or a reconstruction. Shape [rows × its width]. */
  readonly outputs: Float64Array;
  /** ∂ loss / ∂ embedded inputs. Shape [rows × embedded width]. */
  readonly embeddedDelta: Float64Array;
  readonly embeddedWidth: number;
  /** The largest width of any layer's input or output. */
  readonly widest: number;
  readonly scratchA: Float64Array;
  readonly scratchB: Float64Array;
}

export function newWorkspace(architecture: Architecture, rowCapacity: number): Workspace {
  const params = new Float64Array(architecture.paramCount);
  const layers = architecture.layers.map((layer) => {
    const kernelEnd = layer.kernelOffset + layer.inputWidth * layer.outputWidth;
    return {
      layer,
      kernel: params.subarray(layer.kernelOffset, kernelEnd),
      bias: params.subarray(layer.biasOffset, layer.biasOffset + layer.outputWidth),
      kernelTransposed: new Float64Array(layer.inputWidth * layer.outputWidth),
      input: new Float64Array(rowCapacity * layer.inputWidth),
      delta: new Float64Array(rowCapacity * layer.outputWidth),
    };
  });
  const widest = Math.max(...architecture.layers.map((l) => Math.max(l.inputWidth, l.outputWidth)));
  const outputWidth = architecture.layers[architecture.layers.length - 1]?.outputWidth ?? 1;
  const embeddedWidth = architecture.embeddings.reduce((sum, { width }) => sum + width, 0);
  const codeLimits = new Uint32Array(architecture.categoryCount);
  for (const table of [...architecture.embeddings, ...architecture.sparse]) {
    codeLimits[table.column] = table.rowCount;
  }
  return {
    rowCapacity,
    params,
    scaling: new Float32Array(2 * architecture.numberCount),
    layers,
    codes: new Uint32Array(rowCapacity * architecture.categoryCount),
    codeLimits,
    outputs: new Float64Array(rowCapacity * outputWidth),
    embeddedDelta: new Float64Array(rowCapacity * embeddedWidth),
    embeddedWidth,
    widest,
    scratchA: new Float64Array(rowCapacity * widest),
    scratchB: new Float64Array(rowCapacity * widest),
  };
}

/** Copies `params` in and prepares what the forward pass reads. */
export function loadParamsInPlace(space: Workspace, params: Params, scaling: Scaling): void {
  space.params.set(params);
  space.scaling.set(scaling);
  for (const { layer, kernel, kernelTransposed } of space.layers) {
    transposeInto(kernelTransposed, kernel, layer.inputWidth, layer.outputWidth);
  }
}

/**
 * Fills the first layer's input with the chosen rows: scaled numbers, indicators, embeddings.
 *
 * @param rows Row indices; rows[from] … rows[to − 1] are taken, at most `rowCapacity`.
 */
export function gatherRowsInPlace(
  space: Workspace,
  architecture: Architecture,
  data: EncodedData,
  rows: Uint32Array,
  from: number,
  to: number,
): void {
  const { numberCount, categoryCount, indicators, embeddings } = architecture;
  const { scaling } = space;
  const first = space.layers[0];
  const width = first?.layer.inputWidth ?? 0;
  const input = first?.input ?? space.scratchA;
  for (let r = from; r < to; r++) {
    const row = rows[r] ?? 0;
    const start = (r - from) * width;
    for (let j = 0; j < numberCount; j++) {
      const x = data.numbers[row * numberCount + j] ?? 0;
      const scaled = (x - (scaling[j] ?? 0)) * (scaling[numberCount + j] ?? 1);
      // NaN means missing: it is fed as the centre.
      input[start + j] = Number.isNaN(x) ? 0 : scaled;
    }
    for (let m = 0; m < indicators.length; m++) {
      const x = data.numbers[row * numberCount + (indicators[m] ?? 0)] ?? 0;
      input[start + numberCount + m] = Number.isNaN(x) ? 1 : 0;
    }
    const codeStart = (r - from) * categoryCount;
    for (let c = 0; c < categoryCount; c++) {
      const code = data.codes[row * categoryCount + c] ?? 0;
      space.codes[codeStart + c] = code < (space.codeLimits[c] ?? 0) ? code : 0;
    }
    embedRow(space, embeddings, input, start + numberCount + indicators.length, codeStart);
  }
}

function embedRow(
  space: Workspace,
  embeddings: readonly CategoryTable[],
  input: Float64Array,
  inputStart: number,
  codeStart: number,
): void {
  let target = inputStart;
  for (let t = 0; t < embeddings.length; t++) {
    const table = embeddings[t];
    if (table === undefined) continue;
    const source = table.offset + (space.codes[codeStart + table.column] ?? 0) * table.width;
    for (let j = 0; j < table.width; j++) input[target + j] = space.params[source + j] ?? 0;
    target += table.width;
  }
}
