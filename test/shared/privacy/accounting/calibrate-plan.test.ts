/** Tests of `shared/privacy/accounting/calibrate-plan.ts`. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { CloisterError } from "../../../../shared/base/errors.ts";
import { calibrateNoiseMultiplier } from "../../../../shared/privacy/accounting/calibrate.ts";
import {
  noiseMultiplierFor,
  samplingProbabilityFor,
  stepCountFor,
} from "../../../../shared/privacy/accounting/calibrate-plan.ts";
import { repeated, sampledGaussian } from "../../../../shared/privacy/accounting/events.ts";
import { pldAccountant } from "../../../../shared/privacy/accounting/pld/accountant.ts";
import { rdpAccountant } from "../../../../shared/privacy/accounting/rdp.ts";
import { zcdpAccountant } from "../../../../shared/privacy/accounting/zcdp.ts";
import { relativeError } from "../vectors.ts";

const TARGET = { epsilon: 2, delta: 1e-6 };
const accountants = { rdp: rdpAccountant(), pld: pldAccountant() };

test.each(
  Object.entries(accountants),
)("%s: noise, steps and sample fit just below the target", (_, empty) => {
  const epsilonOf = (q: number, z: number, steps: number): number =>
    empty.compose(repeated(sampledGaussian(q, z), steps)).getEpsilon(TARGET.delta);
  const fits = (epsilon: number): void => {
    expect(epsilon).toBeLessThanOrEqual(TARGET.epsilon);
    expect(epsilon).toBeGreaterThan(0.999 * TARGET.epsilon);
  };
  const z = noiseMultiplierFor(empty, { samplingProbability: 0.03, stepCount: 200 }, TARGET);
  fits(epsilonOf(0.03, z, 200));
  const q = samplingProbabilityFor(empty, { noiseMultiplier: 1.5, stepCount: 200 }, TARGET);
  fits(epsilonOf(q, 1.5, 200));
  const steps = stepCountFor(empty, { samplingProbability: 0.03, noiseMultiplier: 2 }, TARGET);
  expect(epsilonOf(0.03, 2, steps)).toBeLessThanOrEqual(TARGET.epsilon);
  expect(epsilonOf(0.03, 2, steps + 1)).toBeGreaterThan(TARGET.epsilon);
});

test("any target in reach is met on the safe side, from near or from afar", () => {
  const targets = fc.record({
    epsilon: fc.double({ min: 0.1, max: 20, noNaN: true }),
    q: fc.constantFrom(0.01, 0.2, 1),
    stepCount: fc.integer({ min: 1, max: 500 }),
    near: fc.option(fc.double({ min: 0.3, max: 30, noNaN: true }), { nil: undefined }),
  });
  fc.assert(
    fc.property(targets, ({ epsilon, q, stepCount, near }) => {
      const plan = { samplingProbability: q, stepCount };
      const noise = noiseMultiplierFor(rdpAccountant(), plan, { epsilon, delta: 1e-6 }, near);
      const event = repeated(sampledGaussian(q, noise), stepCount);
      const spent = rdpAccountant().compose(event).getEpsilon(1e-6);
      expect(spent).toBeLessThanOrEqual(epsilon);
      expect(spent).toBeGreaterThan(0.999 * epsilon);
    }),
    { numRuns: 12 },
  );
});

test("agrees with the calibration by Rényi divergences alone", () => {
  const plan = { samplingProbability: 0.02, stepCount: 300 };
  const exact = calibrateNoiseMultiplier({ ...TARGET, samplingProbability: 0.02, roundCount: 300 });
  const noise = noiseMultiplierFor(rdpAccountant(), plan, TARGET);
  expect(relativeError(noise, exact.noiseMultiplier)).toBeLessThan(1e-3);
});

test("what was counted before leaves less for the plan", () => {
  const spent = zcdpAccountant().compose({ kind: "zcdp", rho: 0.02 });
  const plan = { samplingProbability: 1, noiseMultiplier: 30 };
  const fresh = stepCountFor(zcdpAccountant(), plan, TARGET);
  // ρ adds, so the steps that are left out cost just that.
  expect(Math.abs(fresh - stepCountFor(spent, plan, TARGET) - 0.02 * 2 * 900)).toBeLessThanOrEqual(
    1,
  );
});

test("where one step is too much there are none, and where nothing fits it is said", () => {
  const plan = { samplingProbability: 1, noiseMultiplier: 0.1 };
  expect(stepCountFor(rdpAccountant(), plan, TARGET)).toBe(0);
  const full = rdpAccountant().compose({ kind: "gaussian", noiseMultiplier: 0.5 });
  const steps = { samplingProbability: 0.1, stepCount: 10 };
  expect(() => noiseMultiplierFor(full, steps, TARGET)).toThrow(CloisterError);
  const noise = { noiseMultiplier: 1, stepCount: 10 };
  expect(() => samplingProbabilityFor(full, noise, TARGET)).toThrow(/no plan of this kind/);
});

test("a plan that never gets there may have everything", () => {
  const plan = { noiseMultiplier: 1e4, stepCount: 3 };
  expect(samplingProbabilityFor(rdpAccountant(), plan, TARGET)).toBe(1);
});
