/**
 * A model as ONNX, preprocessing included: raw numbers and category texts in, scores out. Pure. The
 * operators are those of opset 13 and ai.onnx.ml 2; docs/models.md says what goes in and comes out.
 */
import {
  type Architecture,
  architectureOf,
  type CategoryTable,
  isGraph,
} from "../engine/architecture.ts";
import { columnsOf, type NumberColumn } from "../features/columns.ts";
import type { Model } from "../model.ts";
import { anomalyScore } from "./onnx-autoencoder.ts";
import {
  constant,
  DATA_TYPES,
  type Graph,
  input,
  newGraph,
  node,
  onnxModel,
  output,
  type Value,
} from "./onnx-graph.ts";
import { codesOf, inputsMetadata, metadataOf } from "./onnx-inputs.ts";
import { nodesToOnnx } from "./onnx-nodes.ts";

/** The bytes of a `.onnx` file. The same model always gives the same bytes. */
export function modelToOnnx(model: Model): Uint8Array {
  const architecture = architectureOf(model.schema, model.spec);
  const { numbers, categories } = columnsOf(model.schema);
  const graph = newGraph();
  const inputs =
    numbers.length > 0 ? numberParts(graph, architecture.indicators, model, numbers) : [];
  const codes = codesOf(
    graph,
    categories.map(({ codeOf }) => codeOf),
  );
  const last = isGraph(architecture)
    ? nodesToOnnx(graph, architecture, model.params, inputs, codes)
    : netToOnnx(graph, architecture, model.params, inputs, codes);
  if (!isGraph(architecture) && architecture.reconstruction) {
    const { reconstruction } = architecture;
    const [scaled = null, indicators = null] = inputs;
    const values = { numbers: scaled, indicators, unknown: "unknown", fill: "fill", codes };
    output(graph, anomalyScore(graph, reconstruction, last, values), "float", 1);
    const metadata = { ...inputsMetadata(model.schema), "cloister.score": "anomaly" };
    return onnxModel(graph, "cloister", metadata, 2);
  }
  output(graph, node(graph, "Sigmoid", "score", [last]), "float", 1);
  return onnxModel(graph, "cloister", metadataOf(model.schema), 2);
}

/** @returns The last layer's output. */
function netToOnnx(
  graph: Graph,
  architecture: Architecture,
  params: Float32Array,
  parts: readonly Value[],
  codes: readonly Value[],
): Value {
  const row = ({ column, rowCount, width, offset }: CategoryTable): Value => {
    const values = params.slice(offset, offset + rowCount * width);
    const table = constant(graph, `table${column}`, [rowCount, width], values);
    return node(graph, "Gather", `row${column}`, [table, codes[column] ?? ""]);
  };
  const inputs = [...parts, ...architecture.embeddings.map(row)];
  return layers(graph, architecture, params, inputs, architecture.sparse.map(row));
}

/**
 * Scaled numbers, and indicators where the schema has any. In doubles, as our own encoder computes, with its
 * rounding to 32 bits after the bounds. An unknown number is NaN: 0 and an indicator where the schema allows
 * it; else it stays NaN to the end, for a graph cannot refuse.
 */
function numberParts(
  graph: Graph,
  indicators: readonly number[],
  { scaling }: Model,
  columns: readonly NumberColumn[],
): Value[] {
  const op = (operator: string, name: string, ...from: Value[]): Value =>
    node(graph, operator, name, from);
  const each = (name: string, of: (column: NumberColumn, j: number) => number): Value =>
    constant(graph, name, [columns.length], Float64Array.from(columns, of));
  const one = constant(graph, "one", [], Float64Array.of(1));
  const raw = input(graph, "numbers", "double", columns.length);
  const unknown = op("IsNaN", "unknown", raw);
  const known = op(
    "Where",
    "known",
    unknown,
    each("zeros", () => 0),
    raw,
  );
  const above = op(
    "Max",
    "above",
    known,
    each("min", ({ min }) => min),
  );
  const clamped = op(
    "Min",
    "clamped",
    above,
    each("max", ({ max }) => max),
  );
  const shaped = columns.some(({ isLog }) => isLog) ? signedLogs(graph, clamped, columns) : clamped;
  const shifted = op(
    "Sub",
    "shifted",
    shaped,
    each("low", ({ low }) => low),
  );
  const spread = op(
    "Mul",
    "spread",
    shifted,
    each("scale", ({ scale }) => scale),
  );
  const single = cast(graph, "single", op("Sub", "bounded", spread, one), "float");
  const centres = each("centre", (_, j) => scaling[j] ?? 0);
  const inverse = each("inverseScale", (_, j) => scaling[columns.length + j] ?? 1);
  const centred = op("Sub", "centred", cast(graph, "double", single, "double"), centres);
  const scaled = cast(graph, "scaled", op("Mul", "wide", centred, inverse), "float");
  const fills = Float32Array.from(columns, ({ mayBeMissing }) => (mayBeMissing ? 0 : Number.NaN));
  const fill = constant(graph, "fill", [columns.length], fills);
  const parts = [op("Where", "inputs", unknown, fill, scaled)];
  if (indicators.length === 0) return parts;
  const picked = constant(graph, "indicatorColumns", [indicators.length], indicators.map(BigInt));
  const flags = cast(graph, "flags", unknown, "float");
  return [...parts, node(graph, "Gather", "indicators", [flags, picked], { axis: 1 })];
}

/** sign(x) · ln(1 + |x|) in the columns that say so. */
function signedLogs(graph: Graph, from: Value, columns: readonly NumberColumn[]): Value {
  const op = (operator: string, name: string, ...inputs: Value[]): Value =>
    node(graph, operator, name, inputs);
  const logarithm = op("Log", "log", op("Add", "beyond", op("Abs", "size", from), "one"));
  const signed = op("Mul", "signedLog", op("Sign", "sign", from), logarithm);
  const flags = columns.map(({ isLog }) => isLog);
  return op("Where", "shaped", constant(graph, "isLog", [columns.length], flags), signed, from);
}

/** Dense inputs through the kernels; one-hot rows join the first layer's sums. */
function layers(
  graph: Graph,
  architecture: Architecture,
  params: Float32Array,
  parts: readonly Value[],
  rows: readonly Value[],
): Value {
  const activation = architecture.activation === "relu" ? "Relu" : "Tanh";
  const last = architecture.layers.length - 1;
  let value = parts[0] ?? "";
  if (parts.length > 1) value = node(graph, "Concat", "joined", parts, { axis: 1 });
  for (const [l, layer] of architecture.layers.entries()) {
    const { inputWidth, outputWidth, kernelOffset, biasOffset } = layer;
    const biases = params.slice(biasOffset, biasOffset + outputWidth);
    const bias = constant(graph, `bias${l}`, [outputWidth], biases);
    if (inputWidth > 0) {
      const weights = params.slice(kernelOffset, kernelOffset + inputWidth * outputWidth);
      const kernel = constant(graph, `kernel${l}`, [inputWidth, outputWidth], weights);
      value = node(graph, "Gemm", `sums${l}`, [value, kernel, bias]);
    }
    for (const [t, row] of l === 0 ? rows.entries() : [])
      value = node(graph, "Add", `added${t}`, [t === 0 && inputWidth === 0 ? bias : value, row]);
    if (l < last) value = node(graph, activation, `active${l}`, [value]);
  }
  return value;
}

function cast(graph: Graph, name: string, from: Value, to: keyof typeof DATA_TYPES): Value {
  return node(graph, "Cast", name, [from], { to: DATA_TYPES[to] });
}
