/** Tests of `shared/privacy/accounting/group.ts`: somebody with a unit at each of several members. */
import { expect, test } from "vitest";
import { sampledGaussian } from "../../../../shared/privacy/accounting/events.ts";
import { gaussianDelta } from "../../../../shared/privacy/accounting/gaussian.ts";
import {
  acrossMembers,
  acrossText,
  groupEvent,
} from "../../../../shared/privacy/accounting/group.ts";
import { pldAccountant } from "../../../../shared/privacy/accounting/pld/accountant.ts";

const DELTA = 1e-6;

test("without sampling k units are one that moves the sum k times as far", () => {
  const across = acrossMembers(
    [{ event: { kind: "gaussian", noiseMultiplier: 8 }, count: 4 }],
    DELTA,
    6,
  );
  expect(across.map(({ members }) => members)).toEqual([2, 6]);
  for (const { members, epsilon } of across) {
    // Four releases at z = 8 are one at z = 4.
    expect(gaussianDelta(4 / members, epsilon ?? 0)).toBeLessThanOrEqual(DELTA);
    expect(gaussianDelta(4 / members, (epsilon ?? 0) * 0.99)).toBeGreaterThan(DELTA);
  }
});

test("a group of one is one unit, and each further one costs more than the last by itself", () => {
  const event = sampledGaussian(0.1, 3);
  const epsilonOf = (units: number): number =>
    pldAccountant()
      .compose({ kind: "selfComposed", event: groupEvent(event, units), count: 20 })
      .getEpsilon(DELTA);
  const alone = pldAccountant().compose({ kind: "selfComposed", event, count: 20 });
  expect(epsilonOf(1)).toBeCloseTo(alone.getEpsilon(DELTA), 4);
  const [one, two, three] = [epsilonOf(1), epsilonOf(2), epsilonOf(3)];
  expect(two).toBeGreaterThan(2 * one);
  expect(three - two).toBeGreaterThan(two - one);
  // No more than if every one of them were surely drawn.
  const certain = acrossMembers(
    [{ event: { kind: "gaussian", noiseMultiplier: 3 }, count: 20 }],
    DELTA,
    3,
  );
  expect(three).toBeLessThan(certain[1]?.epsilon ?? 0);
});

test("of many members ten are reckoned with, and beyond 100 no number is told", () => {
  const across = acrossMembers([{ event: sampledGaussian(0.5, 1), count: 20 }], DELTA, 40);
  expect(across.map(({ members }) => members)).toEqual([2, 10]);
  expect(across[1]?.epsilon).toBeNull();
  expect(acrossText(across)).toMatch(/^ε = \d+\.\d{4} with 2, above 100 with 10$/);
  expect(JSON.parse(JSON.stringify(across))).toEqual(across);
});

test("a kind of which runs release none is refused, never guessed", () => {
  expect(() => groupEvent({ kind: "zcdp", rho: 1 }, 2)).toThrow("cannot count");
});
