/** The charter of a room that is only played: from the data and the plan, where no real one is given. Pure. */
import { plannedReleases } from "../../models/tasks/privacy-events.ts";
import { badInput } from "../../shared/base/errors.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import type { TaskSpec } from "../../shared/charter/task-spec.ts";
import { calibrateNoiseMultiplier } from "../../shared/privacy/accounting/calibrate.ts";
import { memberIdsOf } from "./members.ts";

/** What a room without a charter of its own is played with. */
export interface InventedRoom {
  readonly schema: DataSchema;
  readonly holdoutFraction: number;
  /** Units of all members' training partitions. */
  readonly trainUnits: number;
  readonly largestRows: number;
  /** Null: the smaller of 10⁻⁶ and a tenth of 1 / units. */
  readonly delta: number | null;
}

export const INVENTED_ROOM = "simulation";

/** A charter that allows what is tried, and is as public as a real one: figures rounded to a digit or two. */
export function inventedCharter(room: InventedRoom, memberCount: number): Charter {
  const unitsExpected = Number(room.trainUnits.toPrecision(2));
  const tenth = Number((1 / (10 * unitsExpected)).toPrecision(1));
  const delta = room.delta ?? Math.min(1e-6, tenth);
  if (delta >= 1 / unitsExpected) {
    throw badInput(
      "simulate.delta-too-large",
      `--delta ${delta}: with ${unitsExpected} units, one of them could be given away whole; use ${tenth} or less`,
    );
  }
  return {
    version: 1,
    room: INVENTED_ROOM,
    purpose: "A simulation: nothing is asked of anybody.",
    members: memberIdsOf(memberCount),
    schema: room.schema,
    holdoutFraction: room.holdoutFraction,
    tasks: ["train", "boost", "probe"],
    minimums: { members: 3, rows: 1 },
    rowsMax: Number((2 * room.largestRows).toPrecision(1)),
    privacy: {
      budget: { epsilon: 100, delta, rdpOrder: 2 },
      unnoisedRuns: "allowed",
      centralNoise: "allowed",
      unitsExpected,
    },
  };
}

/** With the ε that a plan asks as its budget, at the order at which it costs least: what a charter made for it would fix. */
export function withBestOrder(charter: Charter, task: TaskSpec, epsilon: number): Charter {
  const { budget, unitsExpected } = charter.privacy;
  if (!budget || unitsExpected === null) return charter;
  const noise = { trainMultiplier: 1, holdoutMultiplier: 1, unitsExpected };
  const { schema, rowsMax, members } = charter;
  const context = { spec: task, schema, rowsMax, memberCount: members.length, noise };
  const release = plannedReleases(task, context).find(({ partition }) => partition === "train");
  if (!release) return charter;
  const { event, count: roundCount } = release;
  const samplingProbability = event.kind === "poissonSampled" ? event.samplingProbability : 1;
  const target = { epsilon, delta: budget.delta, samplingProbability, roundCount };
  const { order: rdpOrder } = calibrateNoiseMultiplier(target);
  return {
    ...charter,
    privacy: { ...charter.privacy, budget: { ...budget, epsilon, rdpOrder } },
  };
}
