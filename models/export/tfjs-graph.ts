/**
 * A topology with its weights as a LayersModel: the layers that the plan named, in front of them a layer or two that
 * scale the numbers, behind them the sigmoid where the plan left it to the loss. Pure.
 */
import { assert } from "../../shared/base/assert.ts";
import { badInput } from "../../shared/base/errors.ts";
import { isTopology } from "../../shared/charter/model-spec.ts";
import type { Activation } from "../../shared/charter/topology/activations.ts";
import { readTopology, type TopologyLayer } from "../../shared/charter/topology/topology.ts";
import type { GraphArchitecture, InputSource } from "../engine/graph/graph.ts";
import { bindInputs } from "../engine/graph/inputs.ts";
import { sizeOf } from "../engine/slices.ts";
import type { Model } from "../model.ts";
import {
  add,
  type Draft,
  dense,
  finished,
  input,
  newDraft,
  type TfjsModel,
  weight,
} from "./tfjs-draft.ts";

/** Beyond this width a square kernel that scales the numbers among the rest would be far larger than the model. */
const SCALED_WIDTH_MAX = 4096;

/** @throws {CloisterError} `export.tfjs-width`: an input with too many columns beside its numbers. */
export function graphToTfjs(model: Model, graph: GraphArchitecture): TfjsModel {
  const { schema, spec } = model;
  assert(isTopology(spec), "a graph comes from a topology");
  const topology = readTopology(spec.topology);
  const bound = bindInputs(schema, topology);
  const draft = newDraft();
  const names = new Set(topology.layers.map(({ name }) => name));
  const outputs: string[] = [];
  // In the order in which the topology names them, which is that of a prediction's arguments.
  const inputs = new Map(
    topology.inputs.map((index) => {
      const { name, width } = topology.layers[index] ?? { name: "", width: 1 };
      const binding = bound.get(index);
      const isCode = binding?.kind === "code";
      input(draft, name, width, isCode ? "int32" : "float32");
      const sources = binding?.kind === "matrix" ? binding.sources : [];
      return [index, { name, sources }] as const;
    }),
  );
  for (const [index, layer] of topology.layers.entries()) {
    const own = inputs.get(index);
    if (own) outputs.push(scaledInput(draft, model, own.name, own.sources, names));
    else
      outputs.push(
        layerOf(
          draft,
          model,
          graph,
          layer,
          layer.from.map((i) => outputs[i] ?? ""),
        ),
      );
  }
  const last = topology.layers.at(-1);
  const output = outputs.at(-1) ?? "";
  if (last !== undefined && "activation" in last.op && last.op.activation !== null)
    return finished(draft, output);
  const score = add(draft, "Activation", unused("score", names), { activation: "sigmoid" }, [
    output,
  ]);
  return finished(draft, score);
}

/** Numbers less their centres, times their inverse scales: x − c + c·m, which is exactly 0 where unknown; then · s. */
function scaledInput(
  draft: Draft,
  { scaling }: Model,
  name: string,
  sources: readonly InputSource[],
  names: Set<string>,
): string {
  const numberCount = scaling.length / 2;
  const width = sources.reduce((sum, s) => sum + (s.kind === "onehot" ? s.rowCount : 1), 0);
  const numbers = sources.filter(({ kind }) => kind === "number");
  const centres = numbers.map(({ column }) => scaling[column] ?? 0);
  const factors = numbers.map(({ column }) => scaling[numberCount + column] ?? 1);
  let last = name;
  const square = (role: string, fill: (kernel: Float32Array, bias: Float32Array) => void): void => {
    if (width > SCALED_WIDTH_MAX) throw tooWide(name, width);
    const kernel = new Float32Array(width * width);
    for (let i = 0; i < width; i++) kernel[i * width + i] = 1;
    const bias = new Float32Array(width);
    fill(kernel, bias);
    last = dense(draft, unused(`${name}_${role}`, names), last, width, "linear", kernel, bias);
  };
  if (centres.some((centre) => centre !== 0))
    square("centre", (kernel, bias) => {
      bias.set(centres.map((centre) => -centre));
      for (const [m, source] of sources.entries()) {
        const j = numbers.findIndex(({ column }) => column === source.column);
        if (source.kind === "indicator") kernel[m * width + j] = centres[j] ?? 0;
      }
    });
  if (factors.some((factor) => factor !== 1))
    square("scale", (kernel) => {
      for (const [j, factor] of factors.entries()) kernel[j * width + j] = factor;
    });
  return last;
}

function tooWide(name: string, width: number) {
  const remedy =
    "give the topology an input numbers of its own, use scaling: bounds, or use --format onnx";
  return badInput(
    "export.tfjs-width",
    `TensorFlow.js: to scale the numbers of input "${name}" among ${width} columns takes a layer of ${width} × ${width}; ${remedy}`,
  );
}

function layerOf(
  draft: Draft,
  { params }: Model,
  { slices }: GraphArchitecture,
  { name, op, width }: TopologyLayer,
  from: readonly string[],
): string {
  const valuesOf = (part: string): Float32Array => {
    const slice = slices.find((one) => one.name === `${name}/${part}`);
    const offset = slice?.offset ?? 0;
    return params.slice(offset, offset + sizeOf(slice?.shape ?? [0]));
  };
  switch (op.kind) {
    case "dense": {
      const [source = ""] = from;
      const activation = op.activation?.name ?? "linear";
      const bias = op.useBias ? valuesOf("bias") : null;
      return dense(draft, name, source, width, activation, valuesOf("kernel"), bias);
    }
    case "embedding": {
      const [input_dim, output_dim] = [op.rowCount, width];
      weight(draft, `${name}/embeddings`, [input_dim, output_dim], valuesOf("embeddings"));
      const config = { input_dim, output_dim, input_length: 1, mask_zero: false };
      return add(draft, "Embedding", name, config, from);
    }
    case "layerNorm": {
      const { epsilon, center, scale } = op;
      if (scale) weight(draft, `${name}/gamma`, [width], valuesOf("gamma"));
      if (center) weight(draft, `${name}/beta`, [width], valuesOf("beta"));
      return add(draft, "LayerNormalization", name, { axis: -1, epsilon, center, scale }, from);
    }
    case "concatenate":
      return add(draft, "Concatenate", name, { axis: -1 }, from);
    case "add":
      return add(draft, "Add", name, {}, from);
    case "flatten":
      return add(draft, "Flatten", name, {}, from);
    case "dropout":
      return add(draft, "Dropout", name, { rate: op.rate }, from);
    case "activation":
      return activationLayer(draft, name, op.activation, from);
    case "input":
      return name;
  }
}

function activationLayer(
  draft: Draft,
  name: string,
  activation: Activation | null,
  from: readonly string[],
): string {
  const alpha = activation?.alpha ?? 0;
  if (activation?.name === "leakyRelu") return add(draft, "LeakyReLU", name, { alpha }, from);
  return add(draft, "Activation", name, { activation: activation?.name ?? "linear" }, from);
}

/** The name, or the first that follows it, that no layer has. */
function unused(name: string, names: Set<string>): string {
  let own = name;
  while (names.has(own)) own = `${own}_`;
  names.add(own);
  return own;
}
