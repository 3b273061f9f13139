/** What a whole run will cost, from its manifest alone: the agent's own reckoning, before any work. Pure. */

import { checkEncoding } from "../../models/tasks/encoding.ts";
import { roundCounts } from "../../models/tasks/train-shape.ts";
import { CloisterError } from "../../shared/base/errors.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import type { TrainTask } from "../../shared/charter/task-spec.ts";

/** Why the run's encoding cannot carry what its task sends, or null. */
export function encodingFault(
  charter: Charter,
  manifest: Manifest,
): { code: string; message: string } | null {
  try {
    checkEncoding(charter, manifest);
    return null;
  } catch (error) {
    if (error instanceof CloisterError) return { code: "encodingUnusable", message: error.message };
    throw error;
  }
}

/** Attempts at a round that may fail after an answer has left, beside a tenth of the plan. */
const RETRIES_MIN = 20;

/** How often an ask of this kind may be answered in the whole run: as planned, and some retries. */
export function answersMax(charter: Charter, { task }: Manifest, askKind: string): number {
  const planned = task.kind === "probe" ? task.rounds : plannedAsks(charter, task, askKind);
  return planned + Math.max(RETRIES_MIN, Math.ceil(planned / 10));
}

function plannedAsks(charter: Charter, task: TrainTask, askKind: string): number {
  const { moments, counts, training, evaluation } = roundCounts({
    spec: task,
    schema: charter.schema,
  });
  if (askKind === "moments") return moments;
  if (askKind === "counts") return counts;
  return askKind === "evaluate" ? evaluation : training;
}
