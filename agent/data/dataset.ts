/**
 * EDGE: a member's file → encoded partitions. The one place where an agent reads raw records for
 * training.
 */
import {
  type EncodedRows,
  type EncodedTable,
  scoringEncoder,
  tableEncoder,
} from "../../models/features/encoder.ts";
import { holdoutRule } from "../../models/features/partition.ts";
import { assert } from "../../shared/base/assert.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import { readCsv } from "./csv.ts";

export interface LoadOptions {
  /** Expected share of the privacy units that are kept out of training. */
  readonly holdoutFraction: number;
  /** Must stay the same for the life of the data set: the units' sides depend on it. */
  readonly holdoutSalt: string;
  /** Default: false. */
  readonly allowOneClass?: boolean;
}

/**
 * Reads, checks and encodes a labelled table, and splits its units into train and holdout.
 *
 * @param path A .csv or .csv.gz file with the schema's columns, in any order; others are ignored.
 * @throws {CloisterError} With the file, row and column where the table is not as the schema says.
 */
export async function loadDataset(
  path: string,
  schema: DataSchema,
  options: LoadOptions,
): Promise<EncodedTable> {
  const isHoldout = holdoutRule(options.holdoutFraction, options.holdoutSalt);
  const allowOneClass = options.allowOneClass ?? false;
  return await encodeFile(path, (header) =>
    tableEncoder(schema, header, { table: path, isHoldout, allowOneClass }),
  );
}

/** Reads and encodes rows to be scored: the feature columns are needed, label and unit are not. */
export async function loadRows(path: string, schema: DataSchema): Promise<EncodedRows> {
  return await encodeFile(path, (header) => scoringEncoder(schema, header, path));
}

interface Encoder<Encoded> {
  add(cells: readonly string[], row: number, line: number): void;
  finish(): Encoded;
}

async function encodeFile<Encoded>(
  path: string,
  begin: (header: readonly string[]) => Encoder<Encoded>,
): Promise<Encoded> {
  let encoder: Encoder<Encoded> | null = null;
  await readCsv(path, {
    onHeader: (columns) => {
      encoder = begin(columns);
    },
    onRow: (cells, row, line) => encoder?.add(cells, row, line),
  });
  return finished(encoder);
}

function finished<Encoded>(encoder: Encoder<Encoded> | null): Encoded {
  assert(encoder !== null, "a table was read without a header");
  return encoder.finish();
}
