/**
 * One row of cells → numbers in [−1, 1] and category indices, by the room's schema: the same code
 * for training and for scoring. Pure. Its errors name the place (table, row, column), never a
 * value.
 */
import { badInput, type CloisterError } from "../../shared/base/errors.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import { parseNumber, trimCell } from "./cell.ts";
import {
  type CategoryColumn,
  categoryColumn,
  encodeNumber,
  type NumberColumn,
  numberColumn,
} from "./columns.ts";

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

/** A column, and where it stands in the table. */
interface Placed<Column> {
  readonly column: Column;
  readonly index: number;
}

/**
 * Prepares the encoding of rows that come under `header`. Columns that the schema does not name are
 * ignored, and so is their order.
 *
 * @param table What errors call the table: its file name.
 * @throws {CloisterError} `data.missing-columns`, naming all of them; `data.bad-bounds`.
 */
export function rowEncoder(
  { features }: Pick<DataSchema, "features">,
  header: readonly string[],
  table: string,
): RowEncoder {
  const names = features.map((feature) => feature.name);
  const indices = columnIndices(names, header, table);
  const numbers: Placed<NumberColumn>[] = [];
  const categories: Placed<CategoryColumn>[] = [];
  for (const [i, feature] of features.entries()) {
    const index = indices[i] ?? 0;
    if (feature.type === "number") numbers.push({ column: numberColumn(feature), index });
    else categories.push({ column: categoryColumn(feature), index });
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

function encodeNumbers(
  columns: readonly Placed<NumberColumn>[],
  cells: readonly string[],
  place: RowPlace,
  into: RowTarget,
): void {
  for (let i = 0; i < columns.length; i++) {
    const placed = columns[i];
    if (placed === undefined) continue;
    const value = parseNumber(trimCell(cells[placed.index] ?? ""));
    into.numbers[into.numbersAt + i] = scaled(placed.column, value, place);
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
  return encodeNumber(column, value);
}

function encodeCategories(
  columns: readonly Placed<CategoryColumn>[],
  cells: readonly string[],
  into: RowTarget,
): void {
  for (let i = 0; i < columns.length; i++) {
    const placed = columns[i];
    if (placed === undefined) continue;
    const cell = trimCell(cells[placed.index] ?? "");
    into.codes[into.codesAt + i] = placed.column.codeOf.get(cell) ?? 0;
  }
}
