/**
 * A member's table → the two partitions that tasks compute on. Pure: rows come in one by one, and
 * nothing but typed arrays is kept of them. Its errors name the place, never a value.
 */
import { badInput } from "../../shared/base/errors.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import { type PartitionedData, UNLABELLED } from "../data.ts";
import { detachText, trimCell } from "./cell.ts";
import { labelColumn } from "./columns.ts";
import { gatherSides, type TakenRows } from "./gather.ts";
import { type GrowingRows, growingRows, nextPlace, withRoomFor } from "./growing.ts";
import { identifierKeeper } from "./identifier-cells.ts";
import { unsettledRows } from "./label-delay.ts";
import type { HoldoutRule } from "./partition.ts";
import {
  cellFault,
  columnIndices,
  type RowEncoder,
  type RowPlace,
  rowEncoder,
} from "./row-encoder.ts";

export interface EncodeOptions {
  /** What errors call the table: its file name. */
  readonly table: string;
  readonly isHoldout: HoldoutRule;
  /** Accept a table with labels of one class only. */
  readonly allowOneClass: boolean;
  /** When the table is read, milliseconds since 1970: what the schema's `label.delay` counts from. */
  readonly nowMs?: number | undefined;
  /** Told each unit's id once; not where each row is a unit. */
  readonly onUnit?: ((unitId: string) => void) | undefined;
}

export interface EncodedTable {
  readonly data: PartitionedData;
  /** Rows that were taken. */
  readonly rowCount: number;
  /** Rows left out because their label may still change. */
  readonly unsettledCount: number;
  readonly unitCount: number;
  readonly positiveCount: number;
  /** Rows without a label, where the schema allows them. */
  readonly unlabelledCount: number;
}

/** Takes a table's rows in any order. `finish` is called once, last. */
export interface TableEncoder {
  /**
   * @param row Counts data rows from 1. @param line Where the row starts in the file.
   * @throws {CloisterError} `data.bad-label`, `data.empty-unit` and what `RowEncoder` throws.
   */
  add(cells: readonly string[], row: number, line: number): void;
  /** @throws {CloisterError} `data.no-rows` or `data.one-class`. */
  finish(): EncodedTable;
}

interface TableState extends TakenRows {
  readonly options: EncodeOptions;
  readonly unitIndexOf: Map<string, number>;
  readonly unitSides: number[];
  readonly mayBeUnlabelled: boolean;
  marks: Uint32Array;
  positiveCount: number;
  unlabelledCount: number;
  unsettledCount: number;
}

/**
 * Prepares the encoding of a labelled table under `header`. Columns that the schema does not name
 * are ignored. Where the schema names no unit, each row is one, with its row number as its id.
 *
 * @throws {CloisterError} `data.missing-columns`, naming all of them.
 */
export function tableEncoder(
  schema: DataSchema,
  header: readonly string[],
  options: EncodeOptions,
): TableEncoder {
  const { table } = options;
  const unitNames = schema.unit ? [schema.unit.column] : [];
  const features = schema.features.map((feature) => feature.name);
  const { delay } = schema.label;
  const labelNames = schema.label.missing === "allow" ? [] : [schema.label.column];
  const questioned = [...(schema.others ?? []), ...(schema.identifiers ?? [])];
  const needed = [...labelNames, ...unitNames, ...(delay ? [delay.column] : []), ...features];
  columnIndices([...needed, ...questioned.map(({ name }) => name)], header, table);
  const encoder = rowEncoder(schema, header, table);
  const others = schema.others ? rowEncoder({ features: schema.others }, header, table) : null;
  const place: RowPlace = { table, row: 0, line: 0 };
  const labelOf = labelReader(schema, header, place);
  const unitOf = unitReader(schema, header, place);
  const isUnsettled = unsettledRows(schema, header, place, options.nowMs);
  const state = {
    ...emptyState(encoder, options, schema.label.missing === "allow"),
    others: others && growingRows(others.numberCount, others.categoryCount),
    identifiers: schema.identifiers ? identifierKeeper(schema.identifiers, header) : null,
  };
  return {
    add(cells, row, line) {
      place.row = row;
      place.line = line;
      if (isUnsettled?.(cells)) {
        state.unsettledCount += 1;
        return;
      }
      appendRow(encoder, state.rows, cells, place);
      if (others && state.others) {
        appendRow(others, state.others, cells, place);
        state.others.rowCount += 1;
      }
      state.identifiers?.add(cells);
      const label = labelOf(cells);
      const mark = 4 * unitIndex(state, unitOf(cells), row) + label;
      state.marks = withRoomFor(state.marks, state.rows.rowCount);
      state.marks[state.rows.rowCount] = mark;
      if (label === 1) state.positiveCount += 1;
      if (label === UNLABELLED) state.unlabelledCount += 1;
      state.rows.rowCount += 1;
    },
    finish: () => finishTable(state),
  };
}

