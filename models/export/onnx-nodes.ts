/** A topology's nodes as ONNX operators of opset 13, behind the preprocessing of `onnx.ts`. Pure. */
import type { Activation } from "../../shared/charter/topology/activations.ts";
import {
  type DenseNode,
  type GraphArchitecture,
  type GraphNode,
  type InputSource,
  type LayerNormNode,
  sourcesOf,
} from "../engine/graph/graph.ts";
import { constant, type Graph, node as operator, type Value } from "./onnx-graph.ts";

interface Writing {
  readonly graph: Graph;
  readonly params: Float32Array;
  readonly architecture: GraphArchitecture;
  /** Scaled numbers, then indicators where there are any. */
  readonly parts: readonly Value[];
  /** One vector of codes a category column. */
  readonly codes: readonly Value[];
}

/** @returns The logit. */
export function nodesToOnnx(
  graph: Graph,
  architecture: GraphArchitecture,
  params: Float32Array,
  parts: readonly Value[],
  codes: readonly Value[],
): Value {
  const writing = { graph, params, architecture, parts, codes };
  const values: Value[] = [];
  for (const [index, node] of architecture.nodes.entries()) {
    const from = sourcesOf(node).map((source) => values[source] ?? "");
    values.push(nodeToOnnx(writing, `node${index}`, node, from));
  }
  return values.at(-1) ?? "";
}

function nodeToOnnx(
  writing: Writing,
  name: string,
  node: GraphNode,
  from: readonly Value[],
): Value {
  const { graph, params, codes } = writing;
  const [source = ""] = from;
  switch (node.kind) {
    case "input": {
      const parts = runsOf(node.sources);
      const written = parts.map((run, i) => sourceToOnnx(writing, `${name}_part${i}`, run));
      return written.length === 1
        ? (written[0] ?? "")
        : operator(graph, "Concat", name, written, { axis: 1 });
    }
    case "embedding": {
      const { rowCount, width, offset } = node;
      const values = params.slice(offset, offset + rowCount * width);
      const table = constant(graph, `${name}_table`, [rowCount, width], values);
      return operator(graph, "Gather", name, [table, codes[node.column] ?? ""]);
    }
    case "dense":
      return denseToOnnx(writing, name, node, source);
    case "concatenate":
      return operator(graph, "Concat", name, from, { axis: 1 });
    case "add": {
      // Two at a time.
      const [first = "", ...others] = from;
      return others.reduce(
        (sum, other, i) => operator(graph, "Add", `${name}_${i}`, [sum, other]),
        first,
      );
    }
    case "dropout":
      return source;
    case "layerNorm":
      return normToOnnx(writing, name, node, source);
    case "activation":
      return activationToOnnx(graph, name, node.activation, source);
  }
}

/** Sources of one kind that follow each other; each one-hot vector for itself. */
function runsOf(sources: readonly InputSource[]): (readonly InputSource[])[] {
  const runs: InputSource[][] = [];
  for (const source of sources) {
    const last = runs.at(-1);
    if (last && source.kind !== "onehot" && last[0]?.kind === source.kind) last.push(source);
    else runs.push([source]);
  }
  return runs;
}

function sourceToOnnx(
  { graph, architecture, parts, codes }: Writing,
  name: string,
  run: readonly InputSource[],
): Value {
  const [first] = run;
  if (first?.kind === "onehot") {
    const depth = constant(graph, `${name}_depth`, [], [BigInt(first.rowCount)]);
    const values = constant(graph, `${name}_values`, [2], Float32Array.of(0, 1));
    return operator(graph, "OneHot", name, [codes[first.column] ?? "", depth, values]);
  }
  const isNumber = first?.kind === "number";
  const places = run.map(({ column }) =>
    isNumber ? column : architecture.indicators.indexOf(column),
  );
  const picked = constant(graph, `${name}_columns`, [places.length], places.map(BigInt));
  return operator(graph, "Gather", name, [parts[isNumber ? 0 : 1] ?? "", picked], { axis: 1 });
}

function denseToOnnx(
  { graph, params }: Writing,
  name: string,
  { inputWidth, width, kernelOffset, biasOffset }: DenseNode,
  from: Value,
): Value {
  const weights = params.slice(kernelOffset, kernelOffset + inputWidth * width);
  const kernel = constant(graph, `${name}_kernel`, [inputWidth, width], weights);
  if (biasOffset === null) return operator(graph, "MatMul", name, [from, kernel]);
  const bias = constant(
    graph,
    `${name}_bias`,
    [width],
    params.slice(biasOffset, biasOffset + width),
  );
  return operator(graph, "Gemm", name, [from, kernel, bias]);
}

/** Opset 13 has no LayerNormalization: (x − mean) / √(mean of squares + epsilon), times the gain, plus the bias. */
function normToOnnx(
  { graph, params }: Writing,
  name: string,
  { width, epsilon, gainOffset, biasOffset }: LayerNormNode,
  from: Value,
): Value {
  const op = (kind: string, part: string, ...inputs: Value[]): Value =>
    operator(graph, kind, `${name}_${part}`, inputs);
  const meanOf = (part: string, of: Value): Value =>
    operator(graph, "ReduceMean", `${name}_${part}`, [of], { axes: LAST_AXIS, keepdims: 1 });
  const centred = op("Sub", "centred", from, meanOf("mean", from));
  const variance = meanOf("variance", op("Mul", "squares", centred, centred));
  const small = constant(graph, `${name}_epsilon`, [], Float32Array.of(epsilon));
  let value = op(
    "Div",
    "normal",
    centred,
    op("Sqrt", "spread", op("Add", "safe", variance, small)),
  );
  const vector = (part: string, offset: number): Value =>
    constant(graph, `${name}_${part}`, [width], params.slice(offset, offset + width));
  if (gainOffset !== null) value = op("Mul", "scaled", value, vector("gain", gainOffset));
  if (biasOffset !== null) value = op("Add", "shifted", value, vector("bias", biasOffset));
  return value;
}

/** Matrices have two. */
const LAST_AXIS = [1];

function activationToOnnx(
  graph: Graph,
  name: string,
  { name: kind, alpha }: Activation,
  from: Value,
): Value {
  if (kind === "swish")
    return operator(graph, "Mul", name, [from, operator(graph, "Sigmoid", `${name}_gate`, [from])]);
  const attributes = kind === "leakyRelu" ? { alpha: { float: alpha } } : {};
  return operator(graph, OPERATORS[kind], name, [from], attributes);
}

const OPERATORS = {
  relu: "Relu",
  tanh: "Tanh",
  sigmoid: "Sigmoid",
  elu: "Elu",
  selu: "Selu",
  softplus: "Softplus",
  softsign: "Softsign",
  leakyRelu: "LeakyRelu",
} as const;
