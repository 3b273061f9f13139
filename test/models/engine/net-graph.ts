/** A plain net as a graph with the same parameters in the same places: what lets the graph engine into every suite. Pure. */
import type { Architecture, CategoryTable } from "../../../models/engine/architecture.ts";
import type {
  GraphArchitecture,
  GraphNode,
  InputSource,
} from "../../../models/engine/graph/graph.ts";

export function graphOfNet(architecture: Architecture): GraphArchitecture {
  const { numberCount, categoryCount, indicators, embeddings, sparse, layers } = architecture;
  const nodes: GraphNode[] = [];
  const push = (node: GraphNode): number => nodes.push(node) - 1;
  const table = ({ column, rowCount, width, offset }: CategoryTable): number =>
    push({ kind: "embedding", column, rowCount, width, offset });
  const sources: InputSource[] = [
    ...Array.from({ length: numberCount }, (_, column) => ({ kind: "number", column }) as const),
    ...indicators.map((column) => ({ kind: "indicator", column }) as const),
  ];
  const parts = [push({ kind: "input", width: sources.length, sources }), ...embeddings.map(table)];
  const added = sparse.map(table);
  let from = push({ kind: "concatenate", width: layers[0]?.inputWidth ?? 0, from: parts });
  for (const [l, { inputWidth, outputWidth: width, ...offsets }] of layers.entries()) {
    from = push({ kind: "dense", width, from, inputWidth, ...offsets });
    if (l === 0 && added.length > 0) from = push({ kind: "add", width, from: [from, ...added] });
    if (l === layers.length - 1) break;
    const activation = { name: architecture.activation, alpha: 0 } as const;
    from = push({ kind: "activation", width, from, activation });
  }
  const codeLimits = new Array<number>(categoryCount).fill(0);
  for (const { column, rowCount } of [...embeddings, ...sparse]) codeLimits[column] = rowCount;
  const { slices, paramCount } = architecture;
  return { numberCount, categoryCount, indicators, codeLimits, nodes, slices, paramCount };
}
