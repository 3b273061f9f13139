/** EDGE: `cloister score`: a model file and a table in, one score a row out. Runs where the rows are; no network. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import type { EncodedData } from "../models/data.ts";
import { architectureOf } from "../models/engine/architecture.ts";
import { bestBackend } from "../models/engine/best.ts";
import { parseModelJson } from "../models/export/json.ts";
import { type RowEncoder, type RowPlace, rowEncoder } from "../models/features/row-encoder.ts";
import type { Model } from "../models/model.ts";
import { badInput, CloisterError } from "../shared/base/errors.ts";
import { readCsv } from "./data/csv.ts";

const BATCH_ROWS = 4096;

export function scoreCommand(program: Command): void {
  program
    .command("score")
    .description(
      "score rows with an exported model: one line per row, its number and the probability of the positive label",
    )
    .argument("<model>", "model.json, as exported with --format json")
    .requiredOption(
      "--input <file>",
      "rows to score, .csv or .csv.gz, with the model's feature columns",
    )
    .option("--json", "print JSON lines, for programs")
    .addHelpText("after", "\nExample:\n  $ cloister score model.json --input rows.csv > scores.csv")
    .action(score);
}

/** Prints nothing before the whole table was read: all scores, or one line of what is wrong. */
async function score(
  modelPath: string,
  { input, json }: { input: string; json?: boolean },
): Promise<void> {
  const scores = await scoreTable(readModel(modelPath), input).catch((error: unknown) => {
    throw naming(modelPath, error);
  });
  if (!json) process.stdout.write("row,score\n");
  let row = 0;
  for (const batch of scores) {
    let text = "";
    for (const value of batch) {
      row += 1;
      text += json ? `{"row":${row},"score":${value}}\n` : `${row},${value.toFixed(6)}\n`;
    }
    process.stdout.write(text);
  }
}

/** Where columns are missing the table may be right and the model wrong. */
function naming(modelPath: string, error: unknown): unknown {
  if (!(error instanceof CloisterError) || error.code !== "data.missing-columns") return error;
  const message = `${error.message}; or is ${modelPath} a model for other tables?`;
  return new CloisterError(error.code, message, error.exitCode, error);
}

/** @returns Four bytes a row, a batch of rows at a time. */
async function scoreTable(model: Model, input: string): Promise<Float32Array[]> {
  const architecture = architectureOf(model.schema, model.spec);
  const backend = bestBackend(architecture, { acrossMachines: true });
  const scores: Float32Array[] = [];
  const state: { batch: Batch | null } = { batch: null };
  const flush = (batch: Batch): void => {
    if (batch.rowCount > 0) scores.push(backend.scores(model.params, model.scaling, rowsOf(batch)));
    batch.rowCount = 0;
  };
  await readCsv(input, {
    onHeader: (header) => {
      state.batch = newBatch(rowEncoder(model.schema, header, input));
    },
    onRow: (cells, row, line) => {
      const { batch } = state;
      if (!batch) return;
      addRow(batch, cells, { table: input, row, line });
      if (batch.rowCount === BATCH_ROWS) flush(batch);
    },
  });
  if (state.batch) flush(state.batch);
  return scores;
}

interface Batch {
  readonly encoder: RowEncoder;
  readonly numbers: Float32Array;
  readonly codes: Uint16Array;
  rowCount: number;
}

function newBatch(encoder: RowEncoder): Batch {
  const numbers = new Float32Array(BATCH_ROWS * encoder.numberCount);
  const codes = new Uint16Array(BATCH_ROWS * encoder.categoryCount);
  return { encoder, numbers, codes, rowCount: 0 };
}

function addRow(batch: Batch, cells: readonly string[], place: RowPlace): void {
  const { encoder, numbers, codes, rowCount } = batch;
  const { numberCount, categoryCount } = encoder;
  const numbersAt = rowCount * numberCount;
  encoder.encode(cells, place, { numbers, numbersAt, codes, codesAt: rowCount * categoryCount });
  batch.rowCount += 1;
}

/** What of a batch is filled. */
function rowsOf({ encoder, numbers, codes, rowCount }: Batch): EncodedData {
  return {
    rowCount,
    numbers: numbers.subarray(0, rowCount * encoder.numberCount),
    codes: codes.subarray(0, rowCount * encoder.categoryCount),
    labels: new Uint8Array(rowCount),
    unitStarts: new Uint32Array(),
  };
}

function readModel(path: string): Model {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw badInput(
      "model.unreadable",
      `${path}: cannot be read; export one with "cloister model export RUN"`,
      cause,
    );
  }
  try {
    return parseModelJson(text);
  } catch (error) {
    if (!(error instanceof CloisterError)) throw error;
    throw new CloisterError(error.code, `${path}: ${error.message}`, error.exitCode, error);
  }
}
