/** Tests of `shared/privacy/accounting/budget.ts`. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import {
  epsilonSpent,
  mayRelease,
  rdpLimit,
  recommendedOrder,
  shareSpent,
} from "../../../../shared/privacy/accounting/budget.ts";
import { calibrateNoiseMultiplier } from "../../../../shared/privacy/accounting/calibrate.ts";
import { sampledGaussian } from "../../../../shared/privacy/accounting/events.ts";
import { relativeError, vectorsMissing, vectorsOf } from "../vectors.ts";

const budget = { epsilon: 1, delta: 1e-6, rdpOrder: 16 };

test("a budget's divergence has its reference value", () => {
  expect(relativeError(rdpLimit(budget), 0.3283437320892716)).toBeLessThan(1e-12);
});

test.skipIf(vectorsMissing)("the same, against all reference vectors", () => {
  const inputs = z.object({ epsilon: z.number(), delta: z.number(), order: z.number() });
  const expected = z.object({ rdp_budget: z.number() });
  for (const vector of vectorsOf("renyi_filter_budget", inputs, expected)) {
    const { epsilon, delta, order } = vector.inputs;
    const limit = rdpLimit({ epsilon, delta, rdpOrder: order });
    expect(relativeError(limit, vector.expected.rdp_budget)).toBeLessThan(1e-12);
  }
});

test("a plan calibrated to the whole budget is allowed to its last round, and no round more", () => {
  const roundCount = 400;
  const { noiseMultiplier } = calibrateNoiseMultiplier({
    epsilon: 1,
    delta: 1e-6,
    order: 16,
    samplingProbability: 0.02,
    roundCount,
  });
  const event = sampledGaussian(0.02, noiseMultiplier);
  let spent = 0;
  for (let round = 0; round < roundCount; round++) {
    const ruling = mayRelease({ rdp: spent, tail: 0 }, event, budget);
    expect(ruling.allowed).toBe(true);
    expect(ruling.spentBefore).toBe(spent);
    expect(ruling.spentAfter).toBe(spent + ruling.rdp);
    spent = ruling.spentAfter;
  }
  expect(mayRelease({ rdp: spent, tail: 0 }, event, budget).allowed).toBe(false);
  expect(epsilonSpent(spent, budget)).toBeLessThanOrEqual(1);
  expect(epsilonSpent(spent, budget)).toBeGreaterThan(0.999999);
  expect(shareSpent({ rdp: spent, tail: 0 }, budget)).toBeGreaterThan(0.999999);
});

test("whatever is asked for, and in whatever order, what is allowed never costs more than ε", () => {
  const event = fc.record({
    q: fc.double({ min: 1e-3, max: 1, noNaN: true }),
    noise: fc.double({ min: 0.3, max: 50, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (asked) => {
      let spent = 0;
      for (const { q, noise } of asked) {
        const ruling = mayRelease({ rdp: spent, tail: 0 }, sampledGaussian(q, noise), budget);
        expect(ruling.allowed).toBe(ruling.spentAfter <= rdpLimit(budget));
        if (ruling.allowed) spent = ruling.spentAfter;
        expect(epsilonSpent(spent, budget)).toBeLessThanOrEqual(1 + 1e-12);
      }
    }),
    { numRuns: 50 },
  );
});

test("an order too low for the budget allows nothing", () => {
  const low = { ...budget, rdpOrder: 8 };
  expect(rdpLimit(low)).toBeLessThan(0);
  expect(
    mayRelease({ rdp: 0, tail: 0 }, { kind: "gaussian", noiseMultiplier: 1e9 }, low).allowed,
  ).toBe(false);
  expect(shareSpent({ rdp: 0, tail: 0 }, low)).toBe(1);
});

test("noise too small to be told from none is refused, not overflowed", () => {
  const nothing = { kind: "gaussian", noiseMultiplier: 1e-200 } as const;
  expect(mayRelease({ rdp: 0, tail: 0 }, nothing, budget)).toMatchObject({
    allowed: false,
    rdp: Infinity,
  });
});

test("before the first release ε is zero", () => {
  expect(epsilonSpent(0, budget)).toBe(0);
  expect(shareSpent({ rdp: 0, tail: 0 }, budget)).toBe(0);
});

test("the recommended order buys more Gaussian noise than any other", () => {
  const order = recommendedOrder(1, 1e-6);
  const worth = (rdpOrder: number): number => rdpLimit({ ...budget, rdpOrder }) / rdpOrder;
  for (const other of [2, 8, order - 1, order + 1, 64, 1024]) {
    expect(worth(order)).toBeGreaterThanOrEqual(worth(other));
  }
  expect(order).toBeGreaterThan(16);
});
