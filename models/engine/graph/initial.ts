/** Initial parameters of a topology, the same everywhere for one seed; what its layers say of initialisers is not read. Pure. */
import type { UniformSource } from "../../../shared/base/uniform.ts";
import { fillNormal, TABLE_STD_DEV } from "../slices.ts";
import { type DenseNode, type GraphArchitecture, type GraphNode, sourcesOf } from "./graph.ts";

/**
 * Kernels are normal with variance gain / fan-in: 2 where a relu, leaky relu or elu follows (He et al. 2015), else 1.
 * Fan-in counts a one-hot vector as one input. Tables that are inputs have a deviation of 0.1, tables that are added
 * to a layer's sums that layer's; gains are one, biases zero. Shape [paramCount].
 */
export function initialGraphParams(
  { nodes, paramCount }: GraphArchitecture,
  source: UniformSource,
): Float32Array {
  const params = new Float32Array(paramCount);
  for (const [index, node] of nodes.entries()) {
    if (node.kind === "dense") {
      const size = node.inputWidth * node.width;
      const stdDev = Math.sqrt(gainOf(nodes, index) / Math.max(1, fanIn(nodes, node.from)));
      fillNormal(params.subarray(node.kernelOffset, node.kernelOffset + size), source, stdDev);
    } else if (node.kind === "embedding") {
      const size = node.rowCount * node.width;
      const stdDev = addedStdDev(nodes, index) ?? TABLE_STD_DEV;
      fillNormal(params.subarray(node.offset, node.offset + size), source, stdDev);
    } else if (node.kind === "layerNorm" && node.gainOffset !== null) {
      params.fill(1, node.gainOffset, node.gainOffset + node.width);
    }
  }
  return params;
}

/** 2 where half of the sums will be switched off; sums may pass others on their way to the activation. */
function gainOf(nodes: readonly GraphNode[], index: number): number {
  const user = nodes.find((node) => sourcesOf(node).includes(index));
  if (user === undefined) return 1;
  if (user.kind === "add") return gainOf(nodes, nodes.indexOf(user));
  if (user.kind !== "activation") return 1;
  return ["relu", "leakyRelu", "elu"].includes(user.activation.name) ? 2 : 1;
}

function fanIn(nodes: readonly GraphNode[], index: number): number {
  const node = nodes[index];
  if (node?.kind === "input") return node.sources.length;
  if (node?.kind === "concatenate")
    return node.from.reduce((sum, source) => sum + fanIn(nodes, source), 0);
  return node?.width ?? 1;
}

/** Of the dense layer that a table is added to; null: it is added to none. */
function addedStdDev(nodes: readonly GraphNode[], index: number): number | null {
  const user = nodes.find((node) => sourcesOf(node).includes(index));
  if (user?.kind !== "add") return null;
  const dense = user.from
    .map((source) => nodes[source])
    .find((node): node is DenseNode => node?.kind === "dense");
  return dense ? Math.sqrt(1 / Math.max(1, fanIn(nodes, dense.from))) : null;
}
