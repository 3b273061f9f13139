/** One run on one data set, from the manifest to the model's figures on the test rows. Pure. */
import { federate } from "../../bin/simulate/federation.ts";
import { inventedCharter } from "../../bin/simulate/invented-charter.ts";
import { admitted, type NamedMember } from "../../bin/simulate/members.ts";
import { metricsOf, scorerOf } from "../../bin/simulate/score.ts";
import { runOf, settingOf } from "../../bin/simulate/setting.ts";
import { joinedData } from "../../models/data-parts.ts";
import { newMemory } from "../../models/tasks/member-memory.ts";
import type { Metrics } from "../../models/tasks/task.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import type { TaskSpec } from "../../shared/charter/task-spec.ts";

export interface Experiment {
  readonly task: TaskSpec;
  /** Null: without noise. */
  readonly epsilon: number | null;
  readonly seed: string;
}

/**
 * @param members All organisations; those whose rows are of one class take no part, as in a real room.
 * @returns On the test rows of all of them together, exactly; null where the run failed.
 */
export function played(
  { task, epsilon, seed }: Experiment,
  schema: DataSchema,
  all: readonly NamedMember[],
): Metrics | null {
  const rows = all.map(({ data }) => data.train.rowCount + data.holdout.rowCount);
  const trainUnits = all.reduce((sum, { data }) => sum + data.train.unitStarts.length - 1, 0);
  const sizes = { trainUnits, largestRows: Math.max(...rows) };
  const room = { schema, holdoutFraction: 0.2, delta: null, ...sizes };
  const charter = inventedCharter(room, all.length);
  const { members } = admitted(all, {
    rowsMin: 1,
    rowsMax: charter.rowsMax,
    allowsOneClass: false,
  });
  const privacy = epsilon === null ? ("none" as const) : { epsilon };
  const setting = settingOf({ task, privacy }, epsilon, charter, members, seed);
  const run = runOf(setting, members, seed);
  const outcome = federate(run);
  if (outcome.failure !== null) return null;
  const scorer = scorerOf({ context: run.context, ...outcome }, newMemory());
  return metricsOf([{ scorer, rows: joinedData(all.map(({ data }) => data.holdout)) }]);
}
