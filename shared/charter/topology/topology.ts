/**
 * A TensorFlow.js topology, checked: what a training plan may ask for, whatever the columns. Pure. Which columns its
 * inputs stand for is decided in `models/engine/graph/inputs.ts`.
 */
import type { Json } from "../../base/canonical.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { layerFault, topologyFault } from "./fault.ts";
import { type KerasModel, readKeras } from "./keras.ts";
import { type LayerKind, readLayer, WIDTH_MAX } from "./layer.ts";

export interface TopologyLayer {
  readonly name: string;
  readonly op: LayerKind;
  /** Indices of layers that come earlier in the list. */
  readonly from: readonly number[];
  readonly width: number;
  /** 2: [rows, width]. 3: [rows, 1, width], as an Embedding gives it. */
  readonly rank: 2 | 3;
}

export interface Topology {
  /** Each after those that it takes from. All of them lead to the last. */
  readonly layers: readonly TopologyLayer[];
  /** Indices of the inputs in the order that the model names them. */
  readonly inputs: readonly number[];
  /** Whether there is one input, without a name of its own. */
  readonly isSequential: boolean;
}

/** What one vector holds. */
export const PARAMS_MAX = LIMITS.dimensionMax;

const TEXT_MAX = 1024 * 1024;
/** Of all layers: a member holds a value and a derivative of each for 128 rows, 268 MB. */
const TOTAL_WIDTH_MAX = 131_072;
/** The name of a Sequential model's input where it has no layer of its own. */
const IMPLIED_INPUT = "features";

/** @throws {CloisterError} `plan.topology`: what is wrong, in which layer, and what to do. */
export function readTopology(value: Json): Topology {
  if (JSON.stringify(value).length > TEXT_MAX)
    throw topologyFault(`its text is longer than ${TEXT_MAX} characters; leave the weights out`);
  const model = withInput(readKeras(value));
  const ordered = inOrder(model);
  const indexOf = new Map(ordered.map(({ name }, index) => [name, index]));
  const layers: TopologyLayer[] = [];
  for (const layer of ordered) {
    const { name, from } = layer;
    const op = readLayer(layer);
    const sources = from.map((source) => indexOf.get(source) ?? 0);
    const taken = sources.flatMap((source) => layers[source] ?? []);
    layers.push({ name, op, from: sources, ...shapeOf(name, op, taken) });
  }
  checkOutput(layers);
  const width = layers.reduce((sum, layer) => sum + layer.width, 0);
  if (width > TOTAL_WIDTH_MAX)
    throw topologyFault(
      `its layers are ${width} wide in all; at most ${TOTAL_WIDTH_MAX}: embed large categories, or use fewer units`,
    );
  const inputs = model.inputs.map((input) => {
    const at = indexOf.get(input);
    if (at === undefined || layers[at]?.op.kind !== "input")
      throw topologyFault(`the model's input "${input}" leads nowhere or is no InputLayer`);
    return at;
  });
  for (const [index, { name, op }] of layers.entries())
    if (op.kind === "input" && !inputs.includes(index))
      throw layerFault(name, "it is an input that the model's input_layers do not name");
  if (new Set(inputs).size !== inputs.length) throw topologyFault("input_layers names one twice");
  return { layers, inputs, isSequential: model.isSequential };
}

interface WithInput extends KerasModel {
  readonly inputs: readonly string[];
  readonly isSequential: boolean;
}

/** A Sequential model's first layer states the shape of the input; here it becomes a layer of its own. */
function withInput(model: KerasModel): WithInput {
  const { layers, inputs, output } = model;
  if (inputs !== null) return { layers, inputs, output, isSequential: false };
  const [first] = layers;
  if (first === undefined || first.className === "InputLayer")
    return { layers, inputs: first ? [first.name] : [], output, isSequential: true };
  const shape = first.config["batch_input_shape"];
  if (shape === undefined)
    throw layerFault(
      first.name,
      "the first layer must say batch_input_shape: [null, width], or follow an InputLayer",
    );
  const config = { batch_input_shape: shape };
  const input = { name: IMPLIED_INPUT, className: "InputLayer", config, from: [] };
  if (layers.some(({ name }) => name === IMPLIED_INPUT))
    throw layerFault(IMPLIED_INPUT, "this name is taken by the input; rename the layer");
  const [, ...rest] = layers;
  return {
    layers: [input, { ...first, from: [IMPLIED_INPUT] }, ...rest],
    inputs: [IMPLIED_INPUT],
    output,
    isSequential: true,
  };
}

