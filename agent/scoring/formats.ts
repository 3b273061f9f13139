/** Which format a table is in, and how scores are written in each. Pure. */
import type { Reason } from "../../models/scoring/reasons.ts";
import { badInput } from "../../shared/base/errors.ts";

export type TableFormat = "csv" | "jsonl";

const EXTENSIONS: Readonly<Record<string, TableFormat>> = {
  csv: "csv",
  tsv: "csv",
  txt: "csv",
  jsonl: "jsonl",
  ndjson: "jsonl",
};

/** By the file's extension, `.gz` aside; null where it tells nothing. */
export function formatOfName(path: string): TableFormat | null {
  const extension = /\.([a-z]+)(?:\.gz)?$/i.exec(path)?.[1]?.toLowerCase() ?? "";
  return EXTENSIONS[extension] ?? null;
}

/** @throws {CloisterError} If it is neither. */
export function parseFormat(text: string): TableFormat {
  if (text === "csv" || text === "jsonl") return text;
  throw badInput("score.format", `--format ${text}: unknown; use csv or jsonl`);
}

/** How one row's score is written. `reasons` holds at most as many as the writer was made for. */
export interface ScoreWriter {
  readonly header: string;
  line(row: number, score: number, reasons: readonly Reason[]): string;
}

/** @param reasonCount Null: no reasons are asked for. */
export function scoreWriter(format: TableFormat, reasonCount: number | null): ScoreWriter {
  return format === "csv" ? csvWriter(reasonCount ?? 0) : jsonWriter(reasonCount !== null);
}

function csvWriter(reasonCount: number): ScoreWriter {
  const names = ["row", "score"];
  for (let k = 1; k <= reasonCount; k++) names.push(`reason_${k}`, `contribution_${k}`);
  return {
    header: `${names.join(",")}\n`,
    line(row, score, reasons) {
      let text = `${row},${score.toFixed(6)}`;
      for (let k = 0; k < reasonCount; k++) {
        const reason = reasons[k];
        text += reason ? `,${cell(reason.feature)},${reason.contribution.toFixed(6)}` : ",,";
      }
      return `${text}\n`;
    },
  };
}

function jsonWriter(withReasons: boolean): ScoreWriter {
  return {
    header: "",
    line: (row, score, reasons) =>
      `${JSON.stringify({ row, score, ...(withReasons && { reasons }) })}\n`,
  };
}

/** Quoted where the text would be read as more than one cell. */
function cell(text: string): string {
  return /[",;\t|\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
