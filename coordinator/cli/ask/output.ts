/** EDGE: an answer on standard output, as a table, CSV or JSON, and its charts into files. */
import { extname } from "node:path";
import type { Answer, Table } from "../../../models/answers/answer.ts";
import { tableCsv } from "../../../models/answers/csv.ts";
import { answerData } from "../../../models/answers/json.ts";
import { chartSvg } from "../../../models/answers/svg.ts";
import { answerLines } from "../../../models/answers/text.ts";
import { badInput } from "../../../shared/base/errors.ts";
import { writeFileAtomic } from "../../../shared/edge/files.ts";
import { print, printJson } from "../../../shared/edge/terminal.ts";

export interface OutputOptions {
  readonly format?: string;
  readonly json?: boolean;
  readonly svg?: string;
  /** Which table is written as CSV. Left out: the first. */
  readonly table?: string;
}

const FORMATS = ["table", "json", "csv"] as const;
export type Format = (typeof FORMATS)[number];
const COLUMNS = 100;

/** @throws {CloisterError} If there is no such format. */
export function formatOf({ format, json }: OutputOptions): Format {
  if (json) return "json";
  const found = FORMATS.find((known) => known === (format ?? "table"));
  if (found) return found;
  throw badInput("ask.format", `--format ${format}: unknown; use ${FORMATS.join(", ")}`);
}

/**
 * @param about What goes before the answer in JSON.
 * @param say Tells people what does not belong to the answer.
 * @throws {CloisterError} If the answer has no such table, or no chart where one is asked for.
 */
export function writeAnswer(
  answer: Answer,
  about: Readonly<Record<string, unknown>>,
  options: OutputOptions,
  say: (line: string) => void,
): void {
  const format = formatOf(options);
  const table = format === "csv" ? chosen(answer, options.table, say) : null;
  writeCharts(answer, options.svg, say);
  if (format === "json") return printJson({ ...about, answer: answerData(answer) });
  if (table) return void process.stdout.write(tableCsv(table));
  for (const line of answerLines(answer, process.stdout.columns ?? COLUMNS)) print(line);
}

function chosen(
  { tables }: Answer,
  name: string | undefined,
  say: (line: string) => void,
): Table | null {
  const found = name === undefined ? tables[0] : tables.find((table) => table.name === name);
  const names = tables.map((table) => `"${table.name}"`).join(", ");
  if (!found) throw badInput("ask.table", `--table ${name}: the answer has ${names || "no table"}`);
  if (name === undefined && tables.length > 1)
    say(`CSV holds one table, here "${found.name}" of ${names}; choose with --table.`);
  return found;
}

/** The first under the name given, others with a number before its ending. */
function writeCharts(
  { charts }: Answer,
  path: string | undefined,
  say: (line: string) => void,
): void {
  if (path === undefined) return;
  if (charts.length === 0) return say("The answer has no picture: nothing is written for --svg.");
  const ending = extname(path);
  const stem = path.slice(0, path.length - ending.length);
  const paths = charts.map((_, i) => (i === 0 ? path : `${stem}-${i + 1}${ending}`));
  for (const [i, chart] of charts.entries()) writeFileAtomic(paths[i] ?? path, chartSvg(chart));
  say(`Wrote ${paths.join(" and ")}.`);
}
