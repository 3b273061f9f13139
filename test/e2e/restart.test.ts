/** A run outlives its coordinator: killed without warning, started again, no round lost or doubled. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { memberIds, smallCharter, smallTable } from "../support/charters.ts";
import { type RoomProcesses, startRoom } from "../support/processes.ts";

const ROUNDS = 30;
const folder = mkdtempSync(join(tmpdir(), "cloister-restart-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Line {
  readonly type: string;
  readonly round?: number;
  readonly survivors?: readonly string[];
}

async function openRoom(name: string): Promise<RoomProcesses> {
  const members = memberIds(4);
  const own = join(folder, name);
  mkdirSync(own);
  const data = new Map<string, string>();
  for (const memberId of members) {
    const path = join(own, `${memberId}.csv`);
    writeFileSync(path, smallTable(memberId, 40));
    data.set(memberId, path);
  }
  const patience = { workSeconds: 5, stepSeconds: 5, graceSeconds: 0.2, startSeconds: 10 };
  return startRoom({ folder: own, charter: smallCharter(members), data, patience });
}

const startProbe = async (room: RoomProcesses, rounds: number): Promise<string> => {
  const plan = { task: { kind: "probe", dimension: 64, rounds }, privacy: "none" };
  return (await room.client.post<{ runId: string }>("/v1/runs", plan)).runId;
};

/** Follows a run until `stop` says so, or the run or its coordinator ends. */
async function follow(
  room: RoomProcesses,
  runId: string,
  stop: (line: Line) => boolean,
): Promise<Line[]> {
  const seen: Line[] = [];
  for await (const line of room.client.lines<Line>(`/v1/runs/${runId}/events`)) {
    seen.push(line);
    if (stop(line) || line.type === "completed" || line.type === "failed") break;
  }
  return seen;
}

const released = (lines: readonly Line[]): Line[] =>
  lines.filter(({ type }) => type === "roundReleased");

test("a run whose coordinator is killed between rounds completes with every round exactly once", async () => {
  const room = await openRoom("coordinator");
  try {
    const runId = await startProbe(room, ROUNDS);
    const before = await follow(room, runId, ({ round, type }) => {
      return type === "roundReleased" && (round ?? 0) >= 5;
    });
    expect(before.at(-1)?.type).toBe("roundReleased");
    room.coordinator.kill("SIGKILL");
    await room.coordinator.ended;
    await room.startCoordinator();
    const lines = await follow(room, runId, () => false);
    expect(lines.at(-1)?.type).toBe("completed");
    const rounds = released(lines).map(({ round }) => round);
    expect(rounds).toHaveLength(ROUNDS);
    expect(new Set(rounds).size).toBe(ROUNDS);
  } finally {
    await room.close();
  }
}, 20_000);

// Unsettled: an attempt at this test timed out after 20 s; product or test at fault is not known.
test.todo("an agent that is killed and started again is back among the survivors");
