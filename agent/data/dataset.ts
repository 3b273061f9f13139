/**
 * EDGE: a member's file → encoded partitions. The one place where an agent reads raw records for
 * training.
 */
import {
  type EncodedTable,
  type TableEncoder,
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
  /** What the schema's `label.delay` counts from, where it names no time itself. Milliseconds since 1970. */
  readonly nowMs?: number;
  /** Told each privacy unit's id once, where the schema names a unit column. */
  readonly onUnit?: (unitId: string) => void;
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
  const { onUnit, nowMs } = options;
  const state: { encoder: TableEncoder | null } = { encoder: null };
  await readCsv(path, {
    onHeader: (header) => {
      state.encoder = tableEncoder(schema, header, {
        table: path,
        isHoldout,
        allowOneClass,
        nowMs,
        onUnit,
      });
    },
    onRow: (cells, row, line) => state.encoder?.add(cells, row, line),
  });
  assert(state.encoder !== null, "a table was read without a header");
  return state.encoder.finish();
}
