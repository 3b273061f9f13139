/** What one opened sum tells by itself, for a person who looks at a single round of a run. Pure. */

import type { RingBits } from "../../shared/base/ring-bits.ts";
import { isModelTask, type TaskSpec } from "../../shared/charter/task-spec.ts";
import { decodeSum } from "./decode.ts";
import { taskFor } from "./registry.ts";
import type { Aggregate, Metrics, TaskContext } from "./task.ts";
import { readEvaluation } from "./train/evaluation.ts";
import { begunTraining, trainTask } from "./train/train.ts";
import { type WireManifest, wireFormat } from "./wire.ts";

export interface Reading {
  /** Mean loss per row; noised where the run is. */
  readonly loss: number | null;
  readonly metrics: Metrics | null;
}

/** Elements and ring of an ask's vector on the wire, as every member derives them. */
export function wireShape(
  context: TaskContext<TaskSpec>,
  manifest: WireManifest,
  askKind: string,
): { dimension: number; ringBits: RingBits } {
  const { dimension, ringBits } = wireFormat(
    taskFor(context.spec).shapeOf(context, askKind),
    manifest,
  );
  return { dimension, ringBits };
}

/**
 * @param place The attempt that the sum is of.
 * @param sum Modulo 2^b, of the wire's shape.
 */
export function readSum(
  context: TaskContext<TaskSpec>,
  manifest: WireManifest,
  place: { readonly runId: string; readonly attempt: number; readonly askKind: string },
  sum: Uint32Array,
): Reading {
  const { askKind } = place;
  const { spec } = context;
  const shape = taskFor(spec).shapeOf(context, askKind);
  const aggregate: Aggregate = decodeSum(sum, shape, manifest, place);
  if (askKind === "evaluate" && isModelTask(spec)) {
    const { metrics } = readEvaluation({ ...context, spec }, aggregate);
    return { loss: null, metrics };
  }
  if (spec.kind !== "train" || askKind === "moments" || askKind === "counts")
    return { loss: null, metrics: null };
  // It does not depend on the model: absorbed into a run that has just begun, the sum says the same.
  const training = { ...context, spec };
  const absorbed = trainTask.absorb(training, begunTraining(training), aggregate);
  return { loss: trainTask.progress(absorbed).loss, metrics: null };
}
