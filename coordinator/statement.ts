/** The privacy statement of a run as it stands: what its log says was answered, failed attempts included. Pure. */
import { type PrivacyStatement, privacyStatement } from "../models/privacy-statement.ts";
import type { AskCounts } from "../models/tasks/privacy-events.ts";
import type { Charter } from "../shared/charter/charter.ts";
import type { Manifest } from "../shared/charter/manifest.ts";
import type { RunEvent } from "./run-events.ts";

export function statementOf(
  charter: Charter,
  manifest: Manifest,
  events: readonly RunEvent[],
): PrivacyStatement {
  return privacyStatement(charter, manifest, answersOf(events));
}

/** Members may have answered an attempt that failed: it counts, and as any kind where its round never ended. */
export function answersOf(events: readonly RunEvent[]): AskCounts {
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
