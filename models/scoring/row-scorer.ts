/**
 * One encoded row → log-odds, at once and without allocating: what a server does thousands of times a second.
 * Pure apart from its own buffers. Doubles, added in the order of the plain engine: the same bits.
 */
import { assert } from "../../shared/base/assert.ts";
import {
  type Architecture,
  architectureOf,
  type CategoryTable,
  isGraph,
} from "../engine/architecture.ts";
import type { GraphArchitecture } from "../engine/graph/graph.ts";
import { graphChunk } from "../engine/graph/passes.ts";
import { transposeInto } from "../engine/kernels.ts";
import type { Model } from "../model.ts";

/** Whatever kind of model it is: the one thing that scoring asks of it. */
export interface RowScorer {
  readonly numberCount: number;
  readonly categoryCount: number;
  /**
   * @param numbers `numberCount` values from `numbersAt` on, as `EncodedData.numbers`. NaN: missing.
   * @param codes `categoryCount` indices from `codesAt` on. One beyond its table counts as "anything else".
   */
  logit(numbers: Float32Array, numbersAt: number, codes: Uint16Array, codesAt: number): number;
}

interface Layer {
  readonly inputWidth: number;
  readonly outputWidth: number;
  /** Shape [outputWidth × inputWidth]. */
  readonly weights: Float64Array;
  readonly bias: Float64Array;
  readonly input: Float64Array;
  readonly output: Float64Array;
}

interface Net {
  readonly architecture: Architecture;
  readonly params: Float64Array;
  readonly scaling: Float64Array;
  readonly layers: readonly Layer[];
}

/** A net's buffers after one row: the first layer's input and the last one's output. */
export interface NetRow {
  readonly input: Float64Array;
  readonly output: Float64Array;
  /** Fills both. Arguments as of `RowScorer.logit`. */
  take(numbers: Float32Array, numbersAt: number, codes: Uint16Array, codesAt: number): void;
}

export function rowScorer(model: Model): RowScorer {
  const network = architectureOf(model.schema, model.spec);
  if (isGraph(network)) return graphRowScorer(model, network);
  const row = netRow(model, network);
  const { numberCount, categoryCount } = network;
  return {
    numberCount,
    categoryCount,
    logit(numbers, numbersAt, codes, codesAt) {
      row.take(numbers, numbersAt, codes, codesAt);
      return row.output[0] ?? Number.NaN;
    },
  };
}

/** Of a plain net or an autoencoder. */
export function netRow({ scaling, params }: Model, architecture: Architecture): NetRow {
  assert(params.length === architecture.paramCount, "parameters do not fit the architecture");
  const values = Float64Array.from(params);
  const net = {
    architecture,
    params: values,
    scaling: Float64Array.from(scaling),
    layers: layersOf(architecture, values),
  };
  return {
    input: net.layers[0]?.input ?? new Float64Array(0),
    output: net.layers[net.layers.length - 1]?.output ?? new Float64Array(0),
    take(numbers, numbersAt, codes, codesAt) {
      gatherInPlace(net, numbers, numbersAt, codes, codesAt);
      forwardInPlace(net, codes, codesAt);
    },
  };
}

const FIRST_ROW = Uint32Array.of(0);
const NO_LABEL = new Uint8Array(1);
const ONE_UNIT = Uint32Array.of(0, 1);

/** The engine itself, on the row as a table of its own. */
function graphRowScorer({ params, scaling }: Model, graph: GraphArchitecture): RowScorer {
  assert(params.length === graph.paramCount, "parameters do not fit the architecture");
  const { numberCount, categoryCount } = graph;
  const chunk = graphChunk(graph, 1);
  chunk.load(params, scaling);
  return {
    numberCount,
    categoryCount,
    logit(numbers, numbersAt, codes, codesAt) {
      const row = {
        rowCount: 1,
        numbers: numbers.subarray(numbersAt, numbersAt + numberCount),
        codes: codes.subarray(codesAt, codesAt + categoryCount),
        labels: NO_LABEL,
        unitStarts: ONE_UNIT,
      };
      chunk.gather(row, FIRST_ROW, 0, 1);
      chunk.forward(1, null);
      return chunk.head.logit(0);
    },
  };
}

