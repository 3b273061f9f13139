/** Buffers of one chunk of rows of a graph, reused from call to call, and the parameters in doubles. Pure. */
import { assert } from "../../../shared/base/assert.ts";
import type { EncodedData } from "../../data.ts";
import type { Params, Scaling } from "../backend.ts";
import { transposeInto } from "../kernels.ts";
import {
  type GraphArchitecture,
  type GraphNode,
  type InputSource,
  type LayerNormNode,
  sourcesOf,
} from "./graph.ts";

export interface NodeSpace {
  readonly node: GraphNode;
  /** What the node gives. Shape [rows × width]. */
  readonly values: Float64Array;
  /** ∂ loss / ∂ values. Shape [rows × width]; [0] where nothing asks for it. */
  readonly delta: Float64Array;
  /** Layer normalisation: the normalised input; dropout: the factors of the draw. Shape [rows × width], else [0]. */
  readonly kept: Float64Array;
  /** Layer normalisation: 1 / √(variance + epsilon). Shape [rows], else [0]. */
  readonly inverse: Float64Array;
  /** Dense: views of the parameters and their transpose; else [0]. */
  readonly kernel: Float64Array;
  readonly kernelTransposed: Float64Array;
}

export interface GraphSpace {
  readonly graph: GraphArchitecture;
  readonly rowCapacity: number;
  readonly params: Float64Array;
  /** Shape [2 × numberCount]. */
  readonly scaling: Float32Array;
  readonly nodes: readonly NodeSpace[];
  /** The last of `nodes`. */
  readonly output: NodeSpace;
  /** Category indices, within their tables. Shape [rows × categoryCount]. */
  readonly codes: Uint32Array;
  /** The largest width of any node. */
  readonly widest: number;
  readonly scratchA: Float64Array;
  readonly scratchB: Float64Array;
}

const NONE = new Float64Array(0);

/** @param asksInputs Whether the inputs have deltas too. Training needs none. */
export function newGraphSpace(
  graph: GraphArchitecture,
  rowCapacity: number,
  asksInputs = false,
): GraphSpace {
  const params = new Float64Array(graph.paramCount);
  const nodes = graph.nodes.map((node): NodeSpace => {
    const size = rowCapacity * node.width;
    const keeps = node.kind === "layerNorm" || node.kind === "dropout";
    const kernelSize = node.kind === "dense" ? node.inputWidth * node.width : 0;
    const kernelOffset = node.kind === "dense" ? node.kernelOffset : 0;
    return {
      node,
      values: new Float64Array(size),
      delta: node.kind === "input" && !asksInputs ? NONE : new Float64Array(size),
      kept: keeps ? new Float64Array(size) : NONE,
      inverse: node.kind === "layerNorm" ? new Float64Array(rowCapacity) : NONE,
      kernel: params.subarray(kernelOffset, kernelOffset + kernelSize),
      kernelTransposed: new Float64Array(kernelSize),
    };
  });
  const output = nodes.at(-1);
  assert(output !== undefined, "a graph has a node");
  const widest = Math.max(...graph.nodes.map(({ width }) => width));
  return {
    graph,
    rowCapacity,
    params,
    scaling: new Float32Array(2 * graph.numberCount),
    nodes,
    output,
    codes: new Uint32Array(rowCapacity * graph.categoryCount),
    widest,
    scratchA: new Float64Array(rowCapacity * widest),
    scratchB: new Float64Array(rowCapacity * widest),
  };
}

/** The spaces of the nodes that a node takes from. */
export function spacesBelow({ nodes }: GraphSpace, node: GraphNode): NodeSpace[] {
  return sourcesOf(node).flatMap((source) => nodes[source] ?? []);
}

/** Copies parameters and scaling in, and prepares what the forward pass reads. */
export function loadInPlace(space: GraphSpace, params: Params, scaling: Scaling): void {
  space.params.set(params);
  space.scaling.set(scaling);
  for (const { node, kernel, kernelTransposed } of space.nodes)
    if (node.kind === "dense") transposeInto(kernelTransposed, kernel, node.inputWidth, node.width);
}

/** A layer normalisation's gain of place j. */
export function gainAt({ gainOffset }: LayerNormNode, params: Float64Array, j: number): number {
  return gainOffset === null ? 1 : (params[gainOffset + j] ?? 0);
}

/** Fills inputs and embeddings with rows[from] … rows[to − 1]: scaled numbers, indicators, one-hot vectors, table rows. */
export function gatherInPlace(
  space: GraphSpace,
  data: EncodedData,
  rows: Uint32Array,
  from: number,
  to: number,
): void {
  const { categoryCount, codeLimits } = space.graph;
  for (let r = from; r < to; r++) {
    const row = rows[r] ?? 0;
    for (let c = 0; c < categoryCount; c++) {
      const code = data.codes[row * categoryCount + c] ?? 0;
      space.codes[(r - from) * categoryCount + c] = code < (codeLimits[c] ?? 0) ? code : 0;
    }
    for (const { node, values } of space.nodes) {
      const start = (r - from) * node.width;
      if (node.kind === "input")
        inputRowInPlace(space, values, start, node.sources, data, row, r - from);
      if (node.kind !== "embedding") continue;
      const code = space.codes[(r - from) * categoryCount + node.column] ?? 0;
      const table = node.offset + code * node.width;
      for (let j = 0; j < node.width; j++) values[start + j] = space.params[table + j] ?? 0;
    }
  }
}

function inputRowInPlace(
  { graph: { numberCount, categoryCount }, scaling, codes }: GraphSpace,
  values: Float64Array,
  start: number,
  sources: readonly InputSource[],
  data: EncodedData,
  row: number,
  place: number,
): void {
  let at = start;
  for (const source of sources) {
    if (source.kind === "onehot") {
      values.fill(0, at, at + source.rowCount);
      values[at + (codes[place * categoryCount + source.column] ?? 0)] = 1;
      at += source.rowCount;
      continue;
    }
    const x = data.numbers[row * numberCount + source.column] ?? 0;
    // NaN means missing: it is fed as the centre.
    if (source.kind === "indicator") values[at] = Number.isNaN(x) ? 1 : 0;
    else values[at] = Number.isNaN(x) ? 0 : scaled(scaling, numberCount, source.column, x);
    at += 1;
  }
}

function scaled(scaling: Float32Array, numberCount: number, column: number, x: number): number {
  return (x - (scaling[column] ?? 0)) * (scaling[numberCount + column] ?? 1);
}
