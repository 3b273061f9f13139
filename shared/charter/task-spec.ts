/** What a run may compute, as data: the tasks and their parameters, named in a manifest. Pure. */
import { z } from "zod";
import { LIMITS } from "../protocol/limits.ts";
import { BoostTask } from "./boost-spec.ts";
import { EvaluateRequest, EvaluateTask } from "./evaluate-spec.ts";
import { GlmTask } from "./glm-spec.ts";
import { LossSpec } from "./loss-spec.ts";
import { MatchTask } from "./match-spec.ts";
import { ModelSpec } from "./model-spec.ts";
import { OverlapTask } from "./overlap-spec.ts";
import { QueryTask } from "./query-spec.ts";
import { Strategy } from "./strategy-spec.ts";
import { trainTaskFaults } from "./train-faults.ts";

const Rounds = z.int().min(1).max(LIMITS.roundsMax);

const MetricName = z.enum(["rocAuc", "prAuc", "recallAt1pctFpr", "recallAt5pctFpr"]);

const Evaluation = z.strictObject({
  /** Evaluate after every so many training rounds, and always after the last; null: only after the last. */
  everyRounds: Rounds.nullable(),
  /** Score bins per label, equal in log-odds. */
  bins: z.int().min(2).max(4096),
  rowsPerUnitMax: z.int().min(1).max(64).default(16),
  /** What early stopping and selection go by. Left out: rocAuc. */
  metric: MetricName.optional(),
  /** End the run once so many evaluations in a row were not better than the best by `minImprovement`. */
  earlyStopping: z
    .strictObject({
      patience: z.int().min(1).max(LIMITS.roundsMax),
      minImprovement: z.number().min(0).lt(1).default(0),
    })
    .optional(),
  /** Which round's model is handed out. Left out: the last. */
  select: z.enum(["best", "last"]).optional(),
});

export const TrainTask = z
  .strictObject({
    kind: z.literal("train"),
    model: ModelSpec,
    /** Where input centres and scales come from: the declared bounds, or a secure sum in the first round. */
    scaling: z.enum(["bounds", "moments"]),
    /** Left out: cross-entropy. */
    loss: LossSpec.optional(),
    strategy: Strategy,
    evaluation: Evaluation,
  })
  .superRefine((task, context) => {
    for (const { path, message } of trainTaskFaults(task))
      context.addIssue({ code: "custom", path: [...path], message });
  });

/** Secure sums of zeros: measures a room's latency, bytes and drop-outs without touching a record. */
export const ProbeTask = z.strictObject({
  kind: z.literal("probe"),
  dimension: z.int().min(1).max(LIMITS.dimensionMax),
  rounds: Rounds,
});

export const TaskSpec = z.discriminatedUnion("kind", [
  TrainTask,
  BoostTask,
  QueryTask,
  GlmTask,
  OverlapTask,
  MatchTask,
  EvaluateTask,
  ProbeTask,
]);

/** As a plan has it: a model that is to be evaluated is named by its run. */
export const PlannedTask = z.discriminatedUnion("kind", [
  TrainTask,
  BoostTask,
  QueryTask,
  GlmTask,
  OverlapTask,
  MatchTask,
  EvaluateRequest,
  ProbeTask,
]);

export type MetricName = z.infer<typeof MetricName>;
export type TrainTask = z.infer<typeof TrainTask>;
export type ProbeTask = z.infer<typeof ProbeTask>;
export type TaskSpec = z.infer<typeof TaskSpec>;

/** A task that makes a model. */
export type ModelTask = TrainTask | BoostTask;

export function isModelTask(spec: TaskSpec): spec is ModelTask {
  return spec.kind === "train" || spec.kind === "boost";
}
