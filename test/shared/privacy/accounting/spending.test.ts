/** Spending as counted events: equal to adding up one by one, at any order, however it was repeated. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type DpEvent,
  type SingleDpEvent,
  sampledGaussian,
} from "../../../../shared/privacy/accounting/events.ts";
import { rdpOfEvent } from "../../../../shared/privacy/accounting/rdp.ts";
import {
  addEventInPlace,
  composedEvent,
  rdpSpent,
  type Spending,
} from "../../../../shared/privacy/accounting/spending.ts";

const single: fc.Arbitrary<SingleDpEvent> = fc.constantFrom<SingleDpEvent[]>(
  { kind: "gaussian", noiseMultiplier: 4 },
  { noiseMultiplier: 4, kind: "gaussian" },
  sampledGaussian(0.1, 2),
  sampledGaussian(0.5, 8),
);
const repeated = fc.oneof(
  single,
  fc.record({
    kind: fc.constant("selfComposed" as const),
    event: single,
    count: fc.integer({ min: 1, max: 50 }),
  }),
);
const event: fc.Arbitrary<DpEvent> = fc.oneof(
  repeated,
  fc.record({
    kind: fc.constant("composed" as const),
    events: fc.array(repeated, { maxLength: 4 }),
  }),
);

const spendingOf = (events: readonly DpEvent[]): Spending => {
  const spending: Spending = new Map();
  for (const each of events) addEventInPlace([spending], each);
  return spending;
};

test("for any events and order the cost is the sum of the costs; part of it can be left out", () => {
  fc.assert(
    fc.property(fc.array(event), fc.array(event), fc.constantFrom(1.5, 8, 32), (a, b, order) => {
      const sum = (events: readonly DpEvent[]): number =>
        events.reduce((total, each) => total + rdpOfEvent(each, order), 0);
      const all = spendingOf([...a, ...b]);
      expect(rdpSpent(all, order)).toBeCloseTo(sum([...a, ...b]), 9);
      expect(rdpSpent(all, order, spendingOf(b))).toBeCloseTo(sum(a), 9);
      expect(rdpOfEvent(composedEvent(spendingOf(a), spendingOf(b)), order)).toBeCloseTo(
        sum([...a, ...b]),
        9,
      );
    }),
  );
});

test("equal events are one entry, whatever the order of their fields", () => {
  const spending = spendingOf([
    { kind: "gaussian", noiseMultiplier: 4 },
    { noiseMultiplier: 4, kind: "gaussian" },
    { kind: "selfComposed", event: { kind: "gaussian", noiseMultiplier: 4 }, count: 5 },
  ]);
  const all = { kind: "selfComposed", event: { kind: "gaussian", noiseMultiplier: 4 }, count: 7 };
  expect(composedEvent(spending)).toEqual({ kind: "composed", events: [all] });
});

test("leaving out more than was spent does not make the rest cheaper", () => {
  const [few, many] = [
    spendingOf([sampledGaussian(0.1, 2)]),
    spendingOf([{ kind: "selfComposed", event: sampledGaussian(0.1, 2), count: 9 }]),
  ];
  expect(rdpSpent(few, 8, many)).toBe(0);
});
