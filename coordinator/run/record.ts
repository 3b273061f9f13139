/** EDGE: what happens to a run enters its log, at its end with what it leaves behind. */
import type { Charter } from "../../shared/charter/charter.ts";
import type { Store } from "../store.ts";
import { runDocuments } from "./documents.ts";
import type { RunEvent } from "./events.ts";

/** @param after The task's state after it, where it changed. Durable when it returns. */
export function recordRun(
  store: Store,
  charter: Charter,
  event: RunEvent,
  after: Uint8Array | undefined,
): void {
  const { runId, type } = event;
  if (type !== "completed" && type !== "failed") return store.append(event, after);
  const events = [...store.events(runId), event];
  const createdAt = new Date(events[0]?.atMs ?? 0).toISOString();
  const left = runDocuments(charter, events, store.taskState(runId), createdAt);
  store.append(event, after, left);
}
