/**
 * EDGE: reads a table from a file of JSON lines, plain or gzip, one row a line, holding one block in memory.
 * Its errors name file and line, never a value.
 */
import { badInput, type CloisterError } from "../../shared/base/errors.ts";
import { readText } from "./text.ts";

export interface JsonLinesHandler {
  /** Called once a row. `row` counts rows from 1, `line` lines of the file; blank lines are no rows. */
  onRow(record: unknown, row: number, line: number): void;
  /** Told of a line that is not JSON, which is then left out. Absent: it ends the reading. */
  onBadRow?: ((error: CloisterError) => void) | undefined;
  /** Awaited after each block of the file, so that a slow taker holds the reader up. */
  afterBlock?(): Promise<void>;
}

/** A line longer than this is not a row. UTF-16 code units. */
const LINE_LENGTH_MAX = 4 * 1024 * 1024;

/** @throws {CloisterError} What `readText` throws; `data.not-json`, `data.row-too-long`; what the handler throws. */
export async function readJsonLines(path: string, handler: JsonLinesHandler): Promise<void> {
  const cursor = { row: 0, line: 0 };
  let pending = "";
  for await (const block of readText(path)) {
    const lines = (pending + block).split("\n");
    pending = lines.pop() ?? "";
    for (const line of lines) takeLine(path, handler, cursor, line);
    if (pending.length > LINE_LENGTH_MAX) {
      const place = `${path}: line ${cursor.line + 1}`;
      throw badInput("data.row-too-long", `${place}: the line does not end; one row a line`);
    }
    await handler.afterBlock?.();
  }
  if (pending !== "") takeLine(path, handler, cursor, pending);
}

function takeLine(
  path: string,
  handler: JsonLinesHandler,
  cursor: { row: number; line: number },
  text: string,
): void {
  cursor.line += 1;
  if (text.trim() === "") return;
  cursor.row += 1;
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    // The cause would quote the line.
    const place = `${path}: row ${cursor.row} (line ${cursor.line})`;
    const error = badInput("data.not-json", `${place}: not JSON; one object a line`);
    if (!handler.onBadRow) throw error;
    return handler.onBadRow(error);
  }
  handler.onRow(record, cursor.row, cursor.line);
}
