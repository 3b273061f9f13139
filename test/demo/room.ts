/** EDGE: what the demo's room is made of: a charter and one table per member, generated or the user's own. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { holdoutRule } from "../../models/features/partition.ts";
import type { TrainTask } from "../../shared/charter/task-spec.ts";
import { type DemoRoom, demoCharter } from "./charter.ts";
import { DEMO_DEFAULTS, generateDemo } from "./generator.ts";
import { demoSchema } from "./generator-schema.ts";
import type { DemoOptions } from "./options.ts";
import { ownDataRoom } from "./own-data.ts";

const ROOM = "card-fraud";
const HOLDOUT = 0.2;

export async function demoRoom(
  options: DemoOptions,
  task: TrainTask,
  folder: string,
): Promise<DemoRoom> {
  if (options.data) {
    return ownDataRoom(options, options.data, task, folder);
  }
  const rule = holdoutRule(HOLDOUT, ROOM);
  const tables = generateDemo({
    ...DEMO_DEFAULTS,
    seed: options.seed,
    bankCount: options.members,
    isHoldout: rule,
  });
  const members = tables.map(({ memberId, csv, rowCount }) => {
    const path = join(folder, `${memberId}.csv`);
    writeFileSync(path, csv);
    return { memberId, path, rowCount };
  });
  const customers = tables.reduce((sum, table) => sum + table.customerCount, 0);
  const rows = members.reduce((sum, { rowCount }) => sum + rowCount, 0);
  const frauds = tables.reduce((sum, table) => sum + table.fraudCount, 0);
  const notes = [
    `Generated data: ${members.length} banks, ${customers} customers, ${rows} card payments, ${((100 * frauds) / rows).toFixed(2)} % fraud.`,
    ...tables.map(
      ({ memberId, rowCount, knownPatterns }) =>
        `  ${memberId}  ${String(rowCount).padStart(6)} payments; knows ${knownPatterns.join(", ")}`,
    ),
    "A pattern that a bank does not know yet will reach its customers: the held-out ones suffer all of them.",
  ];
  const unitsTraining = Math.round(customers * (1 - HOLDOUT));
  return {
    charter: demoCharter(ROOM, members, demoSchema(), unitsTraining, HOLDOUT, options, task),
    members,
    notes,
  };
}
