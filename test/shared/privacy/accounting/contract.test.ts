/** What every accountant must do, whatever it can count. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CloisterError } from "../../../../shared/base/errors.ts";
import type { PrivacyAccountant } from "../../../../shared/privacy/accounting/accountant.ts";
import {
  type DpEvent,
  repeated,
  type SingleDpEvent,
  sampledGaussian,
} from "../../../../shared/privacy/accounting/events.ts";
import { pldAccountant } from "../../../../shared/privacy/accounting/pld/accountant.ts";
import { rdpAccountant } from "../../../../shared/privacy/accounting/rdp.ts";
import { zcdpAccountant } from "../../../../shared/privacy/accounting/zcdp.ts";
import {
  binomialDelta,
  deltaOfLosses,
  discreteGaussianDelta,
  discreteLaplaceLosses,
  epsilonWhere,
  gaussianDelta,
  laplaceDelta,
  sampledGaussianDelta,
} from "./exact.ts";

const gaussian = (noiseMultiplier: number): SingleDpEvent => ({
  kind: "gaussian",
  noiseMultiplier,
});
const laplace = (noiseMultiplier: number): SingleDpEvent => ({ kind: "laplace", noiseMultiplier });
const discreteLaplace = (noiseParameter: number, sensitivity: number): SingleDpEvent => ({
  kind: "discreteLaplace",
  noiseParameter,
  sensitivity,
});
const discreteGaussian = (sigmaSquared: number, sensitivity: number): SingleDpEvent => ({
  kind: "discreteGaussian",
  sigmaSquared,
  sensitivity,
});
const binomial: SingleDpEvent = { kind: "binomial", trials: 900, sensitivity: 1, delta: 1e-13 };
const mixture: SingleDpEvent = {
  kind: "mixtureOfGaussians",
  noiseStdDev: 3,
  sensitivities: [0, 1, 2],
  samplingProbabilities: [0.81, 0.18, 0.01],
};
const truncated: SingleDpEvent = {
  kind: "truncatedSubsampledGaussian",
  datasetSize: 1000,
  samplingProbability: 0.05,
  truncatedBatchSize: 70,
  noiseMultiplier: 2,
};

interface Case {
  readonly name: string;
  readonly empty: PrivacyAccountant;
  readonly counts: readonly SingleDpEvent[];
  readonly refuses: readonly SingleDpEvent[];
  /** By how much results may differ that would be equal in exact arithmetic and on any grid. */
  readonly slack: number;
}

const NOISED = [gaussian(3), laplace(8), discreteLaplace(0.1, 2), discreteGaussian(25, 2)];
const ZCDP: SingleDpEvent = { kind: "zcdp", rho: 0.02 };

const CASES: readonly Case[] = [
  {
    name: "Rényi",
    empty: rdpAccountant(),
    counts: [...NOISED, sampledGaussian(0.1, 1.5), ZCDP, binomial],
    refuses: [mixture, truncated],
    slack: 1e-9,
  },
  {
    name: "zCDP",
    empty: zcdpAccountant(),
    counts: [...NOISED, ZCDP],
    refuses: [sampledGaussian(0.1, 1.5), mixture, truncated, binomial],
    slack: 1e-9,
  },
  {
    name: "PLD",
    empty: pldAccountant(),
    counts: [...NOISED, sampledGaussian(0.1, 1.5), mixture, truncated, binomial],
    refuses: [ZCDP, { ...binomial, sensitivity: 2 }],
    slack: 1e-4,
  },
  {
    name: "PLD of replaced units",
    empty: pldAccountant({ neighboringRelation: "replace-one" }),
    counts: [gaussian(3), sampledGaussian(0.1, 1.5)],
    refuses: [laplace(8), discreteLaplace(0.1, 2), mixture, truncated, ZCDP, binomial],
    slack: 1e-4,
  },
];

const DELTA = 1e-6;
const composed = (accountant: PrivacyAccountant, events: readonly DpEvent[]): PrivacyAccountant =>
  events.reduce((sum, event) => sum.compose(event), accountant);

