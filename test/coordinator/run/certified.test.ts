/** Over whom rounds may be opened, as the log tells it after a restart. */
import { expect, test } from "vitest";
import { CertifiedRounds } from "../../../coordinator/run/certified.ts";
import type { RunEvent } from "../../../coordinator/run/events.ts";
import { fromHex } from "../../../shared/base/bytes.ts";
import { roomOf, runIn } from "../../simulation/room.ts";

const { sum } = runIn(roomOf(5), "certified", 3, 4);
const MODEL = "3c".repeat(32);
const certified = (round: number, inputHash: string, ...survivors: string[]): RunEvent => ({
  runId: sum.runId,
  atMs: 5,
  type: "survivorsCertified",
  round,
  attempt: round,
  askKind: "update",
  inputHash,
  survivors,
});
const FOUR = ["bank-1", "bank-2", "bank-4", "bank-5"];
const nobody = { there: [0, 1, 2, 3, 4], caught: [] };

test("the last certified round is held to its survivors, and no other round is", () => {
  const rounds = new CertifiedRounds(sum, [
    certified(0, "1a".repeat(32), ...FOUR, "bank-3"),
    certified(1, MODEL, ...FOUR),
  ]);
  expect(rounds.of(1)).toEqual([0, 1, 3, 4]);
  expect(rounds.of(0)).toBeNull(); // Released: never asked again.
  expect(rounds.of(2)).toBeNull();
});

test("a later round that asks the very same is held to the same survivors, once", () => {
  const rounds = new CertifiedRounds(sum, [certified(1, MODEL, ...FOUR)]);
  expect(rounds.adopt(2, "evaluate", fromHex(MODEL))).toBe(false);
  expect(rounds.adopt(2, "update", fromHex("4d".repeat(32)))).toBe(false);
  expect(rounds.of(2)).toBeNull();
  expect(rounds.adopt(2, "update", fromHex(MODEL))).toBe(true);
  expect(rounds.of(2)).toEqual([0, 1, 3, 4]);
  expect(rounds.adopt(2, "update", fromHex(MODEL))).toBe(false);
});

test("a round is hopeless once too few of its survivors know what they opened", () => {
  const open = new CertifiedRounds(sum, []);
  open.forgot(2);
  expect(open.isHopeless(1)).toBe(false); // Four of five open it.
  open.forgot(3);
  expect(open.isHopeless(1)).toBe(true);
  open.released();
  expect(open.isHopeless(2)).toBe(false);
  const four = new CertifiedRounds(sum, [certified(1, MODEL, ...FOUR)]);
  four.forgot(2); // Not one of them.
  expect(four.isHopeless(1)).toBe(false);
  four.forgot(3);
  expect(four.isHopeless(1)).toBe(true);
});

test("what stands in a round's way is said by name", () => {
  const rounds = new CertifiedRounds(sum, [certified(1, MODEL, ...FOUR)]);
  expect(rounds.whyNot(2, nobody)).toEqual([]);
  rounds.forgot(4);
  expect(rounds.whyNot(1, { there: [0, 1, 2, 4], caught: [1, 2] })).toEqual([
    "it may be opened over bank-1, bank-2, bank-4, bank-5 only",
    "bank-4 must come back",
    "caught cheating, yet one of them: bank-2",
    "restarted in the middle of it, not knowing over whom it was opened: bank-5",
  ]);
});
