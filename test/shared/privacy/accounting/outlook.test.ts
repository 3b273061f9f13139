/** Tests of `shared/privacy/accounting/outlook.ts`. */
import { expect, test } from "vitest";
import { calibrateNoiseMultiplier } from "../../../../shared/privacy/accounting/calibrate.ts";
import { type OutlookParams, outlook } from "../../../../shared/privacy/accounting/outlook.ts";

const PLAN: OutlookParams = {
  epsilon: 1,
  delta: 1e-6,
  unitsExpected: 24_000,
  rounds: 100,
  dimension: 4097,
  cohort: { memberCount: 5, maxDropouts: 1, maxColluders: 1 },
};

test("the noise is what the filter demands, and ε ends at the target", () => {
  const { samplingProbability, unitsPerRound, noiseMultiplier, rdpOrder, course } = outlook(PLAN);
  expect(samplingProbability).toBe(0.02);
  expect(unitsPerRound).toBe(480);
  const target = { epsilon: 1, delta: 1e-6, samplingProbability, roundCount: 100 };
  expect(noiseMultiplier).toBe(calibrateNoiseMultiplier(target).noiseMultiplier);
  expect(rdpOrder).toBe(calibrateNoiseMultiplier(target).order);
  expect(course.map(({ round }) => round)).toEqual([1, 25, 50, 100]);
  const last = course.at(-1);
  expect(last?.epsilonFilter).toBeLessThanOrEqual(1);
  expect(last?.epsilonFilter).toBeGreaterThan(0.999);
  expect(last?.epsilonPld).toBeLessThan(0.97);
  expect(last?.epsilonPld).toBeGreaterThan(0.8);
});

test("a fixed order costs more noise than the best one", () => {
  const best = outlook(PLAN);
  const fixed = outlook({ ...PLAN, rdpOrder: 2 * Math.ceil(best.rdpOrder) });
  expect(fixed.noiseMultiplier).toBeGreaterThan(best.noiseMultiplier);
});

test("a small room asks for at least 256 units a round, and never for more than all", () => {
  expect(outlook({ ...PLAN, unitsExpected: 2560 }).samplingProbability).toBe(0.1);
  expect(outlook({ ...PLAN, unitsExpected: 100 }).samplingProbability).toBe(1);
});

test("noise is told per coordinate, with what drop-outs and colluders cost", () => {
  const plan = outlook(PLAN);
  const trusting = { memberCount: 5, maxDropouts: 0, maxColluders: 0 };
  const alone = outlook({ ...PLAN, cohort: trusting });
  expect(plan.noisePerCoordinate / alone.noisePerCoordinate).toBeCloseTo(Math.sqrt(5 / 3), 12);
  expect(alone.noisePerCoordinate).toBe(alone.noiseMultiplier / alone.unitsPerRound);
  expect(plan.signalToNoise).toBeCloseTo(
    (10 * plan.signalPerCoordinate) / plan.noisePerCoordinate,
    12,
  );
});

test("the verdict falls from good to hopeless as units and ε go", () => {
  const verdict = (changes: Partial<OutlookParams>): string =>
    outlook({ ...PLAN, ...changes }).verdict;
  expect(verdict({ unitsExpected: 1_000_000, epsilon: 3 })).toBe("good");
  expect(verdict({ unitsExpected: 6000 })).toBe("noisy");
  expect(verdict({ unitsExpected: 3000 })).toBe("poor");
  expect(verdict({ unitsExpected: 500, epsilon: 0.1 })).toBe("hopeless");
});
