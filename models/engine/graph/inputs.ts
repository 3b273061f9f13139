/**
 * Which columns of the schema each input of a topology stands for, by its name. Pure. Every column is read by exactly
 * one input; docs/models.md has the rules.
 */
import { counted } from "../../../shared/base/counted.ts";
import type { CategoryFeature, DataSchema } from "../../../shared/charter/schema.ts";
import { layerFault, topologyFault } from "../../../shared/charter/topology/fault.ts";
import type { Topology, TopologyLayer } from "../../../shared/charter/topology/topology.ts";
import type { InputSource } from "./graph.ts";

/** A matrix of columns, or the code of one category for its embeddings. */
export type BoundInput =
  | { readonly kind: "matrix"; readonly sources: readonly InputSource[] }
  | { readonly kind: "code"; readonly column: number; readonly rowCount: number };

/** A column as the inputs may ask for it. */
interface Column {
  readonly name: string;
  /** Index among the columns of its type. */
  readonly column: number;
  /** Declared categories + 1; null: a number. */
  readonly rowCount: number | null;
  readonly hasIndicator: boolean;
}

const NUMBERS = "numbers";
const FEATURES = "features";
const BY_PLACE = /^(number|category)(0|[1-9]\d*)$/;

/**
 * By index of the topology's layer.
 *
 * @throws {CloisterError} `plan.topology`: an input that no rule gives columns to, or whose width is another; a column
 *   that no input reads, or two do.
 */
export function bindInputs(schema: DataSchema, topology: Topology): Map<number, BoundInput> {
  const columns = columnsOf(schema);
  const bound = new Map<number, BoundInput>();
  const readers = new Map<Column, string>();
  for (const index of topology.inputs) {
    const layer = topology.layers[index];
    if (layer === undefined) continue;
    const taken = columnsFor(layer.name, columns, topology);
    for (const column of taken) {
      const other = readers.get(column);
      if (other !== undefined)
        throw layerFault(layer.name, `column "${column.name}" is read by "${other}" already`);
      readers.set(column, layer.name);
    }
    bound.set(index, bindingOf(layer, taken, isCode(topology, index)));
  }
  const unread = columns.find((column) => !readers.has(column));
  if (unread)
    throw topologyFault(
      `column "${unread.name}" is read by no input; add an InputLayer named "${nameFor(unread)}"`,
    );
  return bound;
}

function columnsOf({ features }: DataSchema): Column[] {
  let [numbers, categories] = [0, 0];
  return features.map((feature) => {
    const { name } = feature;
    if (feature.type === "number") {
      const hasIndicator = feature.missing === "indicator";
      return { name, column: numbers++, rowCount: null, hasIndicator };
    }
    return { name, column: categories++, rowCount: rowCountOf(feature), hasIndicator: false };
  });
}

function rowCountOf({ categories }: CategoryFeature): number {
  return categories.length + 1;
}

function nameFor({ column, rowCount }: Column): string {
  return rowCount === null ? NUMBERS : `category${column}`;
}

function columnsFor(name: string, columns: readonly Column[], topology: Topology): Column[] {
  if (name === NUMBERS && !topology.isSequential)
    return columns.filter(({ rowCount }) => rowCount === null);
  if (name === FEATURES || topology.isSequential) return [...columns];
  const [, type, place] = BY_PLACE.exec(name) ?? [];
  const wanted = columns.filter((column) => {
    if (type === undefined) return column.name === name;
    return (column.rowCount === null) === (type === "number") && column.column === Number(place);
  });
  if (wanted.length > 0) return wanted;
  const rule = `call it "${NUMBERS}", "${FEATURES}", "number0", "category0" and so on, or as one column is called`;
  throw layerFault(name, `this input's name is no column of the charter's schema; ${rule}`);
}

/** Whether an input is looked up: then all that take it are Embeddings. */
function isCode({ layers }: Topology, input: number): boolean {
  const takers = layers.filter(({ from }) => from.includes(input));
  const looking = takers.filter(({ op }) => op.kind === "embedding");
  const name = layers[input]?.name ?? "";
  if (looking.length > 0 && looking.length < takers.length)
    throw layerFault(name, "it is taken by an Embedding and by others; give each an input");
  return looking.length > 0;
}

function bindingOf(layer: TopologyLayer, columns: readonly Column[], code: boolean): BoundInput {
  const [first] = columns;
  const width = columns.reduce((sum, column) => sum + widthOf(column), 0);
  if (code) {
    if (first === undefined || columns.length > 1 || first.rowCount === null)
      throw layerFault(layer.name, "an Embedding takes the code of one category, and this is none");
    return { kind: "code", column: first.column, rowCount: first.rowCount };
  }
  if (layer.width !== width)
    throw layerFault(layer.name, `its shape is [null, ${layer.width}]; ${wanted(columns, width)}`);
  const numbers = columns.filter(({ rowCount }) => rowCount === null);
  return {
    kind: "matrix",
    sources: [
      ...numbers.map(({ column }) => ({ kind: "number", column }) as const),
      ...numbers.flatMap(({ column, hasIndicator }) =>
        hasIndicator ? [{ kind: "indicator", column } as const] : [],
      ),
      ...columns.flatMap(({ column, rowCount }) =>
        rowCount === null ? [] : [{ kind: "onehot", column, rowCount } as const],
      ),
    ],
  };
}

function widthOf({ rowCount, hasIndicator }: Column): number {
  return rowCount ?? (hasIndicator ? 2 : 1);
}

function wanted(columns: readonly Column[], width: number): string {
  const numbers = columns.filter(({ rowCount }) => rowCount === null);
  const indicators = numbers.filter(({ hasIndicator }) => hasIndicator).length;
  const categories = columns.length - numbers.length;
  const parts = [
    ...(numbers.length > 0 ? [`${counted(numbers.length, "number")}`] : []),
    ...(indicators > 0 ? [`${counted(indicators, "indicator")} of unknown numbers`] : []),
    ...(categories > 0 ? [`a column for each category and "anything else" of ${categories}`] : []),
  ];
  return `the schema needs [null, ${width}]: ${parts.join(", ")}`;
}
