/** Tests of one member's part in its room, as a history that holds tells it. */
import { expect, test } from "vitest";
import { runIdOf } from "../../../../shared/charter/manifest.ts";
import { type Part, partOf } from "../../../../shared/transcript/room/part.ts";
import { verifyRoom } from "../../../../shared/transcript/room/verify.ts";
import {
  decided,
  leaving,
  manifestOf,
  openRoom,
  playedRoom,
  proposed,
  type RoomWriter,
  released,
  TRUST,
} from "../../../support/room-history.ts";

const runId = runIdOf(manifestOf());

function partIn(writer: RoomWriter, memberId: string): Part {
  const verdict = verifyRoom(writer.bytes, TRUST);
  if (verdict.type === "fails") throw new Error(verdict.fault.text);
  return partOf(writer.bytes, verdict.state, memberId);
}

test("a member that left after a run had a part in its rounds, and none after", () => {
  const writer = playedRoom();
  const entry = writer.entries.length - 1;
  const last = writer.entries.findLast(({ body }) => body.type === "roundReleased");
  expect(partIn(writer, "bank-3")).toMatchObject({
    runs: [{ runId, rounds: [0, 1] }],
    last: { entry: last?.sequence, atMs: last?.atMs },
    left: { entry, statement: { kind: "left", memberId: "bank-3" } },
    open: [],
  });
  expect(partIn(writer, "bank-1")).toMatchObject({ runs: [{ rounds: [0, 1] }], left: null });
  const none = { runs: [], last: null, left: null, open: [] };
  expect(partIn(writer, "bank-9")).toEqual(none);
});

test("a run under way is open to a member that leaves, and a run that was refused is not", () => {
  const approvals = ["bank-1", "bank-2"].map((id) => decided("approved", runId, id));
  const manifest = manifestOf();
  const writer = openRoom()
    .add(proposed(manifest), ...approvals, { type: "runStarted", runId })
    .add(leaving("bank-3"), released(runId, 0));
  const leftAt = writer.entries.length - 2;
  expect(partIn(writer.head(), "bank-3")).toMatchObject({
    runs: [{ runId, rounds: [0] }],
    last: { entry: leftAt + 1 },
    left: { entry: leftAt },
    open: [runId],
  });
  const refused = openRoom()
    .add(proposed(manifest), { type: "runRefused", runId, code: "cancelled" })
    .head();
  expect(partIn(refused, "bank-3")).toEqual({ runs: [], last: null, left: null, open: [] });
});
