/** Schedules against their definitions, written out. */
import { expect, test } from "vitest";
import { scheduleFactor } from "../../models/schedule.ts";
import { Schedule } from "../../shared/charter/schedule-spec.ts";

const factors = (schedule: object, rounds: number): number[] =>
  Array.from({ length: rounds }, (_, round) =>
    scheduleFactor(Schedule.parse(schedule), round, rounds),
  );

test("without a schedule the value stays", () => {
  expect(scheduleFactor(undefined, 7, 10)).toBe(1);
});

test("a warm-up rises in equal steps and then stays", () => {
  expect(factors({ kind: "constant", warmupRounds: 3 }, 6)).toEqual([0.25, 0.5, 0.75, 1, 1, 1]);
});

test("steps fall after every so many rounds, counted from the warm-up's end, and never to zero", () => {
  const schedule = { kind: "step", everyRounds: 2, factor: 0.5, warmupRounds: 1 };
  expect(factors(schedule, 6)).toEqual([0.5, 1, 1, 0.5, 0.5, 0.25]);
  const falling = { ...schedule, everyRounds: 1, factor: 1e-9 };
  expect(Math.min(...factors(falling, 9))).toBe(1e-6);
});

test("a cosine falls from full size to its floor, half-way at half-time", () => {
  const values = factors({ kind: "cosine", floor: 0.1 }, 100);
  expect(values[0]).toBe(1);
  expect(values[50]).toBeCloseTo(0.55, 12);
  expect(values[25]).toBeCloseTo(0.1 + 0.45 * (1 + Math.SQRT1_2), 12);
  expect(values[99]).toBeGreaterThan(0.1);
  expect(values[99]).toBeLessThan(0.101);
  expect(values.every((value, i) => i === 0 || value < (values[i - 1] ?? 0))).toBe(true);
});
