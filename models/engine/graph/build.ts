/** A topology over a schema → nodes with their parameters' places. Pure. */
import type { DataSchema } from "../../../shared/charter/schema.ts";
import type { Activation } from "../../../shared/charter/topology/activations.ts";
import { layerFault, topologyFault } from "../../../shared/charter/topology/fault.ts";
import {
  PARAMS_MAX,
  type Topology,
  type TopologyLayer,
} from "../../../shared/charter/topology/topology.ts";
import { type SliceTaker, sliceTaker } from "../slices.ts";
import type { GraphArchitecture, GraphNode } from "./graph.ts";
import { type BoundInput, bindInputs } from "./inputs.ts";

/** A graph in the making. */
interface Draft {
  readonly nodes: GraphNode[];
  readonly taker: SliceTaker;
  readonly inputs: ReadonlyMap<number, BoundInput>;
  /** The node that gives a layer's output; none for an input that is a code. */
  readonly nodeOf: (number | null)[];
}

/** @throws {CloisterError} `plan.topology`: it does not fit the schema, or is too large. */
export function graphOf(schema: DataSchema, topology: Topology): GraphArchitecture {
  const draft: Draft = {
    nodes: [],
    taker: sliceTaker(),
    inputs: bindInputs(schema, topology),
    nodeOf: [],
  };
  const last = topology.layers.length - 1;
  for (const [index, layer] of topology.layers.entries())
    draft.nodeOf.push(addLayer(draft, topology, layer, index, index === last));
  const paramCount = draft.taker.count();
  if (paramCount > PARAMS_MAX)
    throw topologyFault(`it has ${paramCount} parameters; at most ${PARAMS_MAX}: use fewer units`);
  const numbers = schema.features.filter((feature) => feature.type === "number");
  const categories = schema.features.filter((feature) => feature.type === "category");
  return {
    numberCount: numbers.length,
    categoryCount: categories.length,
    indicators: numbers.flatMap(({ missing }, index) => (missing === "indicator" ? [index] : [])),
    codeLimits: categories.map((feature) => feature.categories.length + 1),
    nodes: draft.nodes,
    slices: draft.taker.slices,
    paramCount,
  };
}

/** @returns The node that gives the layer's output. */
function addLayer(
  draft: Draft,
  topology: Topology,
  { name, op, from, width }: TopologyLayer,
  index: number,
  isLast: boolean,
): number | null {
  const { nodes, taker, nodeOf } = draft;
  const push = (node: GraphNode): number => nodes.push(node) - 1;
  const activated = (node: number, activation: Activation | null): number => {
    // The last sigmoid makes a probability of the logit: that is the loss's part.
    if (activation === null || isLast) return node;
    return push({ kind: "activation", width, from: node, activation });
  };
  const sources = from.map((source) => nodeOf[source] ?? 0);
  const [source = 0] = sources;
  switch (op.kind) {
    case "input": {
      const bound = draft.inputs.get(index);
      if (bound?.kind !== "matrix") return null;
      return push({ kind: "input", width, sources: bound.sources });
    }
    case "embedding": {
      const bound = draft.inputs.get(from[0] ?? 0);
      const input = topology.layers[from[0] ?? 0]?.name ?? "";
      if (bound?.kind !== "code") throw layerFault(name, "an Embedding takes a code");
      const { column, rowCount } = bound;
      if (op.rowCount !== rowCount) {
        const wanted = `"${input}" has ${rowCount - 1} categories and "anything else"`;
        throw layerFault(name, `input_dim is ${op.rowCount}; it must be ${rowCount}: ${wanted}`);
      }
      const offset = taker.take(`${name}/embeddings`, [rowCount, width]);
      return push({ kind: "embedding", width, column, rowCount, offset });
    }
    case "dense": {
      const inputWidth = topology.layers[from[0] ?? 0]?.width ?? 0;
      const kernelOffset = taker.take(`${name}/kernel`, [inputWidth, width]);
      const biasOffset = op.useBias ? taker.take(`${name}/bias`, [width]) : null;
      const dense = { kind: "dense", width, from: source, inputWidth } as const;
      return activated(push({ ...dense, kernelOffset, biasOffset }), op.activation);
    }
    case "layerNorm": {
      const gainOffset = op.scale ? taker.take(`${name}/gamma`, [width]) : null;
      const biasOffset = op.center ? taker.take(`${name}/beta`, [width]) : null;
      const { kind, epsilon } = op;
      return push({ kind, width, from: source, epsilon, gainOffset, biasOffset });
    }
    case "concatenate":
    case "add":
      return push({ kind: op.kind, width, from: sources });
    case "dropout":
      return op.rate === 0 ? source : push({ kind: op.kind, width, from: source, rate: op.rate });
    case "flatten":
      return source;
    case "activation":
      return activated(source, op.activation);
  }
}
