/** An answer for a terminal: tables with aligned columns, no wider than it; else a row's cells below each other. Pure. */
import type { Answer, Column, Table } from "./answer.ts";
import { cellText, NOT_GIVEN } from "./figures.ts";

const GAP = "  ";
const INDENT = "  ";
/** To which a column of words is cut at most before a row is written as lines. */
const TEXT_MIN = 12;
const EXPLAINED = `${NOT_GIVEN}: not defined, drowned in noise, or held back because too few rows stand behind it.`;

/**
 * @param columns Of the terminal; at least 20 are assumed.
 * @returns Lines, of that width at most where words can be broken so.
 */
export function answerLines({ title, tables, notes }: Answer, columns: number): string[] {
  const width = Math.max(20, columns);
  const lines = [...wrapped(title, width, ""), ""];
  // A table without rows tells nothing; what it would have told is the notes' business.
  const told = tables.filter(({ rows }) => rows.length > 0);
  if (told.length === 0) lines.push("Nothing to tell.", "");
  for (const table of told) lines.push(...tableLines(table, width, tables.length > 1), "");
  const hasGap = tables.some(({ rows }) => rows.some((row) => row.includes(null)));
  const remarks = hasGap ? [...notes, EXPLAINED] : notes;
  for (const note of remarks) lines.push(...wrapped(note, width, ""));
  while (lines.at(-1) === "") lines.pop();
  return lines;
}

function tableLines(table: Table, width: number, isNamed: boolean): string[] {
  const head = isNamed ? wrapped(table.name, width, "") : [];
  const texts = table.rows.map((row) =>
    table.columns.map(({ kind }, i) => oneLine(cellText(row[i] ?? null, kind))),
  );
  const names = table.columns.map(({ name }) => oneLine(name));
  const widths = fittedWidths(table.columns, [names, ...texts], width);
  return [...head, ...(widths ? grid(table.columns, names, texts, widths) : records(names, texts))];
}

/** Width of each column, words cut where that helps; null: the table is too wide even so. */
function fittedWidths(
  columns: readonly Column[],
  lines: readonly (readonly string[])[],
  width: number,
): number[] | null {
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => widthOf(line[i] ?? ""))));
  let excess = widths.reduce((sum, one) => sum + one, GAP.length * (widths.length - 1)) - width;
  while (excess > 0) {
    const spare = widths.map((one, i) => (columns[i]?.kind === "text" ? one - TEXT_MIN : 0));
    const most = Math.max(...spare);
    if (most <= 0) return null;
    const widest = spare.indexOf(most);
    const cut = Math.min(most, excess);
    widths[widest] = (widths[widest] ?? 0) - cut;
    excess -= cut;
  }
  return widths;
}

function grid(
  columns: readonly Column[],
  names: readonly string[],
  texts: readonly (readonly string[])[],
  widths: readonly number[],
): string[] {
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => padded(cell, widths[i] ?? 0, columns[i]?.kind === "text"))
      .join(GAP)
      .trimEnd();
  const rule = widths.map((one) => "─".repeat(one)).join(GAP);
  return [line(names), rule, ...texts.map(line)];
}

/** One block a row: each cell behind its column's name. */
function records(names: readonly string[], texts: readonly (readonly string[])[]): string[] {
  return texts.flatMap((cells, row) => [
    ...(row === 0 ? [] : [""]),
    ...cells.map((cell, i) => `${i === 0 ? "" : INDENT}${names[i]}: ${cell}`),
  ]);
}

function padded(text: string, width: number, isText: boolean): string {
  const shown = shortened(text, width);
  const space = " ".repeat(Math.max(0, width - widthOf(shown)));
  return isText ? shown + space : space + shown;
}

function shortened(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let shown = "";
  for (const letter of text) {
    if (widthOf(shown + letter) > width - 1) break;
    shown += letter;
  }
  return `${shown}…`;
}

/** Line breaks within a cell would break the table. */
const oneLine = (text: string): string => text.replaceAll(/\s+/gu, " ").trim();

function wrapped(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(/\s+/u)) {
    const longer = line === indent ? line + word : `${line} ${word}`;
    if (line !== indent && widthOf(longer) > width) {
      lines.push(line);
      line = indent + word;
    } else line = longer;
  }
  return [...lines, line];
}

/**
 * Columns that a terminal takes for a text: two for the wide and full-width blocks of East Asian scripts and for
 * pictures, none for what combines with the letter before.
 *
 * @see Unicode Standard Annex 11, East Asian Width: W and F, in blocks.
 */
export function widthOf(text: string): number {
  let width = 0;
  for (const letter of text) {
    if (/\p{Mn}|\p{Me}|\p{Cf}/u.test(letter)) continue;
    width += isWide(letter.codePointAt(0) ?? 0) ? 2 : 1;
  }
  return width;
}

const WIDE: readonly (readonly [from: number, to: number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
];

const isWide = (code: number): boolean => WIDE.some(([from, to]) => code >= from && code <= to);