function emptyState(
  { numberCount, categoryCount }: RowEncoder,
  options: EncodeOptions,
  mayBeUnlabelled: boolean,
): Omit<TableState, "others" | "identifiers"> {
  const rows = growingRows(numberCount, categoryCount);
  const unitIndexOf = new Map<string, number>();
  const counts = { positiveCount: 0, unlabelledCount: 0, unsettledCount: 0 };
  return {
    options,
    rows,
    unitIndexOf,
    unitSides: [],
    mayBeUnlabelled,
    marks: new Uint32Array(0),
    ...counts,
  };
}

function appendRow(
  encoder: RowEncoder,
  rows: GrowingRows,
  cells: readonly string[],
  place: RowPlace,
): void {
  const { block, at } = nextPlace(rows);
  encoder.encode(cells, place, {
    numbers: block.numbers,
    numbersAt: at * rows.numberCount,
    codes: block.codes,
    codesAt: at * rows.categoryCount,
  });
}

function labelReader(
  { label }: DataSchema,
  header: readonly string[],
  place: RowPlace,
): (cells: readonly string[]) => 0 | 1 | typeof UNLABELLED {
  const index = header.indexOf(label.column);
  const { positive, negative, mayBeMissing, markOf } = labelColumn(label);
  const texts = `${JSON.stringify(positive)} or ${JSON.stringify(negative)}`;
  const reason = `the label must be ${texts}${mayBeMissing ? ", or empty" : ""}`;
  return (cells) => {
    const mark = markOf(cells[index] ?? "");
    if (mark !== null) return mark;
    throw cellFault(place, label.column, "data.bad-label", `${reason}, as the schema declares`);
  };
}

function unitReader(
  { unit }: DataSchema,
  header: readonly string[],
  place: RowPlace,
): (cells: readonly string[]) => string | null {
  if (unit === null) return () => null;
  const index = header.indexOf(unit.column);
  return (cells) => {
    const id = trimCell(cells[index] ?? "");
    if (id !== "") return id;
    throw cellFault(place, unit.column, "data.empty-unit", "empty; every row must say whose it is");
  };
}

/**
 * @param id Null: the row about to be added is a unit of its own, named by its number in the file, whatever rows are
 *   left out, so that it stays on its side as others' labels settle.
 */
function unitIndex(state: TableState, id: string | null, row: number): number {
  const known = id === null ? undefined : state.unitIndexOf.get(id);
  if (known !== undefined) return known;
  const index = state.unitSides.length;
  if (id !== null) {
    state.unitIndexOf.set(detachText(id), index);
    state.options.onUnit?.(id);
  }
  state.unitSides.push(state.options.isHoldout(id ?? String(row)) ? 1 : 0);
  return index;
}

function finishTable(state: TableState): EncodedTable {
  const { rows, positiveCount, unlabelledCount, unsettledCount, options } = state;
  const { rowCount } = rows;
  if (rowCount === 0) {
    const what =
      unsettledCount === 0
        ? "no rows below the line of column names"
        : `all ${unsettledCount} rows are younger than the schema's label.delay`;
    throw badInput("data.no-rows", `${options.table}: ${what}`);
  }
  if (
    !options.allowOneClass &&
    !state.mayBeUnlabelled &&
    (positiveCount === 0 || positiveCount === rowCount)
  ) {
    const found = positiveCount === 0 ? "negative" : "positive";
    const reason = `all ${rowCount} labels are ${found}; training needs rows of both classes`;
    throw badInput("data.one-class", `${options.table}: ${reason}`);
  }
  const data = gatherSides(state);
  const unitCount = state.unitSides.length;
  return { data, rowCount, unsettledCount, unlabelledCount, unitCount, positiveCount };
}
