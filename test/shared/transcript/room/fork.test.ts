/** Tests of `shared/transcript/room/fork.ts`: two stories of one coordinator are found where they part. */
import { expect, test } from "vitest";
import { findFork } from "../../../../shared/transcript/room/fork.ts";
import { verifyRoom } from "../../../../shared/transcript/room/verify.ts";
import {
  manifestOf,
  openRoom,
  playedRoom,
  proposed,
  TRUST,
} from "../../../support/room-history.ts";

test("copies of one history, the same or one behind the other, are no fork", () => {
  const whole = playedRoom();
  const early = new TextEncoder().encode(whole.lines.slice(0, 8).join(""));
  expect(findFork([whole.bytes, whole.bytes])).toBeNull();
  expect(findFork([whole.bytes, early])).toBeNull();
  expect(findFork([early, whole.bytes])).toBeNull();
});

test("two histories that both hold part at an entry, and two signed heads show it", () => {
  const one = openRoom()
    .head()
    .add(proposed(manifestOf(1)))
    .head();
  const other = openRoom()
    .add(proposed(manifestOf(2)))
    .add(proposed(manifestOf(3)))
    .head();
  for (const { bytes } of [one, other]) expect(verifyRoom(bytes, TRUST).type).toBe("holds");
  const fork = findFork([one.bytes, other.bytes]);
  expect(fork?.sequence).toBe(4);
  expect(fork?.branches.map(({ head }) => head.size)).toEqual([5, 6]);
  expect(fork?.branches.map(({ entry }) => entry.body)).toEqual([
    proposed(manifestOf(1)),
    proposed(manifestOf(2)),
  ]);
});

test("a co-signature of one story does not stand in the other", () => {
  const theirs = openRoom()
    .add(proposed(manifestOf(2)))
    .cosign("bank-2");
  const cosigned = theirs.entries.slice(-1).map(({ body }) => body);
  const ours = openRoom()
    .add(proposed(manifestOf(1)), ...cosigned)
    .head();
  expect(verifyRoom(ours.bytes, TRUST)).toMatchObject({ fault: { code: "event", entry: 5 } });
});
