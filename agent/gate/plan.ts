/** What a whole run will cost, from its manifest alone: the agent's own reckoning, before any work. Pure. */

import { contextOf } from "../../models/tasks/context.ts";
import { checkEncoding } from "../../models/tasks/encoding.ts";
import { taskFor } from "../../models/tasks/registry.ts";
import { roundCounts } from "../../models/tasks/train-shape.ts";
import { CloisterError } from "../../shared/base/errors.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import type { TrainTask } from "../../shared/charter/task-spec.ts";
import type { DpEvent } from "../../shared/privacy/accounting/events.ts";
import type { Partition } from "../ledger/entry.ts";
import { privacyEvent } from "./encode.ts";

export interface PlannedEvent {
  readonly partition: Partition;
  readonly event: DpEvent;
}

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

/** Empty where the run claims no guarantee and so spends nothing. */
export function plannedEvents(charter: Charter, manifest: Manifest): PlannedEvent[] {
  const { task, privacy } = manifest;
  if (task.kind !== "train" || !privacy) return [];
  const context = contextOf(charter, manifest);
  const { training, evaluation } = roundCounts({ spec: task, schema: charter.schema });
  const planned: PlannedEvent[] = [];
  for (const [askKind, partition, count] of [
    ["gradient", "train", training],
    ["evaluate", "holdout", evaluation],
  ] as const) {
    const event = privacyEvent(taskFor(task).shapeOf(context, askKind));
    if (event) planned.push({ partition, event: { kind: "selfComposed", event, count } });
  }
  return planned;
}

/** Attempts at a round that may fail after an answer has left, beside a tenth of the plan. */
const RETRIES_MIN = 20;

/** How often an ask of this kind may be answered in the whole run: as planned, and some retries. */
export function answersMax(charter: Charter, { task }: Manifest, askKind: string): number {
  const planned = task.kind === "probe" ? task.rounds : plannedAsks(charter, task, askKind);
  return planned + Math.max(RETRIES_MIN, Math.ceil(planned / 10));
}

function plannedAsks(charter: Charter, task: TrainTask, askKind: string): number {
  const { moments, training, evaluation } = roundCounts({ spec: task, schema: charter.schema });
  if (askKind === "moments") return moments;
  return askKind === "evaluate" ? evaluation : training;
}
