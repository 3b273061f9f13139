/** Binomial noise: its divergences against whole-number arithmetic, its ε against reference values, its δ₀ in a budget. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  isTailWithin,
  mayRelease,
  rdpLimit,
  shareSpent,
  tailShare,
} from "../../../../shared/privacy/accounting/budget.ts";
import { decoyEvent, decoysFor } from "../../../../shared/privacy/accounting/calibrate-decoys.ts";
import { pldAccountant } from "../../../../shared/privacy/accounting/pld/accountant.ts";
import { rdpAccountant } from "../../../../shared/privacy/accounting/rdp.ts";
import { rdpBinomial } from "../../../../shared/privacy/accounting/rdp-binomial.ts";
import { relativeError } from "../vectors.ts";
import { binomialDelta, choices, epsilonWhere } from "./exact.ts";

const BITS = 400n;
const quotient = (a: bigint, b: bigint): number => Number((a << BITS) / b) / 2 ** Number(BITS);

/** By whole numbers: Σ C(M, z)^α / C(M, z − s)^(α − 1) over the window, and the mass outside it. */
function exactly(trials: number, shift: number, cut: number, order: number) {
  const ways = choices(trials);
  let [sum, mass] = [0n, 0n];
  for (let z = shift + cut; z <= trials - cut; z++) {
    const [p, q] = [ways[z] ?? 0n, ways[z - shift] ?? 0n];
    sum += ((p ** BigInt(order)) << BITS) / q ** BigInt(order - 1);
    mass += p;
  }
  const all = 1n << BigInt(trials);
  const ratio = quotient(sum, mass << BITS);
  return { rdp: Math.log(ratio) / (order - 1), outside: quotient(all - mass, all) };
}

test("the divergence is that of the narrowest window whose outside is within δ₀", () => {
  const drawn = fc.record({
    trials: fc.integer({ min: 40, max: 160 }),
    cut: fc.integer({ min: 0, max: 12 }),
    order: fc.integer({ min: 2, max: 9 }),
  });
  fc.assert(
    fc.property(drawn, ({ trials, cut, order }) => {
      const { rdp, outside } = exactly(trials, 1, cut, order);
      const noise = { trials, sensitivity: 1 };
      const just = rdpBinomial({ ...noise, delta: outside * (1 + 1e-9) }, order);
      expect(relativeError(just, rdp)).toBeLessThan(1e-9);
      // A little less δ₀ is a wider window, whose ratios are larger; of none at all there is none.
      const wider = rdpBinomial({ ...noise, delta: outside * (1 - 1e-9) }, order);
      expect(wider).toBeGreaterThan(rdp * (1 - 1e-12));
      if (cut === 0) expect(wider).toBe(Number.POSITIVE_INFINITY);
    }),
    { numRuns: 40 },
  );
});

test("a unit with two identifiers counts by the dearer of moving one number twice or two once", () => {
  const delta = 1e-9;
  const together = rdpBinomial({ trials: 300, sensitivity: 2, delta }, 8);
  const once = rdpBinomial({ trials: 300, sensitivity: 1, delta: delta / 2 }, 8);
  expect(together).toBeGreaterThanOrEqual(2 * once);
  // Nearly Gaussian: four times one.
  expect(together / once).toBeGreaterThan(3.9);
  expect(together / once).toBeLessThan(4.3);
});

/**
 * δ = Σ max(0, P(z) − e^ε·P(z − 1)) with probabilities as fractions of whole numbers and e^ε to 60 digits, solved for ε
 * by bisection: Python's fractions and mpmath 1.3.
 */
const EPSILONS = [
  { trials: 102, delta: 1e-6, epsilon: 0.865846493305634 },
  { trials: 400, delta: 1e-6, epsilon: 0.4007228617921576 },
  { trials: 1122, delta: 1e-8, epsilon: 0.2886487829311975 },
];

test.each(EPSILONS)("$trials coins keep ε = $epsilon at δ = $delta", ({
  trials,
  delta,
  epsilon,
}) => {
  const event = { kind: "binomial", trials, sensitivity: 1, delta: tailShare(delta) } as const;
  const pld = pldAccountant().compose(event).getEpsilon(delta);
  expect(relativeError(pld, epsilon)).toBeLessThan(1e-4);
  expect(pld).toBeGreaterThanOrEqual(epsilon * (1 - 1e-12));
  expect(
    relativeError(
      epsilonWhere((e) => binomialDelta(trials, 1, e), delta),
      epsilon,
    ),
  ).toBeLessThan(1e-9);
  const rdp = rdpAccountant().compose(event).getEpsilon(delta);
  expect(rdp).toBeGreaterThan(epsilon);
  expect(rdp).toBeLessThan(1.15 * epsilon);
});

test("a budget's δ has room for a thousand tails, and refuses the next whatever it costs besides", () => {
  const budget = { epsilon: 1, delta: 1e-6, rdpOrder: 22 };
  const event = {
    kind: "binomial",
    trials: 2 ** 20,
    sensitivity: 1,
    delta: tailShare(1e-6),
  } as const;
  const ruled = (count: number) => mayRelease({ rdp: 0, tail: count * event.delta }, event, budget);
  expect(ruled(1023)).toMatchObject({ allowed: true });
  expect(ruled(1024)).toMatchObject({ allowed: false });
  expect(ruled(1024).spentAfter).toBeLessThan(rdpLimit(budget) / 1000);
  expect(shareSpent({ rdp: 0, tail: 512 * event.delta }, budget)).toBeCloseTo(0.5, 12);
  expect(isTailWithin(Number.NaN, budget)).toBe(false);
  // What no window gives is refused too, and by the divergence.
  const few = { ...event, trials: 40 };
  expect(mayRelease({ rdp: 0, tail: 0 }, few, budget)).toMatchObject({
    allowed: false,
    rdp: Infinity,
  });
});

test("the fewest coins that keep a plan's ε under the ledger's rule", () => {
  const target = { epsilon: 1, delta: 1e-6, rdpOrder: 22 };
  const costOf = (trials: number): number =>
    rdpBinomial(decoyEvent(trials, 1, target.delta), target.rdpOrder);
  const trials = decoysFor(target, 1);
  expect(trials).toBe(102);
  expect(costOf(trials)).toBeLessThanOrEqual(rdpLimit(target));
  expect(costOf(trials - 2)).toBeGreaterThan(rdpLimit(target));
  expect(decoysFor(target, 2) / trials).toBeGreaterThan(3);
  expect(() => decoysFor({ ...target, epsilon: 0.46 }, 1)).toThrow("no number of decoys");
});

test("the accountant takes tails off δ", () => {
  const event = { kind: "binomial", trials: 400, sensitivity: 1, delta: 1e-7 } as const;
  const ten = rdpAccountant().compose({ kind: "selfComposed", event, count: 10 });
  expect(ten.getEpsilon(1e-6)).toBe(Number.POSITIVE_INFINITY);
  expect(ten.getEpsilon(1e-5)).toBeLessThan(2);
  expect(ten.getDelta(50)).toBeGreaterThanOrEqual(1e-6);
});
