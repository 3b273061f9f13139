/** EDGE: reads the one table of a simulation, as an agent would read its own; divided by a column, or whole. */
import { readCsv } from "../../agent/data/csv.ts";
import { inferSchema } from "../../agent/data/inference.ts";
import { formatOfName } from "../../agent/scoring/formats.ts";
import { detachText, trimCell } from "../../models/features/cell.ts";
import { type TableEncoder, tableEncoder } from "../../models/features/encoder.ts";
import { holdoutRule } from "../../models/features/partition.ts";
import { cellFault, columnIndices } from "../../models/features/row-encoder.ts";
import { badInput } from "../../shared/base/errors.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import { osClock } from "../../shared/edge/os.ts";
import { LIMITS } from "../../shared/protocol/limits.ts";
import type { NamedMember } from "./members.ts";
import { listOf, type SimulateOptions } from "./options.ts";

/** The schema that the demo and the agents' own proposals would find. */
export async function proposedSchema(options: SimulateOptions): Promise<DataSchema> {
  const { data, label = "", unit, split } = options;
  const ignored = new Set([...listOf(options.ignore), ...(split === undefined ? [] : [split])]);
  const { schema } = await inferSchema(data, {
    label,
    positive: null,
    unit: unit ?? null,
    drop: [...ignored],
    categorical: listOf(options.categorical),
    numeric: listOf(options.numeric),
  });
  return schema;
}

export interface Reading {
  readonly path: string;
  readonly schema: DataSchema;
  readonly holdoutFraction: number;
  readonly holdoutSalt: string;
  /** Each of its values is a member; null: nobody's rows are told apart. */
  readonly split: string | null;
}

/** @returns One for each value of the column, by name; one in all where there is none. */
export async function readMembers(reading: Reading): Promise<NamedMember[]> {
  const { path, split } = reading;
  const encoders = new Map<string, TableEncoder>();
  let header: readonly string[] = [];
  let column = -1;
  await readCsv(path, {
    onHeader: (names) => {
      header = names;
      if (split !== null) column = columnIndices([split], names, path)[0] ?? -1;
      // Missing columns are told before any row is read.
      if (split === null) encoders.set("", encoderOf(reading, header));
    },
    onRow: (cells, row, line) => {
      const name = column < 0 ? "" : trimCell(cells[column] ?? "");
      if (split !== null && name === "") {
        const reason = "empty; every row must say whose it is";
        throw cellFault({ table: path, row, line }, split, "data.empty-member", reason);
      }
      let encoder = encoders.get(name);
      if (!encoder) {
        if (encoders.size >= LIMITS.membersMax) throw tooMany(path, split ?? "");
        encoder = encoderOf(reading, header);
        encoders.set(detachText(name), encoder);
      }
      encoder.add(cells, row, line);
    },
  });
  if (encoders.size === 0)
    throw badInput("data.no-rows", `${path}: no rows below the line of column names`);
  return [...encoders]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([memberId, encoder]) => ({ memberId, data: encoder.finish().data }));
}

function encoderOf(
  { path, schema, holdoutFraction, holdoutSalt }: Reading,
  header: readonly string[],
): TableEncoder {
  return tableEncoder(schema, header, {
    table: path,
    isHoldout: holdoutRule(holdoutFraction, holdoutSalt),
    allowOneClass: true, // Such a member is left out later, with its name.
    nowMs: osClock.nowMs(),
  });
}

/** @throws {CloisterError} An agent trains on CSV only. */
export function checkFormat(path: string): void {
  if (formatOfName(path) !== "jsonl") return;
  const reason = "JSON lines are for scoring; an agent trains on CSV, and so does a simulation";
  throw badInput("simulate.format", `${path}: ${reason}`);
}

function tooMany(path: string, split: string): Error {
  const reason = `column "${split}" has more than ${LIMITS.membersMax} different values`;
  return badInput("data.too-many-members", `${path}: ${reason}; choose another column`);
}
