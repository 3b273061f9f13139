/**
 * One training run under differential privacy, by where the noise is added; played as `cloister simulate` plays
 * runs (bin/simulate), with the noise given instead of planned. Pure.
 */
import { federate } from "../../bin/simulate/federation.ts";
import { dealt } from "../../bin/simulate/members.ts";
import { metricsOf, scorerOf } from "../../bin/simulate/score.ts";
import type { EncodedData, PartitionedData } from "../../models/data.ts";
import { newMemory } from "../../models/tasks/member-memory.ts";
import type { Metrics, TaskContext } from "../../models/tasks/task.ts";
import type { WireManifest } from "../../models/tasks/wire.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import type { TrainTask } from "../../shared/charter/task-spec.ts";
import { defaultCohort } from "../../shared/privacy/mechanism/noise-share.ts";

export type Placement = "none" | "central" | "distributed" | "local";

export interface Trial {
  readonly placement: Placement;
  readonly members: number;
  readonly seed: string;
}

export interface Setting {
  readonly schema: DataSchema;
  readonly task: TrainTask;
  /** z of the training sums. */
  readonly noiseMultiplier: number;
  readonly epsilon: number;
  readonly delta: number;
}

/** Trains on `train`, dealt to the members by unit, and scores `holdout`. */
export function runTrial(setting: Setting, data: PartitionedData, trial: Trial): Metrics | null {
  const { train, holdout } = data;
  const { members: count, seed } = trial;
  const members = dealt(data, count, seed).map((part) => ({ data: part, memory: newMemory() }));
  const context = contextOf(setting, train, trial);
  const manifest = manifestOf(setting, train, trial);
  const outcome = federate({ context, manifest, runId: seed, members, seed });
  return metricsOf([{ scorer: scorerOf({ context, ...outcome }, newMemory()), rows: holdout }]);
}

function contextOf(
  { schema, task, noiseMultiplier }: Setting,
  train: EncodedData,
  { placement, members, seed }: Trial,
): TaskContext<TrainTask> {
  const unitsExpected = train.unitStarts.length - 1;
  const multipliers = { trainMultiplier: noiseMultiplier, holdoutMultiplier: noiseMultiplier };
  const noise = placement === "none" ? null : { ...multipliers, unitsExpected };
  const spec = { ...task, model: { ...task.model, seed } };
  return { spec, schema, noise, rowsMax: train.rowCount, memberCount: members };
}

/** Only the number of members counts here: nobody signs anything. */
function manifestOf(
  { noiseMultiplier, epsilon, delta }: Setting,
  train: EncodedData,
  { placement, members }: Trial,
): WireManifest {
  const nobody = { memberId: "member", identityKey: "", enrolmentSignature: "" };
  const roster = new Array<typeof nobody>(members).fill(nobody);
  if (placement === "none") return { roster, privacy: null };
  const { maxDropouts, maxColluders } = defaultCohort(members);
  const privacy = {
    epsilon,
    delta,
    trainMultiplier: noiseMultiplier,
    holdoutMultiplier: noiseMultiplier,
    unitsExpected: train.unitStarts.length - 1,
    maxDropouts,
    maxColluders,
    noisePlacement: placement,
  };
  return { roster, privacy };
}
