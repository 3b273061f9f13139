/** What a whole run will cost, from its manifest alone: the agent's own reckoning, before any work. Pure. */
import { contextOf } from "../../models/tasks/context.ts";
import { taskFor } from "../../models/tasks/registry.ts";
import { roundCounts } from "../../models/tasks/train-shape.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import type { DpEvent } from "../../shared/privacy/events.ts";
import { privacyEvent } from "./encode.ts";
import type { Partition } from "./ledger.ts";

export interface PlannedEvent {
  readonly partition: Partition;
  readonly event: DpEvent;
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
