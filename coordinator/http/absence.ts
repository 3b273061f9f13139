/** Whom a quiet run waits for, told to those who watch it. Pure. */
import type { RunEvent } from "../run/events.ts";
import type { LiveEvent } from "../run/ports.ts";
import type { CoordinatorService } from "../service.ts";

/**
 * A run that waits for somebody does so without a word; whoever watches is told who it may be.
 *
 * @param events Those of the run so far, its manifest among them.
 * @returns What to say in a quiet moment: who is not connected, where that has changed; else nothing.
 */
export function absenceTeller(
  events: readonly (RunEvent | LiveEvent)[],
  { isConnected }: Pick<CoordinatorService, "isConnected">,
): () => string {
  const manifest = events.flatMap((event) => (event.type === "created" ? event.manifest : []))[0];
  const runId = events[0]?.runId ?? "";
  let told = "";
  return () => {
    const ids = (manifest?.roster ?? []).map(({ memberId }) => memberId);
    const room = manifest?.room ?? "";
    const absent = ids.filter((memberId) => !isConnected({ room, memberId }));
    const event: LiveEvent = { type: "waiting", runId, absent };
    const text = absent.length === 0 ? "" : JSON.stringify(event);
    const isNews = text !== told;
    told = text;
    return isNews ? text : "";
  };
}
