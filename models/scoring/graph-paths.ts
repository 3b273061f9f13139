/**
 * What reasons need of a topology: the logit as a function of everything that it reads (numbers, indicators, one-hot
 * vectors, categories' rows), its gradient there, and each feature's places in it. Pure; owns its buffers.
 */
import { backwardInPlace } from "../engine/graph/backward.ts";
import { forwardInPlace } from "../engine/graph/forward.ts";
import type { GraphArchitecture } from "../engine/graph/graph.ts";
import { loadInPlace, newGraphSpace } from "../engine/graph/space.ts";
import type { Model } from "../model.ts";
import type { NetTail } from "./net-tail.ts";
import type { PathFeature, Paths } from "./paths.ts";

/** A span of the vector that the tail takes. */
interface Leaf {
  /** Index of the node. */
  readonly node: number;
  readonly start: number;
  readonly width: number;
}

/** Part of a feature: where it writes in the vector. */
type Place =
  | { readonly kind: "number" | "indicator" | "onehot"; readonly at: number }
  | { readonly kind: "row"; readonly at: number; readonly offset: number; readonly width: number };

export function graphPaths(model: Model, graph: GraphArchitecture): Paths {
  const leaves = leavesOf(graph);
  const width = leaves.reduce((sum, leaf) => sum + leaf.width, 0);
  const [numbers, categories] = placesOf(graph, leaves);
  let [number, category] = [0, 0];
  return {
    tail: graphTail(model, graph, leaves, width),
    constant: new Float64Array(width),
    features: model.schema.features.map(({ name, type }) =>
      type === "number"
        ? numberPath(model, graph, name, number, numbers.get(number++) ?? [], width)
        : categoryPath(model, graph, name, category, categories.get(category++) ?? [], width),
    ),
  };
}

function leavesOf({ nodes }: GraphArchitecture): Leaf[] {
  let start = 0;
  return nodes.flatMap(({ kind, width }, node) => {
    if (kind !== "input" && kind !== "embedding") return [];
    start += width;
    return [{ node, start: start - width, width }];
  });
}

/** By column of numbers, and of categories. */
function placesOf(
  { nodes }: GraphArchitecture,
  leaves: readonly Leaf[],
): [Map<number, Place[]>, Map<number, Place[]>] {
  const numbers = new Map<number, Place[]>();
  const categories = new Map<number, Place[]>();
  const put = (places: Map<number, Place[]>, column: number, place: Place): void => {
    places.set(column, [...(places.get(column) ?? []), place]);
  };
  for (const { node: index, start } of leaves) {
    const node = nodes[index];
    if (node?.kind === "embedding") {
      const { offset, width } = node;
      put(categories, node.column, { kind: "row", at: start, offset, width });
    }
    let at = start;
    for (const source of node?.kind === "input" ? node.sources : []) {
      const { kind, column } = source;
      put(kind === "onehot" ? categories : numbers, column, { kind, at });
      at += source.kind === "onehot" ? source.rowCount : 1;
    }
  }
  return [numbers, categories];
}

/** The baseline is the centre, known: zeros. */
function numberPath(
  { scaling }: Model,
  { numberCount }: GraphArchitecture,
  feature: string,
  column: number,
  places: readonly Place[],
  width: number,
): PathFeature {
  return {
    feature,
    baseline: new Float64Array(width),
    valueOf(numbers, numbersAt) {
      const vector = new Float64Array(width);
      const x = numbers[numbersAt + column] ?? 0;
      const isUnknown = Number.isNaN(x);
      const scaled = (x - (scaling[column] ?? 0)) * (scaling[numberCount + column] ?? 1);
      for (const { kind, at } of places) {
        if (kind === "number") vector[at] = isUnknown ? 0 : scaled;
        if (kind === "indicator") vector[at] = isUnknown ? 1 : 0;
      }
      return vector;
    },
  };
}

/** The baseline is the mean of the declared categories. */
function categoryPath(
  { params }: Model,
  { codeLimits }: GraphArchitecture,
  feature: string,
  column: number,
  places: readonly Place[],
  width: number,
): PathFeature {
  const rowCount = codeLimits[column] ?? 1;
  const addCode = (vector: Float64Array, code: number, share: number): void => {
    for (const place of places) {
      const { at } = place;
      if (place.kind !== "row") {
        vector[at + code] = (vector[at + code] ?? 0) + share;
        continue;
      }
      const row = place.offset + code * place.width;
      for (let j = 0; j < place.width; j++)
        vector[at + j] = (vector[at + j] ?? 0) + share * (params[row + j] ?? 0);
    }
  };
  const baseline = new Float64Array(width);
  for (let code = 1; code < rowCount; code++) addCode(baseline, code, 1 / (rowCount - 1));
  return {
    feature,
    baseline,
    valueOf(_numbers, _numbersAt, codes, codesAt) {
      const vector = new Float64Array(width);
      const code = codes[codesAt + column] ?? 0;
      addCode(vector, code < rowCount ? code : 0, 1);
      return vector;
    },
  };
}

/** Taken for smooth, whatever its activations: the quadrature takes smaller steps where it bends. */
function graphTail(
  { params, scaling }: Model,
  graph: GraphArchitecture,
  leaves: readonly Leaf[],
  width: number,
): NetTail {
  const space = newGraphSpace(graph, 1, true);
  loadInPlace(space, params, scaling);
  const { output } = space;
  return {
    reachOfLast: null,
    logit(vector) {
      for (const { node, start, width: part } of leaves)
        space.nodes[node]?.values.set(vector.subarray(start, start + part));
      forwardInPlace(space, 1, null);
      return output.values[0] ?? Number.NaN;
    },
    gradientOfLast() {
      output.delta[0] = 1;
      backwardInPlace(space, 1);
      const gradient = new Float64Array(width);
      for (const { node, start } of leaves)
        gradient.set(space.nodes[node]?.delta ?? gradient, start);
      return gradient;
    },
  };
}
