/** How long what a run left behind is kept: the charter says. What is said of the run, its log, stays. Pure. */
import { DAY_MS } from "../../shared/base/calendar.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { RunSummary } from "../run/events.ts";

/** Whether the run's model and kept rounds have had their time, and are still there. */
export function isOutdated(
  { endedAtMs, deletedAtMs }: Pick<RunSummary, "endedAtMs" | "deletedAtMs">,
  { retentionDays }: Pick<Charter, "retentionDays">,
  nowMs: number,
): boolean {
  if (retentionDays === undefined || endedAtMs === null || deletedAtMs !== null) return false;
  return nowMs >= endedAtMs + retentionDays * DAY_MS;
}
