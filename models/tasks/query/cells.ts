/** The cells that a question is broken down into, and which of them a row is in. Pure. */
import { badInput } from "../../../shared/base/errors.ts";
import type { Group } from "../../../shared/charter/query-spec.ts";
import type { DataSchema } from "../../../shared/charter/schema.ts";
import type { EncodedData } from "../../data.ts";
import { type CategoryReader, columnReader, type NumberReader } from "../columns.ts";
import { placeIn } from "./filter.ts";

/** Of one column: where a row is, and what the places are called. */
export interface Axis {
  readonly name: string;
  readonly labels: readonly string[];
  at(data: EncodedData, row: number): number;
}

export interface Cells {
  /** Names of the columns. */
  readonly names: readonly string[];
  readonly count: number;
  /** The cell of a row. */
  at(data: EncodedData, row: number): number;
  /** What a cell is of each column. Shape [names]. */
  labelsOf(cell: number): string[];
}

/** Of a value that is in no declared category, or missing. */
export const ANYTHING_ELSE = "(other)";
export const MISSING = "(missing)";

/** All places of the first axis, within each all of the second, and so on. */
export function cellsOf(axes: readonly Axis[]): Cells {
  const count = axes.reduce((product, { labels }) => product * labels.length, 1);
  return {
    names: axes.map(({ name }) => name),
    count,
    at: (data, row) =>
      axes.reduce((cell, axis) => cell * axis.labels.length + axis.at(data, row), 0),
    labelsOf(cell) {
      const result: string[] = [];
      let rest = cell;
      for (const { labels } of axes.toReversed()) {
        result.unshift(labels[rest % labels.length] ?? "");
        rest = Math.floor(rest / labels.length);
      }
      return result;
    },
  };
}

/** @throws {CloisterError} If a column cannot be broken down so; says what to change. */
export function axisOf(schema: DataSchema, { column: name, edges }: Group): Axis {
  const reader = columnReader(schema, name);
  if (reader.kind === "category") {
    if (edges) {
      const message = `column "${name}" has categories; edges are for numbers`;
      throw badInput("question.group", message);
    }
    return categoryAxis(reader);
  }
  if (!edges) {
    const middle = (reader.min + reader.max) / 2;
    const message = `column "${name}" has numbers; say at which edges to part them, such as "${name} at ${middle}" (in a file, edges: [${middle}])`;
    throw badInput("question.group", message);
  }
  if (edges.some((edge, i) => i > 0 && !(edge > (edges[i - 1] ?? edge)))) {
    const message = `column "${name}": the edges must ascend`;
    throw badInput("question.group", message);
  }
  const places = Float64Array.from(edges, (edge) => placeIn(reader, edge));
  return {
    name,
    labels: [...bandNames(edges), MISSING],
    at(data, row) {
      const place = reader.place(data, row);
      return Number.isNaN(place) ? edges.length + 1 : bandAt(places, place);
    },
  };
}

/** Its categories, then anything else. */
export function categoryAxis(reader: CategoryReader): Axis {
  const { name, categories } = reader;
  return {
    name,
    labels: [...categories, ANYTHING_ELSE],
    at(data, row) {
      const code = reader.read(data, row);
      return code === 0 ? categories.length : code - 1;
    },
  };
}

/** Bands of equal width over the declared range, then rows without a value. */
export function binsAxis(reader: NumberReader, bins: number): Axis {
  const edges = binEdges(reader, bins).map((edge) => Number(edge.toPrecision(6)));
  const labels = edges.slice(1).map((edge, b) => `${edges[b]} to ${edge}`);
  const binOf = binFinder(reader, bins);
  return {
    name: reader.name,
    labels: [...labels, MISSING],
    at(data, row) {
      const place = reader.place(data, row);
      return Number.isNaN(place) ? bins : binOf(place);
    },
  };
}

/** Values at which the bins begin and the last one ends. Shape [bins + 1]. */
export function binEdges(reader: NumberReader, bins: number): number[] {
  return Array.from({ length: bins + 1 }, (_, b) => binValue(reader, bins, b));
}

/** The value at a place among the bins, from 0 to `bins`. */
export function binValue(reader: NumberReader, bins: number, at: number): number {
  const [from, to] = [reader.placeOf(reader.min), reader.placeOf(reader.max)];
  return reader.valueAt(from + (at / bins) * (to - from));
}

/** The bin of a place as rows have it. */
export function binFinder(reader: NumberReader, bins: number): (place: number) => number {
  const [from, to] = [reader.placeOf(reader.min), reader.placeOf(reader.max)];
  return (place) =>
    Math.min(bins - 1, Math.max(0, Math.floor(((place - from) / (to - from)) * bins)));
}

function bandNames(edges: readonly number[]): string[] {
  const inner = edges.slice(1).map((edge, i) => `${edges[i]} to < ${edge}`);
  return [`< ${edges[0]}`, ...inner, `≥ ${edges.at(-1)}`];
}

/** How many of the ascending edges are at or below `place`. */
function bandAt(edges: Float64Array, place: number): number {
  let band = edgesBelow(edges, place);
  while (edges[band] === place) band += 1;
  return band;
}

/** How many of the ascending edges are below `place`. */
export function edgesBelow(edges: Float64Array, place: number): number {
  let [low, high] = [0, edges.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((edges[middle] ?? 0) < place) low = middle + 1;
    else high = middle;
  }
  return low;
}