function layersOf(architecture: Architecture, params: Float64Array): Layer[] {
  let input = new Float64Array(architecture.layers[0]?.inputWidth ?? 0);
  return architecture.layers.map(({ inputWidth, outputWidth, kernelOffset, biasOffset }) => {
    const weights = new Float64Array(inputWidth * outputWidth);
    const kernel = params.subarray(kernelOffset, kernelOffset + inputWidth * outputWidth);
    transposeInto(weights, kernel, inputWidth, outputWidth);
    const bias = params.subarray(biasOffset, biasOffset + outputWidth);
    const output = new Float64Array(outputWidth);
    const layer = { inputWidth, outputWidth, weights, bias, input, output };
    input = output;
    return layer;
  });
}

/** The first layer's input: scaled numbers, indicators, embedded categories. */
function gatherInPlace(
  { architecture, params, scaling, layers }: Net,
  numbers: Float32Array,
  numbersAt: number,
  codes: Uint16Array,
  codesAt: number,
): void {
  const input = layers[0]?.input;
  if (input === undefined) return;
  const { numberCount, indicators, embeddings } = architecture;
  for (let j = 0; j < numberCount; j++) {
    const x = numbers[numbersAt + j] ?? 0;
    // NaN, missing, is fed as the centre.
    const scaled = (x - (scaling[j] ?? 0)) * (scaling[numberCount + j] ?? 1);
    input[j] = Number.isNaN(x) ? 0 : scaled;
  }
  let at = numberCount;
  for (let m = 0; m < indicators.length; m++) {
    const x = numbers[numbersAt + (indicators[m] ?? 0)] ?? 0;
    input[at++] = Number.isNaN(x) ? 1 : 0;
  }
  for (let t = 0; t < embeddings.length; t++) {
    const table = embeddings[t];
    if (table === undefined) continue;
    const from = rowOf(table, codes, codesAt);
    for (let k = 0; k < table.width; k++) input[at++] = params[from + k] ?? 0;
  }
}

/** Where the table's row for a code begins in the parameters. */
function rowOf(table: CategoryTable, codes: Uint16Array, codesAt: number): number {
  const code = codes[codesAt + table.column] ?? 0;
  return table.offset + (code < table.rowCount ? code : 0) * table.width;
}

function forwardInPlace(
  { architecture, params, layers }: Net,
  codes: Uint16Array,
  at: number,
): void {
  const { sparse, activation } = architecture;
  const last = layers.length - 1;
  for (let l = 0; l <= last; l++) {
    const layer = layers[l];
    if (layer === undefined) continue;
    const { output, outputWidth } = layer;
    output.set(layer.bias);
    for (let t = 0; l === 0 && t < sparse.length; t++) {
      const table = sparse[t];
      if (table === undefined) continue;
      const from = rowOf(table, codes, at);
      for (let j = 0; j < outputWidth; j++) output[j] = (output[j] ?? 0) + (params[from + j] ?? 0);
    }
    addProductInPlace(layer);
    if (l < last && activation === "relu") {
      // Written so that NaN stays NaN.
      for (let j = 0; j < outputWidth; j++) if ((output[j] ?? 0) < 0) output[j] = 0;
    } else if (l < last) {
      for (let j = 0; j < outputWidth; j++) output[j] = Math.tanh(output[j] ?? 0);
    }
  }
}

/** output += weights · input, four outputs at a time. */
function addProductInPlace({ inputWidth: k, outputWidth, weights, input, output }: Layer): void {
  const quads = outputWidth - (outputWidth % 4);
  for (let j = 0; j < quads; j += 4) {
    const w0 = j * k;
    const w1 = w0 + k;
    const w2 = w1 + k;
    const w3 = w2 + k;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let p = 0; p < k; p++) {
      const x = input[p] ?? 0;
      s0 += x * (weights[w0 + p] ?? 0);
      s1 += x * (weights[w1 + p] ?? 0);
      s2 += x * (weights[w2 + p] ?? 0);
      s3 += x * (weights[w3 + p] ?? 0);
    }
    output[j] = (output[j] ?? 0) + s0;
    output[j + 1] = (output[j + 1] ?? 0) + s1;
    output[j + 2] = (output[j + 2] ?? 0) + s2;
    output[j + 3] = (output[j + 3] ?? 0) + s3;
  }
  for (let j = quads; j < outputWidth; j++) {
    let sum = 0;
    for (let p = 0; p < k; p++) sum += (input[p] ?? 0) * (weights[j * k + p] ?? 0);
    output[j] = (output[j] ?? 0) + sum;
  }
}
