/** The shape of a model: which slice of the flat parameters means what, from schema and specification. Pure. */
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import {
  type AutoencoderSpec,
  hiddenOf,
  isAutoencoder,
  isTopology,
  type ModelSpec,
  type NetSpec,
} from "../../shared/charter/model-spec.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import { topologyFault } from "../../shared/charter/topology/fault.ts";
import { readTopology } from "../../shared/charter/topology/topology.ts";
import { type Reconstruction, reconstructionOf } from "./autoencoder/parts.ts";
import { graphOf } from "./graph/build.ts";
import type { GraphArchitecture } from "./graph/graph.ts";
import { initialGraphParams } from "./graph/initial.ts";
import { type NetOutline, type NetTable, outlineOf } from "./graph/reduce.ts";
import { fillNormal, type Slice, sliceTaker, TABLE_STD_DEV } from "./slices.ts";

/** One row per category index: `rowCount` = declared categories + 1, row 0 is "anything else". */
export interface CategoryTable {
  readonly feature: string;
  /** Column of `EncodedData.codes`. */
  readonly column: number;
  readonly rowCount: number;
  readonly width: number;
  readonly offset: number;
}

/** Output = activation(input · kernel + bias); kernel of shape [inputWidth × outputWidth], row-major. */
export interface DenseLayer {
  readonly inputWidth: number;
  readonly outputWidth: number;
  readonly kernelOffset: number;
  readonly biasOffset: number;
}

export interface Architecture {
  readonly numberCount: number;
  readonly categoryCount: number;
  /** Number columns that have a "missing" indicator input, in order. */
  readonly indicators: readonly number[];
  /** Tables whose row is part of the first layer's input, after numbers and indicators. */
  readonly embeddings: readonly CategoryTable[];
  /** One-hot categories: tables whose row is added to the first layer's pre-activation. */
  readonly sparse: readonly CategoryTable[];
  readonly layers: readonly DenseLayer[];
  readonly activation: "relu" | "tanh";
  readonly slices: readonly Slice[];
  readonly paramCount: number;
  /** Only of an autoencoder: what its outputs stand for. */
  readonly reconstruction?: Reconstruction;
}

/** Whatever a run may train: a plain net, which every engine computes, an autoencoder, or another topology. */
export type Network = Architecture | GraphArchitecture;

export function isGraph(network: Network): network is GraphArchitecture {
  return "nodes" in network;
}

/** What kind of model it is, however the plan said so. */
export function kindOf(network: Network): "logistic" | "net" | "autoencoder" | "topology" {
  if (isGraph(network)) return "topology";
  if (network.reconstruction) return "autoencoder";
  return network.layers.length === 1 ? "logistic" : "net";
}

/**
 * The shape of the model that `spec` asks for over `schema`. A topology that is a plain net is laid out as one.
 *
 * @throws {CloisterError} `plan.topology`: a topology that does not fit the schema.
 */
export function architectureOf(schema: DataSchema, spec: NetSpec | AutoencoderSpec): Architecture;
export function architectureOf(schema: DataSchema, spec: ModelSpec): Network;
export function architectureOf(schema: DataSchema, spec: ModelSpec): Network {
  if (!isTopology(spec)) {
    const { hidden, activation } = hiddenOf(spec);
    return netOf(
      schema,
      { hidden, activation, tables: tablesOf(schema, hidden) },
      isAutoencoder(spec),
    );
  }
  const graph = graphOf(schema, readTopology(spec.topology));
  const outline = outlineOf(graph);
  if (outline !== null) return netOf(schema, outline);
  if (biasOf(graph, graph.nodes.length - 1) !== null) return graph;
  const rule = "a Dense {units: 1} that uses its bias, or an Add of some, before the last sigmoid";
  throw topologyFault(`the output must be ${rule}`);
}

/** Where the last layer's biases are: of a label's model, the logit's. */
export function outputBiasOf(network: Network): number {
  if (!isGraph(network)) return network.layers.at(-1)?.biasOffset ?? 0;
  return biasOf(network, network.nodes.length - 1) ?? 0;
}

/** Of a dense node, or of one that is added up in a sum. */
function biasOf(graph: GraphArchitecture, index: number): number | null {
  const node = graph.nodes[index];
  if (node?.kind === "dense") return node.biasOffset;
  if (node?.kind !== "add") return null;
  for (const source of node.from) {
    const bias = biasOf(graph, source);
    if (bias !== null) return bias;
  }
  return null;
}