describe.each(CASES)("the $name accountant", ({ empty, counts, refuses, slack }) => {
  const near = (a: number, b: number): boolean => Math.abs(a - b) <= slack * Math.max(a, b);
  const someEvent = fc.constantFrom(...counts);

  test("nothing costs nothing", () => {
    expect(empty.getEpsilon(DELTA)).toBe(0);
    expect(empty.getEpsilon(0)).toBe(0);
    expect(empty.getDelta(1)).toBe(0);
    expect(empty.compose({ kind: "composed", events: [] }).getEpsilon(DELTA)).toBe(0);
  });

  test("composing changes no accountant that there is", () => {
    const once = empty.compose(gaussian(3));
    const before = once.getEpsilon(DELTA);
    once.compose(gaussian(0.5));
    expect(once.getEpsilon(DELTA)).toBe(before);
  });

  test("the order of events does not matter, nor how they are grouped", () => {
    const events = fc.array(fc.tuple(someEvent, fc.integer({ min: 1, max: 5 })), {
      minLength: 2,
      maxLength: 4,
    });
    fc.assert(
      fc.property(events, (parts) => {
        const list = parts.map(([event, count]) => repeated(event, count));
        const forward = composed(empty, list).getEpsilon(DELTA);
        const backward = composed(empty, list.toReversed()).getEpsilon(DELTA);
        const together = empty.compose({ kind: "composed", events: list }).getEpsilon(DELTA);
        expect(near(forward, backward)).toBe(true);
        expect(near(forward, together)).toBe(true);
      }),
      { numRuns: 8 },
    );
  });

  test.each(counts)("repeating $kind is composing it again and again", (event) => {
    const again = composed(
      empty,
      Array.from({ length: 7 }, () => event),
    );
    const epsilon = empty.compose(repeated(event, 7)).getEpsilon(DELTA);
    expect(epsilon).toBeGreaterThan(0);
    expect(near(epsilon, again.getEpsilon(DELTA))).toBe(true);
  });

  test("more releases cost more; less δ costs more ε", () => {
    const counted = fc.tuple(someEvent, fc.integer({ min: 1, max: 40 }));
    fc.assert(
      fc.property(counted, ([event, count]) => {
        const some = empty.compose(repeated(event, count));
        const more = empty.compose(repeated(event, count + 5));
        expect(more.getEpsilon(DELTA)).toBeGreaterThan(some.getEpsilon(DELTA));
        expect(more.getDelta(0.5)).toBeGreaterThanOrEqual(some.getDelta(0.5) * (1 - 10 * slack));
        expect(some.getEpsilon(DELTA / 10)).toBeGreaterThan(some.getEpsilon(DELTA) * (1 - slack));
      }),
      { numRuns: 10 },
    );
  });

  test("more noise costs less", () => {
    const noises = fc.tuple(
      fc.double({ min: 0.7, max: 8, noNaN: true }),
      fc.integer({ min: 1, max: 30 }),
    );
    fc.assert(
      fc.property(noises, ([noise, count]) => {
        const [less, more] = [gaussian(noise), gaussian(noise * 1.1)].map((event) =>
          empty.compose(repeated(event, count)).getEpsilon(DELTA),
        );
        expect(more).toBeLessThan(less ?? 0);
      }),
      { numRuns: 10 },
    );
  });

  test.each(counts)("ε and δ of $kind belong together", (event) => {
    const accountant = empty.compose(repeated(event, 10));
    for (const delta of [1e-2, 1e-5, 1e-9]) {
      const epsilon = accountant.getEpsilon(delta);
      if (epsilon === 0) continue;
      // δ at that ε, each a bound on a grid of its own.
      expect(accountant.getDelta(epsilon * (1 + slack))).toBeLessThanOrEqual(delta * (1 + 1e-3));
    }
  });

  test.each(refuses)("$kind is refused, not counted as nothing", (event) => {
    expect(() => empty.compose(event)).toThrow(CloisterError);
    expect(() => empty.compose({ kind: "composed", events: [gaussian(1), event] })).toThrow(
      /cannot count/,
    );
  });

  test.each([
    '{"kind":"staircase","scale":1}',
    '{"kind":"gaussian","noiseMultiplier":0}',
    '{"kind":"selfComposed","event":{"kind":"staircase"},"count":2}',
    '{"kind":"gaussian","noiseMultiplier":1,"sensitivity":2}',
  ])("%s is no event", (text) => {
    expect(() => empty.compose(JSON.parse(text))).toThrow(CloisterError);
  });

  const count = 6;
  test.each([1e-3, 1e-6, 1e-10])("is never below exact values at δ = %d", (delta) => {
    const losses = discreteLaplaceLosses(0.1, 2, count);
    const exact: [SingleDpEvent, number, (epsilon: number) => number][] = [
      [gaussian(3), count, (epsilon) => gaussianDelta(3, count, epsilon)],
      [sampledGaussian(0.1, 1.5), 1, (epsilon) => sampledGaussianDelta(0.1, 1.5, epsilon)],
      [laplace(8), 1, (epsilon) => laplaceDelta(8, epsilon)],
      [discreteLaplace(0.1, 2), count, (epsilon) => deltaOfLosses(losses, 0.1, epsilon)],
      [discreteGaussian(25, 2), 1, (epsilon) => discreteGaussianDelta(25, 2, epsilon)],
      [binomial, 1, (epsilon) => binomialDelta(900, 1, epsilon)],
    ];
    const ours = exact.filter(([event]) => counts.some(({ kind }) => kind === event.kind));
    for (const [event, times, deltaAt] of ours) {
      const accountant = empty.compose(repeated(event, times));
      const epsilon = epsilonWhere(deltaAt, delta);
      expect(accountant.getEpsilon(delta), event.kind).toBeGreaterThanOrEqual(epsilon * (1 - 1e-9));
      expect(accountant.getDelta(epsilon), event.kind).toBeGreaterThanOrEqual(delta * (1 - 1e-9));
    }
  });
});

test("where an accountant is the tightest, others are above it", () => {
  const event = repeated(sampledGaussian(0.02, 1.2), 300);
  const pld = pldAccountant().compose(event).getEpsilon(DELTA);
  const rdp = rdpAccountant().compose(event).getEpsilon(DELTA);
  expect(rdp).toBeGreaterThan(pld);
  expect(rdp).toBeLessThan(1.2 * pld);
  const unsampled = repeated(gaussian(20), 30);
  const zcdp = zcdpAccountant().compose(unsampled).getEpsilon(DELTA);
  expect(zcdp).toBeGreaterThan(pldAccountant().compose(unsampled).getEpsilon(DELTA));
  // The same divergences, but at every order instead of a list of them.
  expect(zcdp).toBeLessThanOrEqual(rdpAccountant().compose(unsampled).getEpsilon(DELTA));
});
