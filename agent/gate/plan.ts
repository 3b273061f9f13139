/** What a whole run will cost, from its manifest alone: the agent's own reckoning, before any work. Pure. */

import { contextOf } from "../../models/tasks/context.ts";
import { taskFor } from "../../models/tasks/registry.ts";
import type { PlannedAsk } from "../../models/tasks/task.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";

/** Attempts at a round that may fail after an answer has left, beside a tenth of the plan. */
const RETRIES_MIN = 20;

/** How often an ask of this kind may be answered in the whole run: as planned, and some retries. */
export function answersMax(charter: Charter, manifest: Manifest, askKind: string): number {
  const planned = plannedAsk(charter, manifest, askKind)?.count ?? 0;
  return planned + Math.max(RETRIES_MIN, Math.ceil(planned / 10));
}

/** Whose units answer an ask of this kind. */
export function partitionOf(
  charter: Charter,
  manifest: Manifest,
  askKind: string,
): PlannedAsk["partition"] {
  return plannedAsk(charter, manifest, askKind)?.partition ?? "train";
}

function plannedAsk(charter: Charter, manifest: Manifest, askKind: string): PlannedAsk | undefined {
  const asks = taskFor(manifest.task).plannedAsks(contextOf(charter, manifest));
  return asks.find(({ kind }) => kind === askKind);
}