/** The layers that lead to the output, each after those that it takes from; the output is last. */
function inOrder({ layers, output }: KerasModel): KerasModel["layers"] {
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const ordered: KerasModel["layers"][number][] = [];
  const state = new Map<string, "open" | "done">();
  const visit = (name: string, wantedBy: string): void => {
    if (state.get(name) === "done") return;
    const layer = byName.get(name);
    if (layer === undefined)
      throw topologyFault(`${wantedBy} takes from "${name}", and there is no such layer`);
    if (state.get(name) === "open")
      throw layerFault(name, "it takes, by way of others, from itself; remove the cycle");
    state.set(name, "open");
    for (const source of layer.from) visit(source, `layer "${name}"`);
    state.set(name, "done");
    ordered.push(layer);
  };
  visit(output, "the output");
  const unused = layers.find(({ name }) => !state.has(name));
  if (unused) throw layerFault(unused.name, "it does not lead to the output; leave it out");
  return ordered;
}

function shapeOf(
  name: string,
  op: LayerKind,
  from: readonly TopologyLayer[],
): { readonly width: number; readonly rank: 2 | 3 } {
  const [first] = from;
  if (op.kind === "input") {
    if (first) throw layerFault(name, "an InputLayer takes nothing");
    return { width: op.width, rank: 2 };
  }
  if (first === undefined)
    throw layerFault(name, "it takes nothing; connect it by inbound_nodes, or use an InputLayer");
  const { rank, width } = first;
  switch (op.kind) {
    case "concatenate":
      return { rank, width: joined(name, op.axis, from, rank) };
    case "add":
      if (from.length < 2 || from.some((one) => one.width !== width || one.rank !== rank))
        throw layerFault(name, "Add takes two layers or more, all of one shape");
      return { rank, width };
    default:
      if (from.length > 1) throw layerFault(name, `it takes ${from.length} layers; use one`);
  }
  switch (op.kind) {
    case "embedding":
      if (first.op.kind !== "input" || width !== 1)
        throw layerFault(name, "an Embedding takes an InputLayer of shape [null, 1]: the code");
      return { rank: 3, width: op.width };
    case "dense":
      return { rank, width: op.units };
    case "flatten":
      if (op.width !== null && op.width !== width)
        throw layerFault(name, `target_shape must be [${width}]`);
      return { rank: 2, width };
    case "layerNorm":
      checkAxis(name, op.axis, rank);
      return { rank, width };
    case "dropout":
    case "activation":
      return { rank, width };
  }
}

function joined(name: string, axis: number, from: readonly TopologyLayer[], rank: 2 | 3): number {
  if (from.length < 2) throw layerFault(name, "Concatenate takes two layers or more");
  if (from.some((one) => one.rank !== rank))
    throw layerFault(name, "it joins an Embedding with others; follow the Embedding with Flatten");
  checkAxis(name, axis, rank);
  const width = from.reduce((sum, one) => sum + one.width, 0);
  if (width > WIDTH_MAX) throw layerFault(name, `it is ${width} wide; at most ${WIDTH_MAX}`);
  return width;
}

function checkAxis(name: string, axis: number, rank: 2 | 3): void {
  if (axis !== -1 && axis !== rank - 1)
    throw layerFault(name, `axis ${axis} is not the last one; use -1`);
}

/** The score: one number a row, its log-odds or its probability. */
function checkOutput(layers: readonly TopologyLayer[]): void {
  const last = layers.at(-1);
  if (last === undefined) throw topologyFault("the model has no layers");
  const { name, op, width, rank } = last;
  if (rank === 3) throw layerFault(name, "the output has a third axis; end with Flatten");
  if (width !== 1)
    throw layerFault(name, `the output has ${width} units; end with Dense {units: 1}`);
  const activation = op.kind === "dense" || op.kind === "activation" ? op.activation : null;
  if (activation !== null && activation.name !== "sigmoid")
    throw layerFault(name, `the output ends in ${activation.name}; end in sigmoid or linear`);
  if (op.kind === "dropout" || op.kind === "layerNorm" || op.kind === "input")
    throw layerFault(name, "the output must be a Dense {units: 1}, with sigmoid or linear");
}
