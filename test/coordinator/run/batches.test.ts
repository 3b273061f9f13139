/** Batches of prekeys: members are never asked twice for one attempt's. */
import { expect, test } from "vitest";
import { PrekeyBatches } from "../../../coordinator/run/batches.ts";
import { openBatch } from "../../../shared/secagg/batch.ts";
import { roomOf, runIn } from "../../simulation/room.ts";
import { dealGroup, unsafeGroup } from "../../support/group.ts";
import { playProbe } from "../../support/memory-room.ts";

const STEP_MS = 600;
const { sum } = runIn(roomOf(4), "batches", 1, 4);

test("a batch that too few dealt for takes its attempt numbers with it", () => {
  const batches = new PrekeyBatches(sum, STEP_MS, 4);
  const first = batches.begin([0, 1, 2, 3], [], 0, 4, 0).message;
  expect(batches.closeIfDue(STEP_MS)).toEqual({ send: [], disputed: [] });
  expect(batches.current).toBeNull();
  const second = batches.begin([0, 1, 2, 3], [], 0, 4, STEP_MS).message;
  expect(first).toMatchObject({ type: "batchOpened", batch: 0, firstAttempt: 0, count: 4 });
  expect(second).toMatchObject({ type: "batchOpened", batch: 1, firstAttempt: 4, count: 4 });
});

test.each([
  [1, [1]],
  [5, [5]],
  [40, [16, 16, 8]],
])("a run of %i rounds has prekeys dealt for as many attempts, in batches of %j", (rounds, counts) => {
  const played = playProbe({ members: 3, dimension: 4, rounds });
  const batches = new Map(
    played.rounds.map(({ record: { batch } }) => [batch.number, batch.count]),
  );
  expect([...batches]).toEqual([...counts.entries()]);
  expect(played.batchesOpened).toBe(counts.length); // None for nothing, as the run ends.
});

test("what is left of a batch counts, half of one is enough, and a member without a part in it has all deal anew", () => {
  const batches = new PrekeyBatches(sum, STEP_MS, 16);
  const all = [0, 1, 2, 3];
  expect(batches.due(0, 100, all, 0)).toBe(16);
  batches.begin(all, [], 0, 3, 0);
  expect(batches.due(0, 100, all, 0)).toBe(0); // It is under way.
  batches.closeIfDue(STEP_MS); // Nobody dealt.
  expect(batches.due(3, 1, all, STEP_MS)).toBe(1);
  expect(batches.due(3, 0, all, STEP_MS)).toBe(0);
});

test("every attempt that members dealt for is used before the next batch is", () => {
  const { rounds } = playProbe({ members: 3, dimension: 4, rounds: 40 });
  expect(rounds.map(({ record }) => record.attempt)).toEqual([...Array(40).keys()]);
});

test("a short batch that waits for its turn is not dealt over, however few attempts are left with it", () => {
  const group = unsafeGroup(4, "batches");
  const batches = new PrekeyBatches(group.sum, STEP_MS, 16);
  const all = [0, 1, 2, 3];
  const deal = (count: number): void => {
    const { batch: number, firstAttempt } = batches.begin(all, [], 0, count, 0).message;
    const batch = openBatch(group.sum, { number, firstAttempt, count, members: all }, []);
    for (const [from, { entries, signature }] of dealGroup(group, batch).sent)
      expect(batches.dealt(from, number, entries, signature)).toBe(true);
    expect(batches.closeIfDue(0).send).toHaveLength(4);
  };
  deal(5);
  expect(batches.due(2, 4, all, 0)).toBe(1); // One of five failed.
  deal(1);
  expect(batches.due(4, 3, all, 0)).toBe(0); // Another one failed.
  expect(batches.attemptFrom(5)).toBe(5); // The waiting one is taken up.
  expect(batches.due(5, 2, all, 0)).toBe(1);
});
