/** An answer as Markdown, for a person's own files. Pure. */
import type { Answer, Table } from "./answer.ts";
import { cellText } from "./figures.ts";

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
    ...rows.map((cells) =>
      line(cells.map((cell, i) => escaped(cellText(cell, columns[i]?.kind ?? "text")))),
    ),
  ].join("\n");
}

function escaped(text: string): string {
  return text.replaceAll("|", "\\|");
}
