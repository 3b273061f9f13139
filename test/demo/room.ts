/** EDGE: what the demo's room is made of: a charter and one table per member, generated or the user's own. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { holdoutRule } from "../../models/features/partition.ts";
import { Charter } from "../../shared/charter/charter.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import type { TrainTask } from "../../shared/charter/task-spec.ts";
import { calibrateNoiseMultiplier } from "../../shared/privacy/calibrate.ts";
import { DEMO_DEFAULTS, generateDemo } from "./generator.ts";
import { demoSchema } from "./generator-schema.ts";
import type { DemoOptions } from "./options.ts";

export interface DemoMember {
  readonly memberId: string;
  readonly path: string;
  readonly rowCount: number;
}

export interface DemoRoom {
  readonly charter: Charter;
  readonly members: readonly DemoMember[];
  /** For the person who watches. */
  readonly notes: readonly string[];
}

const ROOM = "card-fraud";
const HOLDOUT = 0.2;

export async function demoRoom(
  options: DemoOptions,
  task: TrainTask,
  folder: string,
): Promise<DemoRoom> {
  if (options.data) {
    const { ownDataRoom } = await import("./own-data.ts");
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

/** @param unitsTraining Rounded to two digits before it is published as an estimate. */
export function demoCharter(
  room: string,
  members: readonly DemoMember[],
  schema: DataSchema,
  unitsTraining: number,
  holdoutFraction: number,
  { epsilon }: DemoOptions,
  task: TrainTask,
): Charter {
  const unitsExpected = Number(unitsTraining.toPrecision(2));
  const delta = Math.min(1e-6, Number((1 / (10 * unitsExpected)).toPrecision(1)));
  return Charter.parse({
    version: 1,
    room,
    purpose: "Demonstration: a consortium trains a model on records that stay with their owners.",
    members: members.map(({ memberId }) => memberId),
    schema,
    holdoutFraction,
    tasks: ["train", "probe"],
    minimums: { members: 3, rows: 50 },
    rowsMax: Number((2 * Math.max(...members.map(({ rowCount }) => rowCount))).toPrecision(1)),
    privacy: {
      budget:
        epsilon === null ? null : { epsilon, delta, rdpOrder: bestOrder(epsilon, delta, task) },
      unnoisedRuns: epsilon === null ? "allowed" : "refused",
      unitsExpected: epsilon === null ? null : unitsExpected,
    },
  });
}

/** The order at which the planned run costs least, fixed in the charter before anything is spent. */
function bestOrder(epsilon: number, delta: number, { strategy }: TrainTask): number {
  if (strategy.kind !== "dpSgd") return 10;
  const { samplingProbability, rounds: roundCount } = strategy;
  return calibrateNoiseMultiplier({ epsilon, delta, samplingProbability, roundCount }).order;
}
