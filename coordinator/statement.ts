/** The privacy statement of a run as it stands: what its log says was answered, failed attempts included. Pure. */
import { type PrivacyStatement, privacyStatement } from "../models/privacy-statement.ts";
import { MATCH_RELEASE } from "../models/tasks/match.ts";
import type { AskCounts } from "../models/tasks/privacy-events.ts";
import type { Charter } from "../shared/charter/charter.ts";
import type { Manifest } from "../shared/charter/manifest.ts";
import type { TaskSpec } from "../shared/charter/task-spec.ts";
import type { RunEvent } from "./run-events.ts";

export function statementOf(
  charter: Charter,
  manifest: Manifest,
  events: readonly RunEvent[],
): PrivacyStatement {
  return privacyStatement(charter, manifest, answersOf(events, manifest.task.kind));
}

/**
 * Members may have answered an attempt that failed: it counts, and as any kind where its round never ended. A matching has
 * no rounds: once it has begun, its members may have answered.
 */
export function answersOf(events: readonly RunEvent[], taskKind: TaskSpec["kind"]): AskCounts {
  if (taskKind === "match" && events.some(({ type }) => type === "begun"))
    return { byKind: new Map([[MATCH_RELEASE, 1]]), unknown: 0 };
  const kinds = new Map<number, string>();
  for (const event of events)
    if (event.type === "roundReleased") kinds.set(event.round, event.askKind);
  const byKind = new Map<string, number>();
  let unknown = 0;
  for (const event of events) {
    if (event.type !== "roundReleased" && event.type !== "attemptAborted") continue;
    const kind = kinds.get(event.round);
    if (kind === undefined) unknown += 1;
    else byKind.set(kind, (byKind.get(kind) ?? 0) + 1);
  }
  return { byKind, unknown };
}
