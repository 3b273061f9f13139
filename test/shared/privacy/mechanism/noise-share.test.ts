/** Tests of `shared/privacy/mechanism/noise-share.ts`. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { CloisterError } from "../../../../shared/base/errors.ts";
import {
  effectiveNoiseMultiplier,
  gridSensitivity,
} from "../../../../shared/privacy/mechanism/grid.ts";
import {
  defaultCohort,
  gridNoiseShare,
  honestSurvivors,
  noiseInflation,
  noiseShareStdDev,
} from "../../../../shared/privacy/mechanism/noise-share.ts";
import { relativeError, vectorsMissing, vectorsOf } from "../vectors.ts";

test.each([
  [2, 0, 1],
  [3, 0, 1],
  [4, 0, 1],
  [5, 1, 1],
  [9, 1, 2],
  [10, 2, 2],
  [20, 4, 5],
  [100, 20, 25],
])("of %i members, %i may drop out and %i may collude", (memberCount, maxDropouts, maxColluders) => {
  expect(defaultCohort(memberCount)).toEqual({ memberCount, maxDropouts, maxColluders });
});

test("with nobody left to add noise, nothing is planned", () => {
  expect(() => defaultCohort(1)).toThrow(CloisterError);
  const cohort = { memberCount: 3, maxDropouts: 1, maxColluders: 2 };
  expect(() => honestSurvivors(cohort)).toThrow(/leave nobody/);
  expect(() => gridNoiseShare(1, 10, cohort)).toThrow(CloisterError);
});

test.each([
  [10, 2, 1, 1.195],
  [3, 0, 1, 1.225],
  [5, 1, 1, 1.291],
  [100, 10, 5, 1.085],
])("K = %i, D = %i, t = %i costs a factor %d", (memberCount, maxDropouts, maxColluders, factor) => {
  expect(noiseInflation({ memberCount, maxDropouts, maxColluders })).toBeCloseTo(factor, 3);
});

test.skipIf(vectorsMissing)("shares have their reference values", () => {
  const vectors = vectorsOf(
    "noise_share",
    z.object({
      noise_multiplier: z.number(),
      clip_norm: z.number(),
      members: z.number(),
      max_dropouts: z.number(),
      max_colluders: z.number(),
    }),
    z.object({
      share_stddev: z.number(),
      stddev_if_nobody_drops: z.number(),
      worst_case_effective_noise_multiplier: z.number(),
      best_case_noise_multiplier: z.number(),
    }),
  );
  for (const { inputs, expected, tolerance } of vectors) {
    const cohort = {
      memberCount: inputs.members,
      maxDropouts: inputs.max_dropouts,
      maxColluders: inputs.max_colluders,
    };
    const [z, clip] = [inputs.noise_multiplier, inputs.clip_norm];
    const share = noiseShareStdDev(z, clip, cohort);
    const inflation = noiseInflation(cohort);
    const worst = (share * Math.sqrt(honestSurvivors(cohort))) / clip;
    const pairs = [
      [share, expected.share_stddev],
      [inflation * z * clip, expected.stddev_if_nobody_drops],
      [worst, expected.worst_case_effective_noise_multiplier],
      [inflation * z, expected.best_case_noise_multiplier],
    ] as const;
    for (const [actual, wanted] of pairs) {
      expect(relativeError(actual, wanted)).toBeLessThan(tolerance["rel"] ?? 0);
    }
  }
});

test("shares on the grid are whole, guarantee what was asked for, and hardly more", () => {
  const params = fc.record({
    noiseMultiplier: fc.double({ min: 0.1, max: 50, noNaN: true }),
    dimension: fc.integer({ min: 1, max: 10_000_000 }),
    memberCount: fc.integer({ min: 3, max: 255 }),
  });
  fc.assert(
    fc.property(params, ({ noiseMultiplier, dimension, memberCount }) => {
      const cohort = defaultCohort(memberCount);
      const share = gridNoiseShare(noiseMultiplier, dimension, cohort);
      expect(Number.isInteger(share.shareStdDev)).toBe(true);
      expect(share.noiseMultiplier).toBeGreaterThanOrEqual(noiseMultiplier);
      expect(share.noiseMultiplier).toBeLessThan(noiseMultiplier * 1.01);
      const stdDev = Math.sqrt(honestSurvivors(cohort)) * share.shareStdDev;
      const guaranteed = effectiveNoiseMultiplier({ stdDev, dimension });
      expect(guaranteed).toBe(share.noiseMultiplier);
    }),
  );
});

test("a share is never so small that its grid would show", () => {
  const cohort = { memberCount: 3, maxDropouts: 0, maxColluders: 1 };
  expect(gridNoiseShare(1e-9, 10, cohort).shareStdDev).toBe(4);
});

test("smoothing is paid for: with few grid steps of noise the share is visibly larger", () => {
  const cohort = { memberCount: 2, maxDropouts: 0, maxColluders: 1 };
  // 6 steps of noise: 36 + 4 needs 7.
  const noiseMultiplier = 6 / gridSensitivity(1);
  expect(gridNoiseShare(noiseMultiplier, 1, cohort).shareStdDev).toBe(7);
});
