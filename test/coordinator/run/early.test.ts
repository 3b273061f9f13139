/** Rounds that are opened with their cohort: when, and with whom. */
import { expect, test } from "vitest";
import { EarlyCohorts } from "../../../coordinator/run/early.ts";
import { attacked, survivorsOf } from "../../simulation/attacks.ts";
import type { Simulation, SimulationParams } from "../../simulation/simulation.ts";
import { batchOf, dealGroup, handOut, unsafeGroup } from "../../support/group.ts";

const ALL = [0, 1, 2, 3, 4];
const group = unsafeGroup(5, "early");
const placeOf = (number: number, certified: readonly number[] | null = null) => {
  const dealt = dealGroup(group, batchOf(group, { number }));
  const { prekeys } = handOut(group, dealt, dealt.dealings);
  return { sum: group.sum, prekeys, certified };
};
const place = placeOf(1);

/** READY, as the coordinator hears it in an attempt that waits for it; or has it of that member already. */
function say(early: EarlyCohorts, member: number, holds: readonly number[], known = false): void {
  const state = { phase: "collectReady", ready: new Map(known ? [[member, new Set()]] : []) };
  early.ready({ params: place, state } as never, member, holds);
}

/** All were ready in the batch, and the round was answered within so many milliseconds by so many. */
function after(tookMs: number, survivors = ALL.length, ready: readonly number[] = ALL) {
  const early = new EarlyCohorts();
  for (const member of ready) say(early, member, ALL);
  const round = { ask: { kind: "gradient" }, openedAtMs: 1000, state: { cohort: ALL } };
  early.answered(round as never, survivors, 1000 + tookMs);
  return early;
}

test("after a quick round that all answered the next one is opened with its cohort", () => {
  expect(after(3000).cohort(place, "gradient", ALL)).toEqual(ALL);
  expect(after(3001).cohort(place, "gradient", ALL)).toBeNull();
  expect(after(10, 4).cohort(place, "gradient", ALL)).toBeNull();
  expect(after(10).cohort(place, "evaluate", ALL)).toBeNull(); // Another kind of work.
  expect(new EarlyCohorts().cohort(place, "gradient", ALL)).toBeNull();
});

test("not where it is unknown who holds whose shares, nor over a set that is certified", () => {
  expect(after(10).cohort(placeOf(2), "gradient", ALL)).toBeNull();
  expect(after(10, 5, [0, 1, 2, 3]).cohort(place, "gradient", ALL)).toBeNull();
  expect(after(10, 5, [0, 1, 2, 3]).cohort(place, "gradient", [0, 1, 2, 3])).toEqual([0, 1, 2, 3]);
  expect(after(10).cohort(placeOf(1, ALL), "gradient", ALL)).toBeNull();
});

test("not with members of whom too few hold shares: once all are ready that is told apart", () => {
  const early = after(10);
  for (const member of ALL) say(early, member, member === 0 ? ALL : [1, 2, 3, 4]);
  expect(early.cohort(place, "gradient", ALL)).toBeNull();
});

test("what a member says it holds counts once an attempt, and only where it is asked", () => {
  const early = after(10);
  say(early, 2, [], true);
  early.ready({ params: place, state: { phase: "collectMasked" } } as never, 2, []);
  expect(early.cohort(place, "gradient", ALL)).toEqual(ALL);
  say(early, 2, []);
  for (const member of ALL) say(early, member, [0, 1, 3, 4]); // Too few hold shares of that one.
  expect(early.cohort(place, "gradient", ALL)).toBeNull();
});

test("never again once such an attempt failed; one that failed otherwise ends it for a round", () => {
  const early = after(10);
  early.cohort(place, "gradient", ALL);
  early.failed();
  const round = { ask: { kind: "gradient" }, openedAtMs: 0, state: { cohort: ALL } };
  early.answered(round as never, ALL.length, 10);
  expect(early.cohort(place, "gradient", ALL)).toBeNull();
  const other = after(10);
  other.failed();
  expect(other.cohort(place, "gradient", ALL)).toBeNull();
  other.answered(round as never, ALL.length, 10);
  expect(other.cohort(place, "gradient", ALL)).toEqual(ALL);
});

test("whoever vanishes at its work, with the cohort told, is a dropout: the round is opened over the others", () => {
  let readies = 0;
  let running: Simulation | null = null;
  const params: Partial<SimulationParams> = {
    toAgent: (member, sent) => {
      const { message } = sent;
      const isTold = message.type === "roundOpened" && message.cohort.length > 0;
      if (isTold && message.round === 1 && member === 2) running?.agents[2]?.crash();
      return [sent];
    },
    fromAgent: (_, sent) => {
      if (sent.message.type === "ready" && sent.message.attempt > 0) readies += 1;
      return [sent];
    },
  };
  const simulation = attacked({ memberCount: 5, rounds: 3, ...params }, (begun) => {
    running = begun;
  });
  expect(simulation.violations).toEqual([]);
  expect(survivorsOf(simulation)).toEqual(["1 2 3 4 5", "1 2 4 5", "1 2 4 5"]);
  expect(readies).toBe(4); // In the round after, which is careful again.
});
