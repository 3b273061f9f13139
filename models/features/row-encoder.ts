/**
 * One row of cells → numbers in [−1, 1] and category indices, by the room's schema: the same code
 * for training and for scoring. Pure. Its errors name the place (table, row, column), never a
 * value.
 */
import { badInput, type CloisterError } from "../../shared/base/errors.ts";
import type { CategoryFeature, DataSchema, NumberFeature } from "../../shared/charter/schema.ts";
import { parseNumber, signedLog, trimCell } from "./cell.ts";

/** Where a row stands: `row` counts data rows from 1, `line` is where it starts in the file. */
export interface RowPlace {
  readonly table: string;
  row: number;
  line: number;
}

export interface RowEncoder {
  readonly numberCount: number;
  readonly categoryCount: number;
  /**
   * Writes one row: `numberCount` values at `numbers[numbersAt]` (transformed, clamped, in [−1, 1];
   * NaN: missing) and `categoryCount` indices at `codes[codesAt]` (0: anything else).
   *
   * @throws {CloisterError} `data.cell-missing`, `data.cell-not-a-number`.
   */
  encode(cells: readonly string[], place: RowPlace, into: RowTarget): void;
}

/** Where an encoded row goes. */
export interface RowTarget {
  readonly numbers: Float32Array;
  readonly numbersAt: number;
  readonly codes: Uint16Array;
  readonly codesAt: number;
}

interface NumberColumn {
  readonly name: string;
  readonly index: number;
  readonly min: number;
  readonly max: number;
  readonly isLog: boolean;
  readonly mayBeMissing: boolean;
  /** The transformed lower bound, and what maps the transformed range to a width of 2. */
  readonly low: number;
  readonly scale: number;
}

interface CategoryColumn {
  readonly index: number;
  readonly codeOf: ReadonlyMap<string, number>;
}

/**
 * Prepares the encoding of rows that come under `header`. Columns that the schema does not name are
 * ignored, and so is their order.
 *
 * @param table What errors call the table: its file name.
 * @throws {CloisterError} `data.missing-columns`, naming all of them; `data.bad-bounds`.
 */
export function rowEncoder(
  schema: DataSchema,
  header: readonly string[],
  table: string,
): RowEncoder {
  const names = schema.features.map((feature) => feature.name);
  const indices = columnIndices(names, header, table);
  const numbers: NumberColumn[] = [];
  const categories: CategoryColumn[] = [];
  for (const [i, feature] of schema.features.entries()) {
    const index = indices[i] ?? 0;
    if (feature.type === "number") numbers.push(numberColumn(feature, index));
    else categories.push(categoryColumn(feature, index));
  }
  return {
    numberCount: numbers.length,
    categoryCount: categories.length,
    encode(cells, place, into) {
      encodeNumbers(numbers, cells, place, into);
      encodeCategories(categories, cells, into);
    },
  };
}

/**
 * Where each of `names` is in `header`.
 *
 * @throws {CloisterError} `data.missing-columns`, naming all that are not there.
 */
export function columnIndices(
  names: readonly string[],
  header: readonly string[],
  table: string,
): number[] {
  const missing = names.filter((name) => !header.includes(name));
  if (missing.length > 0) {
    const list = missing.map((name) => JSON.stringify(name)).join(", ");
    const remedy = "the first line must hold the column names, spelled as in the schema";
    throw badInput("data.missing-columns", `${table}: missing columns: ${list}; ${remedy}`);
  }
  return names.map((name) => header.indexOf(name));
}

/** A fault of one cell, in one line. */
export function cellFault(
  place: RowPlace,
  column: string,
  code: string,
  reason: string,
): CloisterError {
  const where = `row ${place.row} (line ${place.line}), column ${JSON.stringify(column)}`;
  return badInput(code, `${place.table}: ${where}: ${reason}`);
}

function numberColumn(feature: NumberFeature, index: number): NumberColumn {
  const { name, min, max } = feature;
  const isLog = feature.transform === "log";
  const low = isLog ? signedLog(min) : min;
  const high = isLog ? signedLog(max) : max;
  const mayBeMissing = feature.missing === "indicator";
  const scale = 2 / (high - low);
  // Else every value would become NaN, which means "missing".
  if (!(scale > 0 && Number.isFinite(scale))) {
    const reason = "its bounds are too close together or too far apart to scale values by";
    throw badInput("data.bad-bounds", `schema: feature ${JSON.stringify(name)}: ${reason}`);
  }
  return { name, index, min, max, isLog, mayBeMissing, low, scale };
}

/** Category names are compared without white space around them; of two alike, the first counts. */
function categoryColumn(feature: CategoryFeature, index: number): CategoryColumn {
  const codeOf = new Map<string, number>();
  for (const [i, category] of feature.categories.entries()) {
    const name = category.trim();
    if (!codeOf.has(name)) codeOf.set(name, i + 1);
  }
  return { index, codeOf };
}

function encodeNumbers(
  columns: readonly NumberColumn[],
  cells: readonly string[],
  place: RowPlace,
  into: RowTarget,
): void {
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i];
    if (column === undefined) continue;
    const value = parseNumber(trimCell(cells[column.index] ?? ""));
    into.numbers[into.numbersAt + i] = scaled(column, value, place);
  }
}

function scaled(column: NumberColumn, value: number | null, place: RowPlace): number {
  if (value === null) {
    const reason = "not a number; use plain decimals with a point, without separators or units";
    throw cellFault(place, column.name, "data.cell-not-a-number", reason);
  }
  if (Number.isNaN(value)) {
    if (column.mayBeMissing) return Number.NaN;
    const reason = 'the cell is empty; fill it, or let the schema say missing: "indicator"';
    throw cellFault(place, column.name, "data.cell-missing", reason);
  }
  const clamped = Math.min(Math.max(value, column.min), column.max);
  return ((column.isLog ? signedLog(clamped) : clamped) - column.low) * column.scale - 1;
}

function encodeCategories(
  columns: readonly CategoryColumn[],
  cells: readonly string[],
  into: RowTarget,
): void {
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i];
    if (column === undefined) continue;
    into.codes[into.codesAt + i] = column.codeOf.get(trimCell(cells[column.index] ?? "")) ?? 0;
  }
}