/** Tables as the schema declares them. */
function tablesOf({ features }: DataSchema, hidden: readonly number[]): NetTable[] {
  return features
    .filter((feature) => feature.type === "category")
    .map(({ encoding, dimension }, column) => {
      const isInput = encoding === "embedding";
      return { column, isInput, width: isInput ? dimension : (hidden[0] ?? 1) };
    });
}

/**
 * Lays out the parameters of a plain net: tables that are inputs, tables that are added, then kernel
 * and bias of each layer; the last layer has one output, the logit, or an autoencoder's reconstruction.
 */
function netOf(
  schema: DataSchema,
  { hidden, activation, tables }: NetOutline,
  isReconstruction = false,
): Architecture {
  const { slices, take, count } = sliceTaker();
  const numbers = schema.features.filter((feature) => feature.type === "number");
  const categories = schema.features.filter((feature) => feature.type === "category");
  const indicators = numbers.flatMap((f, index) => (f.missing === "indicator" ? [index] : []));
  const reconstruction = isReconstruction ? reconstructionOf(schema, indicators) : null;
  const table = (wantsInput: boolean): CategoryTable[] =>
    categories.flatMap((feature, column) => {
      const outline = tables.find((one) => one.column === column);
      if (outline === undefined || outline.isInput !== wantsInput) return [];
      const rowCount = feature.categories.length + 1;
      const { width } = outline;
      const name = `${wantsInput ? "embedding" : "onehot"}/${feature.name}`;
      const offset = take(name, [rowCount, width]);
      return [{ feature: feature.name, column, rowCount, width, offset }];
    });
  const embeddings = table(true);
  const sparse = table(false);
  const embeddedWidth = embeddings.reduce((sum, { width }) => sum + width, 0);
  const layers: DenseLayer[] = [];
  let inputWidth = numbers.length + indicators.length + embeddedWidth;
  for (const [index, outputWidth] of [...hidden, reconstruction?.outputWidth ?? 1].entries()) {
    const kernelOffset = take(`layer${index}/kernel`, [inputWidth, outputWidth]);
    const biasOffset = take(`layer${index}/bias`, [outputWidth]);
    layers.push({ inputWidth, outputWidth, kernelOffset, biasOffset });
    inputWidth = outputWidth;
  }
  return {
    numberCount: numbers.length,
    categoryCount: categories.length,
    indicators,
    embeddings,
    sparse,
    layers,
    activation,
    slices,
    paramCount: count(),
    ...(reconstruction && { reconstruction }),
  };
}

/**
 * Initial parameters, the same everywhere for one seed. Shape [paramCount]. Kernels and one-hot
 * tables are normal with variance gain / fan-in (He et al. 2015 for relu; Glorot and Bengio 2010,
 * fan-in only, for tanh and for the logit); biases are zero; logistic regression starts at zero, and an
 * autoencoder near the reconstruction that knows nothing: its last kernel is a tenth as large.
 */
export function initialParams(network: Network, seed: string): Float32Array {
  const source = new UniformSource(reproducibleRng(seed));
  return isGraph(network) ? initialGraphParams(network, source) : initialNetParams(network, source);
}

function initialNetParams(architecture: Architecture, source: UniformSource): Float32Array {
  const params = new Float32Array(architecture.paramCount);
  fillTables(architecture.embeddings, params, source, TABLE_STD_DEV);
  if (architecture.layers.length === 1) return params;
  for (const [index, layer] of architecture.layers.entries()) {
    const isLast = index === architecture.layers.length - 1;
    const gain = architecture.activation === "relu" && !isLast ? 2 : 1;
    const fanIn = layer.inputWidth + (index === 0 ? architecture.sparse.length : 0);
    const damping = isLast && architecture.reconstruction ? 0.1 : 1;
    const stdDev = damping * Math.sqrt(gain / Math.max(1, fanIn));
    if (index === 0) fillTables(architecture.sparse, params, source, stdDev);
    const kernelEnd = layer.kernelOffset + layer.inputWidth * layer.outputWidth;
    fillNormal(params.subarray(layer.kernelOffset, kernelEnd), source, stdDev);
  }
  return params;
}

function fillTables(
  tables: readonly CategoryTable[],
  params: Float32Array,
  source: UniformSource,
  stdDev: number,
): void {
  for (const { offset, rowCount, width } of tables) {
    fillNormal(params.subarray(offset, offset + rowCount * width), source, stdDev);
  }
}
