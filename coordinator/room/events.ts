/** What happens to a run, as its room's history tells it. Pure. */
import { manifestText } from "../../shared/charter/manifest.ts";
import type { RoomEvent } from "../../shared/transcript/room/event.ts";
import type { RunEvent } from "../run/events.ts";

/** What a run leaves behind, by hash; null: it left none. Lower-case hexadecimal. */
export interface EndHashes {
  /** Head of the run's own chain after its last round. */
  readonly head: string;
  readonly modelHash: string | null;
  readonly cardHash: string | null;
  readonly statementHash: string | null;
}

/** @param end Of a run that ends with this event. @returns Null: the room's history says nothing of it. */
export function roomEventOf(event: RunEvent, end: EndHashes | null): RoomEvent | null {
  const { runId } = event;
  switch (event.type) {
    case "created":
      return { type: "runProposed", runId, manifest: manifestText(event.manifest) };
    case "decided":
      return { type: "runDecided", runId, decision: event.decision };
    case "refused":
      return { type: "runRefused", runId, code: event.code };
    case "begun":
      return { type: "runStarted", runId };
    case "attemptAborted": {
      const { round, attempt, reason } = event;
      return { type: "attemptAborted", runId, round, attempt, reason };
    }
    case "roundReleased": {
      const { round, attempt, askKind, survivors, inclusion, resultHash } = event;
      const said = { round, attempt, askKind, survivors, inclusion, resultHash };
      return { type: "roundReleased", runId, ...said };
    }
    case "completed":
    case "failed":
      return end && { type: "runEnded", runId, outcome: event.type, ...end };
    case "releaseDecided":
      return { type: "releaseDecided", runId, decision: event.decision };
    case "deleted":
      return { type: "runDeleted", runId };
    case "attemptsReserved":
    case "survivorsCertified":
    case "engineTold":
      return null;
  }
}
