/** EDGE: `cloister score`: a model file and a table in, one score a row out. Runs where the rows are; no network. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import type { EncodedData } from "../models/data.ts";
import { architectureOf } from "../models/engine/architecture.ts";
import { plainBackend } from "../models/engine/plain.ts";
import { parseModelJson } from "../models/export/json.ts";
import { type RowEncoder, rowEncoder } from "../models/features/row-encoder.ts";
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

async function score(
  modelPath: string,
  { input, json }: { input: string; json?: boolean },
): Promise<void> {
  const model = readModel(modelPath);
  const backend = plainBackend(architectureOf(model.schema, model.spec));
  if (!json) process.stdout.write("row,score\n");
  let batch: Batch | null = null;
  let scored = 0;
  const flush = ({ data }: Batch, rowCount: number): void => {
    const scores = backend.scores(model.params, model.scaling, {
      ...data,
      rowCount,
      unitStarts: new Uint32Array(),
    });
    let text = "";
    for (const value of scores) {
      scored += 1;
      text += json ? `{"row":${scored},"score":${value}}\n` : `${scored},${value.toFixed(6)}\n`;
    }
    process.stdout.write(text);
  };
  await readCsv(input, {
    onHeader: (header) => {
      batch = newBatch(rowEncoder(model.schema, header, input));
    },
    onRow: (cells, row, line) => {
      if (!batch) return;
      const { encoder, data } = batch;
      const { numberCount, categoryCount } = encoder;
      const at = batch.rowCount;
      const into = {
        numbers: data.numbers,
        numbersAt: at * numberCount,
        codes: data.codes,
        codesAt: at * categoryCount,
      };
      encoder.encode(cells, { table: input, row, line }, into);
      batch.rowCount += 1;
      if (batch.rowCount < BATCH_ROWS) return;
      flush(batch, batch.rowCount);
      batch.rowCount = 0;
    },
  });
  const last = batch as Batch | null;
  if (last && last.rowCount > 0) flush(last, last.rowCount);
}

interface Batch {
  readonly encoder: RowEncoder;
  readonly data: Pick<EncodedData, "numbers" | "codes" | "labels">;
  rowCount: number;
}

function newBatch(encoder: RowEncoder): Batch {
  const numbers = new Float32Array(BATCH_ROWS * encoder.numberCount);
  const codes = new Uint16Array(BATCH_ROWS * encoder.categoryCount);
  return { encoder, data: { numbers, codes, labels: new Uint8Array(BATCH_ROWS) }, rowCount: 0 };
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
