/** Rounds that an agent saw open, and that its copy of the room's history does not tell of yet. */
import { expect, test } from "vitest";
import { NOBODY, untold } from "../../../agent/audit/knowledge.ts";
import { verifyRoom } from "../../../shared/transcript/room/verify.ts";
import { playedRoom, TRUST } from "../../support/room-history.ts";

test("a round later than the copy's last is told of, once a run, and one that it has is not", () => {
  const verdict = verifyRoom(playedRoom().bytes, TRUST);
  if (verdict.type !== "holds") throw new Error("the played room holds");
  const { state } = verdict;
  const [[runId, run] = ["", undefined]] = [...state.runs];
  const opened = (id: string, round: number) =>
    ({ kind: "roundOpened", runId: id, round, head: new Uint8Array(32) }) as never;
  const last = (run?.heads.length ?? 0) - 1;
  expect(last).toBeGreaterThan(0);
  const seen = (...openings: never[]): string[] => untold({ ...NOBODY, openings }, state);
  expect(seen(opened(runId, 0), opened(runId, last))).toEqual([]);
  expect(seen(opened(runId, last), opened(runId, last + 1))).toEqual([
    expect.stringContaining(`this agent saw round ${last + 1} open, and the copy ends before`),
  ]);
  expect(seen(opened("ff".repeat(32), 0))).toHaveLength(1);
});
