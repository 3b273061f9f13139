/** An answer as Markdown, for a person's own files. Pure. */
import type { Answer, Cell, Column, Table } from "./answer.ts";

/** Significant digits of a number that is no count. */
const DIGITS = 4;

export function answerMarkdown({ title, tables, notes }: Answer): string {
  const parts = [`# ${title}`, ...tables.map(tableMarkdown)];
  if (notes.length > 0) parts.push(notes.map((note) => `- ${note}`).join("\n"));
  return `${parts.join("\n\n")}\n`;
}

function tableMarkdown({ name, columns, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    `## ${name}`,
    "",
    line(columns.map((column) => column.name)),
    line(columns.map(({ kind }) => (kind === "text" ? "---" : "---:"))),
    ...rows.map((cells) => line(cells.map((cell, i) => cellText(cell, columns[i])))),
  ].join("\n");
}

function cellText(cell: Cell, column: Column | undefined): string {
  if (cell === null) return "–";
  if (typeof cell === "string") return cell.replaceAll("|", "\\|");
  const text = (value: number): string =>
    column?.kind === "count" || Number.isInteger(value)
      ? String(Math.round(value))
      : String(Number(value.toPrecision(DIGITS)));
  if (typeof cell === "number") return text(cell);
  return `${text(cell.value)} (${text(cell.low)} … ${text(cell.high)})`;
}
