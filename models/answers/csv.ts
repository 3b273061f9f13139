/** One table of an answer as CSV, for spreadsheets and programs (RFC 4180). Pure. */
import type { Cell, Estimate, Table } from "./answer.ts";

/**
 * Lines end with CR LF. A column with intervals becomes three: its own, and the interval's ends. Numbers are written
 * in full; a cell that is null, or no finite number, is empty, but for infinities.
 *
 * Text that a spreadsheet would take for a formula has an apostrophe put before it.
 *
 * @see RFC 4180, section 2; OWASP, CSV Injection (the characters).
 */
export function tableCsv({ columns, rows }: Table): string {
  const isEstimated = columns.map((_, i) => rows.some((row) => isEstimate(row[i] ?? null)));
  const header = columns.flatMap(({ name }, i) =>
    isEstimated[i] ? [name, `${name} low`, `${name} high`].map(guarded) : [guarded(name)],
  );
  const lines = rows.map((row) =>
    columns.flatMap((_, i) => cells(row[i] ?? null, isEstimated[i] ?? false)),
  );
  return [header, ...lines].map((line) => `${line.map(quoted).join(",")}\r\n`).join("");
}

const isEstimate = (cell: Cell): cell is Estimate => cell !== null && typeof cell === "object";

function cells(cell: Cell, isEstimated: boolean): string[] {
  if (!isEstimated) return [single(cell)];
  if (!isEstimate(cell)) return [single(cell), "", ""];
  return [numeral(cell.value), numeral(cell.low), numeral(cell.high)];
}

function single(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell === "object") return numeral(cell.value);
  return typeof cell === "string" ? guarded(cell) : numeral(cell);
}

/** What reads as the same number again. */
function numeral(value: number): string {
  if (Number.isNaN(value)) return "";
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? "inf" : "-inf";
}

/** A plain number is none of these, whatever its sign. */
function guarded(text: string): string {
  if (/^[+-]?\d+(?:\.\d+)?$/.test(text)) return text;
  return /^[=+\-@\t\r\n＝＋－＠]/u.test(text) ? `'${text}` : text;
}

const quoted = (text: string): string =>
  /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
