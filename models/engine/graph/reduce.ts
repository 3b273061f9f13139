/**
 * A graph that is a plain net in other words → the net, so that the fast engine trains it: numbers and tables into a
 * first layer, dense layers of one activation behind it. Pure.
 */
import { type GraphArchitecture, type GraphNode, sourcesOf } from "./graph.ts";

/** A table of one row per code of a category column. */
export interface NetTable {
  readonly column: number;
  /** Whether its row is an input of the first layer; else it is added to its sums. */
  readonly isInput: boolean;
  /** Of the row. */
  readonly width: number;
}

export interface NetOutline {
  readonly hidden: readonly number[];
  readonly activation: "relu" | "tanh";
  readonly tables: readonly NetTable[];
}

/** Null where it is no such net: something else than dense layers, two activations, a branch, a layer without bias. */
export function outlineOf(graph: GraphArchitecture): NetOutline | null {
  const { nodes } = graph;
  const users = new Array<number>(nodes.length).fill(0);
  for (const node of nodes)
    for (const source of sourcesOf(node)) users[source] = (users[source] ?? 0) + 1;
  if (users.slice(0, -1).some((count) => count !== 1)) return null;
  const hidden: number[] = [];
  const names = new Set<string>();
  let at = nodes.length - 1;
  for (;;) {
    const first = firstLayerAt(graph, at);
    if (first !== null && names.size <= 1) {
      const activation = names.has("tanh") ? "tanh" : "relu";
      return { hidden, activation, tables: first };
    }
    const dense = nodes[at];
    const active = dense?.kind === "dense" ? nodes[dense.from] : undefined;
    if (dense?.kind !== "dense" || dense.biasOffset === null) return null;
    if (active?.kind !== "activation") return null;
    const { name } = active.activation;
    if (name !== "relu" && name !== "tanh") return null;
    names.add(name);
    hidden.unshift(active.width);
    at = active.from;
  }
}

/** The tables of a node that is a first layer's sums; null: it is not. Every column must be in it, as in a plan's net. */
function firstLayerAt(graph: GraphArchitecture, index: number): NetTable[] | null {
  const node = graph.nodes[index];
  if (node === undefined) return null;
  const addends = node.kind === "add" ? node.from : [index];
  const parts = addends.flatMap((addend) => graph.nodes[addend] ?? []);
  const tables: NetTable[] = [];
  let denseCount = 0;
  for (const part of parts) {
    if (part.kind === "embedding") {
      tables.push({ column: part.column, isInput: false, width: part.width });
      continue;
    }
    denseCount += 1;
    if (part.kind !== "dense" || part.biasOffset === null || denseCount > 1) return null;
    const inputs = inputsOf(graph.nodes, part.from);
    if (inputs === null) return null;
    tables.push(...inputs.flatMap((input) => tablesOf(input, part.width)));
  }
  const columns = new Set(tables.map(({ column }) => column));
  return columns.size === tables.length ? tables : null;
}

/** @param width Of the first layer. A one-hot vector through a kernel is a row that is added. */
function tablesOf(input: GraphNode, width: number): NetTable[] {
  if (input.kind === "embedding")
    return [{ column: input.column, isInput: true, width: input.width }];
  if (input.kind !== "input") return [];
  return input.sources.flatMap(({ kind, column }) =>
    kind === "onehot" ? [{ column, isInput: false, width }] : [],
  );
}

/** Inputs and embeddings, joined or a single one; null: something is computed before. */
function inputsOf(nodes: readonly GraphNode[], index: number): GraphNode[] | null {
  const node = nodes[index];
  if (node?.kind === "input" || node?.kind === "embedding") return [node];
  if (node?.kind !== "concatenate") return null;
  const inputs: GraphNode[] = [];
  for (const source of node.from) {
    const below = inputsOf(nodes, source);
    if (below === null) return null;
    inputs.push(...below);
  }
  return inputs;
}
