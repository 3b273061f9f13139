/** The demo's charter, and what a room of the demo is. Pure. */
import { Charter } from "../../shared/charter/charter.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import type { TrainTask } from "../../shared/charter/task-spec.ts";
import { calibrateNoiseMultiplier } from "../../shared/privacy/accounting/calibrate.ts";
import { epsilonAtOrder } from "../../shared/privacy/accounting/rdp.ts";
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

/** Of the budget, for each of the two questions that are asked after the training. */
const QUESTION_SHARE = 0.025;
const QUESTIONS = 2;

/** What the training may cost. */
export const trainingEpsilon = (epsilon: number): number =>
  (1 - QUESTIONS * QUESTION_SHARE) * epsilon;

/** What a question may cost; null: the charter has no budget. Told at the budget's order, it is more than it takes. */
export function questionEpsilon({ privacy: { budget } }: Charter): number | null {
  if (!budget) return null;
  const { epsilon, delta, rdpOrder } = budget;
  // A tenth is left for rounding.
  return epsilonAtOrder(0.9 * QUESTION_SHARE * epsilon, delta, rdpOrder);
}

/** By which sums may be broken down: the first column of categories; null: there is none. */
export const groupColumn = ({ features }: DataSchema): string | null =>
  features.find(({ type }) => type === "category")?.name ?? null;

/** Of which means are compared: the first column of numbers; null: there is none. */
export const meanColumn = ({ features }: DataSchema): string | null =>
  features.find(({ type }) => type === "number")?.name ?? null;

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
  const column = groupColumn(schema);
  return Charter.parse({
    version: 1,
    room,
    purpose: "Demonstration: a consortium trains a model on records that stay with their owners.",
    members: members.map(({ memberId }) => memberId),
    schema,
    holdoutFraction,
    tasks: ["train", "boost", "query", "probe"],
    ...(column !== null && { columns: { [column]: { group: true } } }),
    minimums: { members: 3, rows: 50 },
    rowsMax: Number((2 * Math.max(...members.map(({ rowCount }) => rowCount))).toPrecision(1)),
    privacy: {
      budget:
        epsilon === null
          ? null
          : { epsilon, delta, rdpOrder: bestOrder(trainingEpsilon(epsilon), delta, task) },
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
