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

/** Members may have answered an attempt that failed: it counts, and of both kinds where its round never ended. */
export function answersOf(events: readonly RunEvent[]): AskCounts {
  const kinds = new Map<number, string>();
  for (const event of events)
    if (event.type === "roundReleased") kinds.set(event.round, event.askKind);
  let [training, evaluation] = [0, 0];
  for (const event of events) {
    if (event.type !== "roundReleased" && event.type !== "attemptAborted") continue;
    const kind = kinds.get(event.round);
    if (kind !== "evaluate") training += kind === "moments" || kind === "counts" ? 0 : 1;
    if (kind === "evaluate" || kind === undefined) evaluation += 1;
  }
  return { training, evaluation };
}
