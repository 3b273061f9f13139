/**
 * A member's table → the two partitions that tasks compute on. Pure: rows come in one by one, and
 * nothing but typed arrays is kept of them. Its errors name the place, never a value.
 */
import { badInput } from "../../shared/base/errors.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import { type EncodedData, type PartitionedData, UNLABELLED } from "../data.ts";
import { detachText, trimCell } from "./cell.ts";
import { drainRows, type GrowingRows, growingRows, nextPlace, withRoomFor } from "./growing.ts";
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

interface TableState {
  readonly options: EncodeOptions;
  readonly rows: GrowingRows;
  readonly unitIndexOf: Map<string, number>;
  /** 1 where the unit is held out. One entry a unit. */
  readonly unitSides: number[];
  readonly mayBeUnlabelled: boolean;
  /** Per row: 4·unit + label. */
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
  const needed = [...labelNames, ...unitNames, ...(delay ? [delay.column] : []), ...features];
  columnIndices(needed, header, table);
  const encoder = rowEncoder(schema, header, table);
  const place: RowPlace = { table, row: 0, line: 0 };
  const labelOf = labelReader(schema, header, place);
  const unitOf = unitReader(schema, header, place);
  const isUnsettled = unsettledRows(schema, header, place, options.nowMs);
  const state = emptyState(encoder, options, schema.label.missing === "allow");
  return {
    add(cells, row, line) {
      place.row = row;
      place.line = line;
      if (isUnsettled?.(cells)) {
        state.unsettledCount += 1;
        return;
      }
      appendRow(encoder, state.rows, cells, place);
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
): TableState {
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
  const mayBeMissing = label.missing === "allow";
  const index = header.indexOf(label.column);
  const positive = label.positive.trim();
  const negative = label.negative.trim();
  const texts = `${JSON.stringify(positive)} or ${JSON.stringify(negative)}`;
  const reason = `the label must be ${texts}${mayBeMissing ? ", or empty" : ""}`;
  return (cells) => {
    const text = trimCell(cells[index] ?? "");
    if (text === positive) return 1;
    if (text === negative) return 0;
    if (text === "" && mayBeMissing) return UNLABELLED;
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
  const data = gather(state);
  const unitCount = state.unitSides.length;
  return { data, rowCount, unsettledCount, unlabelledCount, unitCount, positiveCount };
}

/** Each side's rows, grouped by unit: units and their rows in order of first appearance. The blocks are used up. */
function gather({ rows, marks, unitSides }: TableState): PartitionedData {
  const { starts, next } = unitOffsets(rows, marks, unitSides);
  const [train, holdout] = [sideFor(rows, starts[0]), sideFor(rows, starts[1])];
  drainRows(rows, (block, at, row) => {
    const mark = marks[row] ?? 0;
    const unit = mark >>> 2;
    const side = unitSides[unit] === 0 ? train : holdout;
    const to = next[unit] ?? 0;
    next[unit] = to + 1;
    side.labels[to] = mark & 3;
    copyRow(block.numbers, at, side.numbers, to, rows.numberCount);
    copyRow(block.codes, at, side.codes, to, rows.categoryCount);
  });
  return { train, holdout };
}

function sideFor(
  { numberCount, categoryCount }: GrowingRows,
  unitStarts: Uint32Array,
): EncodedData {
  const rowCount = unitStarts[unitStarts.length - 1] ?? 0;
  return {
    rowCount,
    numbers: new Float32Array(rowCount * numberCount),
    codes: new Uint16Array(rowCount * categoryCount),
    labels: new Uint8Array(rowCount),
    unitStarts,
  };
}

/** @returns Both sides' `unitStarts`, and for every unit where on its side its next row goes. */
function unitOffsets(
  { rowCount }: GrowingRows,
  marks: Uint32Array,
  unitSides: readonly number[],
): { starts: readonly [Uint32Array, Uint32Array]; next: Uint32Array } {
  const counts = new Uint32Array(unitSides.length);
  for (let row = 0; row < rowCount; row++) {
    const unit = (marks[row] ?? 0) >>> 2;
    counts[unit] = (counts[unit] ?? 0) + 1;
  }
  const starts: [number[], number[]] = [[0], [0]];
  const next = new Uint32Array(unitSides.length);
  for (const [unit, side] of unitSides.entries()) {
    const ends = starts[side === 0 ? 0 : 1];
    const total = ends[ends.length - 1] ?? 0;
    next[unit] = total;
    ends.push(total + (counts[unit] ?? 0));
  }
  return { starts: [Uint32Array.from(starts[0]), Uint32Array.from(starts[1])], next };
}

function copyRow(
  source: Float32Array | Uint16Array,
  from: number,
  target: Float32Array | Uint16Array,
  to: number,
  width: number,
): void {
  for (let i = 0; i < width; i++) target[to * width + i] = source[from * width + i] ?? 0;
}
