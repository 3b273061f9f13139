/** How long what a run left behind is kept: the charter says. What is said of the run, its log, stays. Pure. */
import { DAY_MS } from "../shared/base/calendar.ts";
import type { Charter } from "../shared/charter/charter.ts";
import { isLast, type RunEvent } from "./run-events.ts";

/** Whether the run's model and kept rounds have had their time. */
export function isOutdated(
  log: readonly RunEvent[],
  { retentionDays }: Pick<Charter, "retentionDays">,
  nowMs: number,
): boolean {
  const ended = log.find(({ type }) => isLast(type));
  if (retentionDays === undefined || !ended) return false;
  if (log.some(({ type }) => type === "deleted")) return false;
  return nowMs >= ended.atMs + retentionDays * DAY_MS;
}
