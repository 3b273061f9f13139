/** EDGE: `cloister score`: a model and a table in, one score a row out, as a stream. Runs where the rows are; no network. */

import type { Command } from "commander";
import { sigmoid } from "../../models/engine/loss.ts";
import { largestReasons, type Reason } from "../../models/scoring/reasons.ts";
import type { Scorer } from "../../models/scoring/scorer.ts";
import { counted } from "../../shared/base/counted.ts";
import { badInput, CloisterError } from "../../shared/base/errors.ts";
import { osClock } from "../../shared/edge/os.ts";
import { formatOfName, parseFormat, type ScoreWriter, scoreWriter } from "./formats.ts";
import { readModelFile } from "./model-file.ts";
import { fileOutput, type Output, standardOutput } from "./output.ts";
import { PROGRESS_END, progress } from "./progress.ts";
import { readRows, type ScoredRows } from "./rows.ts";

interface ScoreOptions {
  readonly input: string;
  readonly output?: string;
  readonly format?: string;
  readonly reasons?: string;
  readonly skipBad?: boolean;
  readonly json?: boolean;
}

export function scoreCommand(program: Command): void {
  program
    .command("score")
    .description(
      "score rows with an exported model: one line per row, its number and the probability of the positive label, or an anomaly score",
    )
    .argument("<model>", "model.json, as exported with --format json")
    .requiredOption(
      "--input <file>",
      "rows to score, .csv or .jsonl, plain or .gz, with the model's feature columns",
    )
    .option("--output <file>", "where scores go, .csv or .jsonl; standard output if left out")
    .option("--format <format>", "csv or jsonl, where a file's name does not say")
    .option("--reasons <count>", "add the features that raise the score most, at most so many")
    .option("--skip-bad", "leave out rows that do not fit, and say why; else the first one ends it")
    .option("--json", "print JSON lines, for programs")
    .addHelpText(
      "after",
      "\nExample:\n  $ cloister score model.json --input rows.csv --output scores.csv",
    )
    .action(score);
}

async function score(modelPath: string, options: ScoreOptions): Promise<void> {
  const { input, output: outputPath, json = false } = options;
  const format = options.format === undefined ? null : parseFormat(options.format);
  const table = { path: input, format: formatOfName(input) ?? format ?? "csv" } as const;
  const outputFormat = outputPath === undefined ? null : (formatOfName(outputPath) ?? format);
  const fallback = json ? "jsonl" : (format ?? "csv");
  const reasonCount = options.reasons === undefined ? null : parseCount(options.reasons);
  const { scorer } = readModelFile(modelPath);
  const writer = scoreWriter(outputFormat ?? fallback, reasonCount);
  const lines = linesOf(scorer, writer, reasonCount);
  const output = outputPath === undefined ? standardOutput() : fileOutput(outputPath);
  const bad = options.skipBad ? badRowCounter(json) : null;
  try {
    const rows = await scoreRows(table, scorer, { lines, header: writer.header, output, bad });
    await output.finish();
    if (bad && bad.count > 0) bad.summary(rows + bad.count);
  } catch (error) {
    output.discard();
    throw naming(modelPath, error);
  }
}

function parseCount(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw badInput("score.reasons", `--reasons ${text}: not a number from 1 to 9999`);
}

/** Where columns are missing the table may be right and the model wrong. */
function naming(modelPath: string, error: unknown): unknown {
  if (!(error instanceof CloisterError) || error.code !== "data.missing-columns") return error;
  const message = `${error.message}; or is ${modelPath} a model for other tables?`;
  return new CloisterError(error.code, message, error.exitCode, error);
}

interface Scoring {
  readonly lines: (rows: ScoredRows) => string;
  readonly header: string;
  readonly output: Output;
  readonly bad: BadRows | null;
}

/** Holds one block of the table and its scores. @returns How many rows were scored. */
async function scoreRows(
  table: Parameters<typeof readRows>[0],
  { schema }: Scorer,
  { lines, header, output, bad }: Scoring,
): Promise<number> {
  const show = progressOnTerminal();
  let text = header;
  let rows = 0;
  await readRows(table, schema, {
    onRows: (batch) => {
      text += lines(batch);
      rows += batch.data.rowCount;
    },
    onBadRow: bad ? (error) => bad.add(error) : null,
    // Not before a row was scored: what fails at the start has printed nothing.
    afterBlock: async () => {
      show(rows);
      if (rows === 0) return;
      const ready = text;
      text = "";
      await output.write(ready);
    },
  });
  if (rows === 0) await output.write(text);
  show(null);
  return rows;
}

/** Scores a batch: its lines. */
function linesOf(
  { row, logits: logitsOf, explain }: Scorer,
  writer: ScoreWriter,
  reasonCount: number | null,
): (rows: ScoredRows) => string {
  const { numberCount, categoryCount } = row;
  const reasonsOf = ({ numbers, codes }: ScoredRows["data"], r: number): readonly Reason[] => {
    if (reasonCount === null) return [];
    const { reasons } = explain(numbers, r * numberCount, codes, r * categoryCount);
    return largestReasons(reasons, reasonCount);
  };
  return ({ data, rowNumbers }) => {
    const logits = logitsOf(data);
    let text = "";
    for (let r = 0; r < data.rowCount; r++) {
      const score = Math.fround(sigmoid(logits[r] ?? 0));
      text += writer.line(rowNumbers[r] ?? 0, score, reasonsOf(data, r));
    }
    return text;
  };
}

interface BadRows {
  readonly count: number;
  add(error: CloisterError): void;
  summary(rows: number): void;
}

function badRowCounter(json: boolean): BadRows {
  let count = 0;
  const say = (text: string, value: object): void => {
    process.stderr.write(json ? `${JSON.stringify(value)}\n` : `cloister: ${text}\n`);
  };
  return {
    get count() {
      return count;
    },
    add({ code, message }) {
      count += 1;
      say(`skipped: ${message}`, { skipped: { code, message } });
    },
    summary: (rows) =>
      say(`${count} of ${counted(rows, "row")} skipped`, { skippedCount: count, rows }),
  };
}

/** Shows how many rows are done, where somebody watches and the scores do not go to the same screen. */
function progressOnTerminal(): (rows: number | null) => void {
  if (!process.stderr.isTTY || process.stdout.isTTY) return () => undefined;
  const { at } = progress(osClock.nowMs());
  return (rows) => {
    const line = rows === null ? PROGRESS_END : at(rows, osClock.nowMs());
    if (line !== null) process.stderr.write(line);
  };
}
