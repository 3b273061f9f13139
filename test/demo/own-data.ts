/** EDGE: the demo on a user's own table: a schema is proposed and shown, the rows are split into members. */

import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { stringify } from "yaml";
import { inferSchema } from "../../agent/data/inference.ts";
import { inferenceLines } from "../../models/features/infer.ts";
import { badInput } from "../../shared/base/errors.ts";
import type { TrainTask } from "../../shared/charter/task-spec.ts";
import { type DemoRoom, demoCharter } from "./charter.ts";
import type { DemoOptions, OwnData } from "./options.ts";
import { splitTable } from "./split.ts";

const ROOM = "own-data";
const ROWS_MIN = 100;

export async function ownDataRoom(
  options: DemoOptions,
  own: OwnData,
  task: TrainTask,
  folder: string,
): Promise<DemoRoom> {
  const { path, label, unit, drop, categorical, numeric, memberColumn } = own;
  // The member column says whose row it is: never an input.
  const dropped = memberColumn === null ? drop : [...new Set([...drop, memberColumn])];
  const inference = await inferSchema(path, {
    label,
    positive: null,
    unit,
    drop: dropped,
    categorical,
    numeric,
  });
  const split = {
    folder,
    label,
    unit,
    memberColumn,
    memberCount: options.members,
    rowsMin: ROWS_MIN,
  };
  const { members, leftOut, unitCount } = await splitTable(path, split);
  if (members.length < 3) {
    throw badInput(
      "demo.too-few-members",
      `${basename(path)}: only ${members.length} members have ${ROWS_MIN} rows of both classes; a room needs 3`,
    );
  }
  const unitsTraining = Math.round(unitCount * (1 - own.holdout));
  const charter = demoCharter(
    ROOM,
    members,
    inference.schema,
    unitsTraining,
    own.holdout,
    options,
    task,
  );
  writeFileSync(join(folder, "schema.yaml"), stringify(inference.schema));
  const notes = [
    ...inferenceLines(inference),
    `This schema was proposed from the whole file, which only a demo may read; it is declared in ${join(folder, "charter.yaml")}.`,
    "In a real room the members declare it: nothing is ever read from pooled records.",
    ...members.map(({ memberId, rowCount }) => `  ${memberId}  ${rowCount} rows`),
    ...leftOut.map(({ name, reason }) => `  left out: ${name}: ${reason}`),
  ];
  return { charter, members, notes };
}
