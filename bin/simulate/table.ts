/** EDGE: reads the one table of a simulation, as an agent would read its own; divided by a column, or whole. */
import { readCsv } from "../../agent/data/csv.ts";
import { formatOfName } from "../../agent/scoring/formats.ts";
import { detachText, trimCell } from "../../models/features/cell.ts";
import { type TableEncoder, tableEncoder } from "../../models/features/encoder.ts";
import { type InferOptions, schemaInference } from "../../models/features/infer.ts";
import { type HoldoutRule, holdoutRule } from "../../models/features/partition.ts";
import { cellFault, columnIndices } from "../../models/features/row-encoder.ts";
import { badInput } from "../../shared/base/errors.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import { osClock } from "../../shared/edge/os.ts";
import { LIMITS } from "../../shared/protocol/limits.ts";
import type { NamedMember } from "./members.ts";
import { isChosen, type RowSides } from "./sides.ts";

/** The schema that the demo and the agents' own proposals would find, from the rows that are not held out by name. */
export async function proposedSchema(
  path: string,
  options: Omit<InferOptions, "table">,
  { test, skip }: RowSides,
): Promise<DataSchema> {
  const choices = [test, skip].flatMap((choice) => choice?.column ?? []);
  const drop = [...new Set([...options.drop, ...choices])];
  let add: (cells: readonly string[]) => void = () => undefined;
  let finish = (): DataSchema => {
    throw noRows(path);
  };
  await readCsv(path, {
    onHeader: (header) => {
      const inference = schemaInference(header, { ...options, drop, table: path });
      const [isTest, isSkipped] = [test, skip].map((choice) => isChosen(choice, header, path));
      add = (cells) => {
        if (!isTest?.(cells) && !isSkipped?.(cells)) inference.add(cells);
      };
      finish = () => inference.finish().schema;
    },
    onRow: (cells) => add(cells),
  });
  return finish();
}

export interface Reading {
  readonly path: string;
  readonly schema: DataSchema;
  readonly holdoutFraction: number;
  readonly holdoutSalt: string;
  /** Each of its values is a member; null: nobody's rows are told apart. */
  readonly split: string | null;
  readonly sides: RowSides;
}

/** @returns One for each value of the column, by name; one in all where there is none. */
export async function readMembers(reading: Reading): Promise<NamedMember[]> {
  const { path, split, sides } = reading;
  const encoders = new Map<string, TableEncoder>();
  let header: readonly string[] = [];
  let column = -1;
  let [isTest, isSkipped] = [isChosen(null, header, path), isChosen(null, header, path)];
  // A unit is on the side of its first row.
  let isNextHeldOut = false;
  const byHash = holdoutRule(reading.holdoutFraction, reading.holdoutSalt);
  const isHoldout = sides.test === null ? byHash : () => isNextHeldOut;
  await readCsv(path, {
    onHeader: (names) => {
      header = names;
      isTest = isChosen(sides.test, header, path);
      isSkipped = isChosen(sides.skip, header, path);
      if (split !== null) column = columnIndices([split], names, path)[0] ?? -1;
      // Missing columns are told before any row is read.
      if (split === null) encoders.set("", encoderOf(reading, header, isHoldout));
    },
    onRow: (cells, row, line) => {
      if (isSkipped(cells)) return;
      isNextHeldOut = isTest(cells);
      const name = column < 0 ? "" : trimCell(cells[column] ?? "");
      if (split !== null && name === "") {
        const reason = "empty; every row must say whose it is";
        throw cellFault({ table: path, row, line }, split, "data.empty-member", reason);
      }
      let encoder = encoders.get(name);
      if (!encoder) {
        if (encoders.size >= LIMITS.membersMax) throw tooMany(path, split ?? "");
        encoder = encoderOf(reading, header, isHoldout);
        encoders.set(detachText(name), encoder);
      }
      encoder.add(cells, row, line);
    },
  });
  if (encoders.size === 0) throw noRows(path);
  return [...encoders]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([memberId, encoder]) => ({ memberId, data: encoder.finish().data }));
}

function encoderOf(
  { path, schema }: Reading,
  header: readonly string[],
  isHoldout: HoldoutRule,
): TableEncoder {
  return tableEncoder(schema, header, {
    table: path,
    isHoldout,
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

function noRows(path: string): Error {
  return badInput("data.no-rows", `${path}: no rows below the line of column names that are taken`);
}
