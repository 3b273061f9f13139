/** EDGE: what members' copies of their room's history hold by now, read beside running agents. */
import { existsSync, readFileSync } from "node:fs";
import { copyPath } from "../../agent/transcript-copy.ts";
import { linesOf, parseLine } from "../../shared/transcript/room/entry.ts";
import type { RoomEvent } from "../../shared/transcript/room/event.ts";
import type { RoomProcesses } from "./processes.ts";
import { until } from "./rooms.ts";

type Folders = Pick<RoomProcesses, "agentFolder">;

/** Until every one of these members' copies has the text: they trail the room by a second. */
export function heard(
  { agentFolder }: Folders,
  text: string,
  by: readonly string[],
): Promise<void> {
  const paths = by.map((memberId) => copyPath(agentFolder(memberId)));
  const has = (path: string): boolean =>
    existsSync(path) && readFileSync(path, "utf8").includes(text);
  return until(() => paths.every(has));
}

/** What a copy says once the run is over. */
export const completion = (runId: string): string => `"outcome":"completed","runId":"${runId}"`;

/** Of a copy's bytes; what is half written as it is read is passed over. */
export function eventsOf(copy: Uint8Array): RoomEvent[] {
  return linesOf(copy).flatMap((line) => {
    const parsed = parseLine(line);
    return parsed && "sequence" in parsed ? parsed.body : [];
  });
}

/** Until these members' copies hold the last event that `isLast` accepts, and all their signatures over it: then it is quiet. */
export function settled(
  { agentFolder }: Folders,
  isLast: (event: RoomEvent) => boolean,
  members: readonly string[],
): Promise<void> {
  return until(() =>
    members.every((memberId) => {
      const events = eventsOf(readFileSync(copyPath(agentFolder(memberId))));
      const last = events.findLastIndex(isLast);
      const signers = events.flatMap((event) =>
        event.type === "headCosigned" && event.size > last ? [event.memberId] : [],
      );
      return last >= 0 && members.every((id) => signers.includes(id));
    }),
  );
}
