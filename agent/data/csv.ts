/**
 * EDGE: reads a table from a .csv or .csv.gz file, row by row, holding one block in memory. Refuses
 * what it cannot read for certain; its errors name file, row and column, never a cell's value.
 */

import Papa from "papaparse";
import { counted } from "../../shared/base/counted.ts";
import { badInput, type CloisterError } from "../../shared/base/errors.ts";
import { readText } from "./text.ts";

export interface CsvHandler {
  /** Called once, before any row, with the trimmed column names. */
  onHeader(columns: readonly string[]): void;
  /**
   * Called once a row, with as many cells as there are columns. `cells` must not be kept.
   * `row` counts data rows from 1; `line` is where the row starts in the file (the header is 1).
   */
  onRow(cells: readonly string[], row: number, line: number): void;
  /** Told of a row with too many or too few cells, which is then left out. Absent: it ends the reading. */
  onBadRow?: ((error: CloisterError) => void) | undefined;
  /** Awaited after each block of the file, so that a slow taker holds the reader up. */
  afterBlock?(): Promise<void>;
}

/** What the CSV parser gives back for one block. */
interface ParsedBlock {
  readonly data: string[][];
  readonly errors: readonly { readonly row: number }[];
  readonly meta: { readonly cursor: number };
}

/** Where the reader stands in a file. */
interface Cursor {
  readonly path: string;
  readonly handler: CsvHandler;
  columnCount: number;
  rowCount: number;
  line: number;
}

/** A row longer than this is an unclosed quotation mark. UTF-16 code units. */
const ROW_LENGTH_MAX = 4 * 1024 * 1024;
const BAD_QUOTES = "a quotation mark is misplaced or never closed; double it inside a quoted cell";
const HEADER_NEEDED = "the first line must hold the column names, each once";
const DELIMITERS = [",", ";", "\t", "|"] as const;

/**
 * Reads a table: a byte-order mark, CRLF or LF line ends, quoted cells, blank lines and the
 * delimiters comma, semicolon, tab and bar (the most frequent one of the header line) are
 * understood, and so is a first line `sep=;`.
 *
 * @returns How many data rows there were.
 * @throws {CloisterError} What `readText` throws; `data.empty-file`, `data.duplicate-column`,
 *   `data.ragged-row`, `data.bad-quotes`, `data.row-too-long`; and what the handler throws.
 */
export async function readCsv(path: string, handler: CsvHandler): Promise<number> {
  const cursor: Cursor = { path, handler, columnCount: 0, rowCount: 0, line: 1 };
  let parser: Papa.Parser | null = null;
  let pending = "";
  for await (const block of readText(path)) {
    pending += block;
    if (!block.includes("\n")) {
      refuseEndlessRow(cursor, pending);
      continue;
    }
    parser ??= parserFor(pending);
    pending = pending.slice(parseBlock(cursor, parser, pending, true));
    refuseEndlessRow(cursor, pending);
    await handler.afterBlock?.();
  }
  if (pending !== "") parseBlock(cursor, parser ?? parserFor(pending), pending, false);
  if (cursor.columnCount === 0) {
    throw badInput(
      "data.empty-file",
      `${path}: the file is empty; it needs a line of column names`,
    );
  }
  return cursor.rowCount;
}

function parserFor(text: string): Papa.Parser {
  const end = text.indexOf("\n");
  const header = end < 0 ? text : text.slice(0, end);
  let delimiter: string = ",";
  let count = header.split(",").length;
  for (const candidate of DELIMITERS) {
    const candidateCount = header.split(candidate).length;
    if (candidateCount > count) [delimiter, count] = [candidate, candidateCount];
  }
  // Always "\n": the "\r" of CRLF is white space at the end of the last cell, and trimmed there.
  return new Papa.Parser({ delimiter, newline: "\n" });
}

/** @returns How much of `text` was consumed. */
function parseBlock(cursor: Cursor, parser: Papa.Parser, text: string, more: boolean): number {
  const parsed: ParsedBlock = parser.parse(text, 0, more);
  const quoted = text.includes('"');
  // Faults of the row that is still to be completed are judged when it is complete.
  // A loop, as there may be more errors than a call takes arguments.
  let faultyRow = Number.POSITIVE_INFINITY;
  for (const { row } of parsed.errors) faultyRow = Math.min(faultyRow, row);
  for (let i = 0; i < parsed.data.length; i++) {
    if (i === faultyRow) throw fault(cursor, "data.bad-quotes", BAD_QUOTES);
    const cells = parsed.data[i] ?? [];
    const lineCount = quoted ? 1 + lineBreaks(cells) : 1;
    takeRow(cursor, cells);
    cursor.line += lineCount;
  }
  return more ? parsed.meta.cursor : text.length;
}

function lineBreaks(cells: readonly string[]): number {
  let count = 0;
  for (const cell of cells) {
    for (let at = cell.indexOf("\n"); at >= 0; at = cell.indexOf("\n", at + 1)) count += 1;
  }
  return count;
}

function takeRow(cursor: Cursor, cells: string[]): void {
  const last = cells.length - 1;
  const lastCell = cells[last] ?? "";
  if (lastCell.endsWith("\r")) cells[last] = lastCell.slice(0, -1);
  if (cells.length === 1 && (cells[0] ?? "").trim() === "") return;
  if (cursor.line === 1 && isDelimiterLine(cells)) return;
  if (cursor.columnCount === 0) {
    takeHeader(cursor, cells);
    return;
  }
  if (cells.length !== cursor.columnCount) {
    const found = `found ${counted(cells.length, "cell")}, expected ${cursor.columnCount}`;
    const error = fault(
      cursor,
      "data.ragged-row",
      `${found}; quote cells that contain the delimiter`,
    );
    if (!cursor.handler.onBadRow) throw error;
    cursor.rowCount += 1;
    return cursor.handler.onBadRow(error);
  }
  cursor.handler.onRow(cells, cursor.rowCount + 1, cursor.line);
  cursor.rowCount += 1;
}

/** `sep=;` before the names: how a file tells Excel its delimiter. */
function isDelimiterLine([first = "", second = "", ...rest]: readonly string[]): boolean {
  return rest.length === 0 && /^"?sep=$/i.test(first.trim()) && /^"?$/.test(second.trim());
}

/** Errors here give positions, not names: a file without a header has a record in its place. */
function takeHeader(cursor: Cursor, cells: readonly string[]): void {
  const names = cells.map((cell) => cell.trim());
  const firstAt = new Map<string, number>();
  for (const [index, name] of names.entries()) {
    const earlier = firstAt.get(name);
    if (earlier !== undefined && name !== "") {
      const where = `columns ${earlier + 1} and ${index + 1} have the same name`;
      throw badInput("data.duplicate-column", `${cursor.path}: ${where}; ${HEADER_NEEDED}`);
    }
    firstAt.set(name, index);
  }
  cursor.columnCount = names.length;
  cursor.handler.onHeader(names);
}

function refuseEndlessRow(cursor: Cursor, pending: string): void {
  if (pending.length <= ROW_LENGTH_MAX) return;
  const reason = "the row does not end; a quotation mark may not be closed";
  throw fault(cursor, "data.row-too-long", reason);
}

/** A fault of the row that is being taken. */
function fault(cursor: Cursor, code: string, reason: string): CloisterError {
  const line = `line ${cursor.line}`;
  const place = cursor.columnCount === 0 ? line : `row ${cursor.rowCount + 1} (${line})`;
  return badInput(code, `${cursor.path}: ${place}: ${reason}`);
}
