/**
 * What a table's columns hold, gathered row by row: the ground for proposing a schema. Pure. Keeps
 * texts of cells: for tables that whoever asks may see, never for a federated run.
 */
import { detachText, parseNumber, signedLog, trimCell } from "./cell.ts";

/** One distinct text of a column. */
export interface Level {
  count: number;
  /** Of these rows, how many carry the label text that was met first. */
  firstLabelCount: number;
}

/** Running mean and sum of squared deviations. */
export interface Moments {
  count: number;
  mean: number;
  squares: number;
}

export interface ColumnProfile {
  readonly name: string;
  /** Cells that are empty or spell "no value". */
  missingCount: number;
  /** The other cells: numbers and texts. */
  numberCount: number;
  textCount: number;
  isInteger: boolean;
  min: number;
  max: number;
  readonly raw: Moments;
  /** Of sign(x)·ln(1 + |x|). */
  readonly log: Moments;
  /** Every distinct text with a value, up to `LEVELS_MAX`; later ones are not counted. */
  readonly levels: Map<string, Level>;
  /** Cells with a value when `levels` was full; null: it is not. */
  fullAfter: number | null;
}

export interface TableProfile {
  readonly columns: readonly ColumnProfile[];
  readonly rowCount: number;
}

export interface TableProfiler {
  add(cells: readonly string[]): void;
  finish(): TableProfile;
}

/** Distinct texts counted a column. */
const LEVELS_MAX = 10_000;

/** @param labelIndex The label's column: levels are also counted by its text. */
export function tableProfiler(header: readonly string[], labelIndex: number): TableProfiler {
  const columns = header.map(emptyProfile);
  let rowCount = 0;
  let firstLabel: string | null = null;
  return {
    add(cells) {
      rowCount += 1;
      const label = trimCell(cells[labelIndex] ?? "");
      firstLabel ??= detachText(label);
      const isFirst = label === firstLabel ? 1 : 0;
      for (let i = 0; i < columns.length; i++) {
        const column = columns[i];
        if (column !== undefined) takeCell(column, trimCell(cells[i] ?? ""), isFirst);
      }
    },
    finish: () => ({ columns, rowCount }),
  };
}

/**
 * Distinct texts among the cells with a value: exact, or a lower bound where there are very many.
 */
export function distinctCount(column: ColumnProfile): number {
  return column.levels.size;
}

/** Distinct texts per cell with a value, over the cells seen until counting stopped. In [0, 1]. */
export function distinctShare(column: ColumnProfile): number {
  const seen = column.fullAfter ?? column.numberCount + column.textCount;
  return seen === 0 ? 0 : column.levels.size / seen;
}

export function standardDeviation({ count, squares }: Moments): number {
  return count === 0 ? 0 : Math.sqrt(squares / count);
}

function emptyProfile(name: string): ColumnProfile {
  return {
    name,
    missingCount: 0,
    numberCount: 0,
    textCount: 0,
    isInteger: true,
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
    raw: { count: 0, mean: 0, squares: 0 },
    log: { count: 0, mean: 0, squares: 0 },
    levels: new Map(),
    fullAfter: null,
  };
}

function takeCell(column: ColumnProfile, cell: string, isFirstLabel: 0 | 1): void {
  const value = parseNumber(cell);
  if (value === null) column.textCount += 1;
  else if (Number.isNaN(value)) {
    column.missingCount += 1;
    // "?" or "NA" may be a category like others in a column of texts; the empty cell never is one.
    if (cell === "") return;
  } else takeNumber(column, value);
  countLevel(column, cell, isFirstLabel);
}

function takeNumber(column: ColumnProfile, value: number): void {
  column.numberCount += 1;
  if (!Number.isInteger(value)) column.isInteger = false;
  if (value < column.min) column.min = value;
  if (value > column.max) column.max = value;
  addMoment(column.raw, value);
  addMoment(column.log, signedLog(value));
}

/** Welford's update. */
function addMoment(moments: Moments, x: number): void {
  moments.count += 1;
  const deviation = x - moments.mean;
  moments.mean += deviation / moments.count;
  moments.squares += deviation * (x - moments.mean);
}

function countLevel(column: ColumnProfile, cell: string, isFirstLabel: 0 | 1): void {
  const level = column.levels.get(cell);
  if (level !== undefined) {
    level.count += 1;
    level.firstLabelCount += isFirstLabel;
  } else if (column.levels.size < LEVELS_MAX) {
    column.levels.set(detachText(cell), { count: 1, firstLabelCount: isFirstLabel });
  } else column.fullAfter ??= column.numberCount + column.textCount;
}
