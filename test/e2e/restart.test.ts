/** A run outlives its coordinator: killed without warning, started again, no round lost or doubled. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { memberIds } from "../support/charters.ts";
import { follow, openRoom, probe, releasedRounds, roundsUpTo, startRun } from "../support/rooms.ts";

const ROUNDS = 60;
const folder = mkdtempSync(join(tmpdir(), "cloister-restart-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a run whose coordinator is killed between rounds completes with every round exactly once", async () => {
  const room = await openRoom({ folder, members: memberIds(4) });
  try {
    const runId = await startRun(room, probe(ROUNDS));
    const before = await follow(room, runId, ({ round, type }) =>
      type === "roundReleased" && (round ?? 0) >= 5 ? "stop" : undefined,
    );
    expect(before.at(-1)?.type).toBe("roundReleased");
    room.coordinator.kill("SIGKILL");
    await room.coordinator.ended;
    await room.startCoordinator();
    const lines = await follow(room, runId);
    expect(lines.at(-1)?.type).toBe("completed");
    expect(releasedRounds(lines)).toEqual(roundsUpTo(ROUNDS));
  } finally {
    await room.close();
  }
});
