/** Batches of prekeys: members are never asked twice for one attempt's. */
import { expect, test } from "vitest";
import { PrekeyBatches } from "../../../coordinator/run/batches.ts";
import { roomOf, runIn } from "../../simulation/room.ts";
import { playProbe } from "../../support/memory-room.ts";

const STEP_MS = 600;
const { sum } = runIn(roomOf(4), "batches", 1, 4);

test("a batch that too few dealt for takes its attempt numbers with it", () => {
  const batches = new PrekeyBatches(sum, STEP_MS, 4);
  const first = batches.begin([0, 1, 2, 3], [], 0, 0).message;
  expect(batches.closeIfDue(STEP_MS)).toEqual({ send: [], disputed: [] });
  expect(batches.current).toBeNull();
  const second = batches.begin([0, 1, 2, 3], [], 0, STEP_MS).message;
  expect(first).toMatchObject({ type: "batchOpened", batch: 0, firstAttempt: 0, count: 4 });
  expect(second).toMatchObject({ type: "batchOpened", batch: 1, firstAttempt: 4, count: 4 });
});

test("every attempt that members dealt for is used before the next batch is", () => {
  const { rounds } = playProbe({ members: 3, dimension: 4, rounds: 40 });
  expect(rounds.map(({ record }) => record.attempt)).toEqual([...Array(40).keys()]);
});
