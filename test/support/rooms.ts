/** EDGE: whole rooms of processes on small tables, and the reading of their runs' events. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Decision } from "../../shared/charter/decision.ts";
import { smallCharter, smallTable } from "./charters.ts";
import { type RoomProcesses, startRoom } from "./processes.ts";

/** Nothing but a member that is gone is to be given up on, however busy the machine: it alone is not waited for. */
export const PATIENCE = { workSeconds: 120, stepSeconds: 120, graceSeconds: 0.2, startSeconds: 60 };

/** One line of a run's events, as a watcher sees it. */
export interface RunLine {
  readonly type: string;
  readonly round?: number;
  readonly attempt?: number;
  readonly survivors?: readonly string[];
  readonly memberId?: string;
  readonly code?: string;
  readonly reason?: string;
  readonly decision?: Decision;
}

export interface SmallRoom {
  readonly folder: string;
  /** Each has a table and an agent. */
  readonly members: readonly string[];
  readonly rowCount?: number;
  readonly patience?: Record<string, number>;
  /** Whose agents approve whatever is proposed. Left out: everybody's. */
  readonly approves?: (memberId: string) => boolean;
  /** Members of the charter for whom nothing is started. */
  readonly others?: readonly string[];
}

export async function openRoom(room: SmallRoom): Promise<RoomProcesses> {
  const { folder, members, rowCount = 40, patience = PATIENCE, others = [], approves } = room;
  mkdirSync(folder, { recursive: true });
  const data = new Map<string, string>();
  for (const memberId of members) {
    const path = join(folder, `${memberId}.csv`);
    writeFileSync(path, smallTable(memberId, rowCount));
    data.set(memberId, path);
  }
  const charter = smallCharter([...members, ...others]);
  return startRoom({ folder, charter, data, patience, ...(approves && { approves }) });
}

export async function startRun(room: RoomProcesses, plan: object): Promise<string> {
  return (await room.client.post<{ runId: string }>("/v1/runs", plan)).runId;
}

export const probe = (rounds: number, dimension = 64): object => ({
  task: { kind: "probe", dimension, rounds },
  privacy: "none",
});

/** Follows a run to its end, or to its coordinator's; `see` may act on a line, or end the watching with "stop". */
export async function follow(
  room: RoomProcesses,
  runId: string,
  see: (line: RunLine, seen: readonly RunLine[]) => unknown = () => undefined,
): Promise<RunLine[]> {
  const seen: RunLine[] = [];
  for await (const line of room.client.lines<RunLine>(`/v1/runs/${runId}/events`)) {
    seen.push(line);
    if ((await see(line, seen)) === "stop") break;
    if (["completed", "failed", "refused"].includes(line.type)) break;
  }
  return seen;
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));

/** Waits, as long as the test may last, for what another process does in its own time. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await pause();
}

export const released = (lines: readonly RunLine[]): RunLine[] =>
  lines.filter(({ type }) => type === "roundReleased");

/** The rounds that were released, in the order of their release. */
export const releasedRounds = (lines: readonly RunLine[]): number[] =>
  released(lines).map(({ round }) => round ?? Number.NaN);

/** 0, 1, …: what the released rounds of a complete run are. */
export const roundsUpTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
