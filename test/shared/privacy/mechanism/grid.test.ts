/** Tests of `shared/privacy/mechanism/grid.ts`. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { InvariantError } from "../../../../shared/base/assert.ts";
import { CloisterError } from "../../../../shared/base/errors.ts";
import { reproducibleRng } from "../../../../shared/base/reproducible.ts";
import { UniformSource } from "../../../../shared/base/uniform.ts";
import { fromRing, toRing } from "../../../../shared/privacy/encoding/ring.ts";
import { l2Norm } from "../../../../shared/privacy/mechanism/clip.ts";
import {
  assertSumFits,
  effectiveNoiseMultiplier,
  fromGrid,
  GRID_STEPS,
  gridMagnitudeMax,
  gridSensitivity,
  toGrid,
  toNoisedGrid,
} from "../../../../shared/privacy/mechanism/grid.ts";
import { gridNoiseShare } from "../../../../shared/privacy/mechanism/noise-share.ts";
import { addDiscreteGaussianInPlace } from "../../../../shared/privacy/noise/gaussian.ts";
import { variance } from "../statistics.ts";
import { relativeError, vectorsMissing, vectorsOf } from "../vectors.ts";

const UNBOUNDED = 2 ** 31 - 1;

test("sensitivity and effective noise on the grid have their reference values", () => {
  expect(gridSensitivity(4097, 1e-6)).toBeCloseTo(65600.07334802322, 9);
  const noise = { stdDev: 72089.6, dimension: 4097, floatSlack: 1e-6 };
  expect(effectiveNoiseMultiplier(noise)).toBeCloseTo(1.0989256001255536, 12);
});

test.skipIf(vectorsMissing)("the same, against all reference vectors", () => {
  const vectors = vectorsOf(
    "grid_effective_noise",
    z.object({
      stddev_grid: z.number(),
      grid_steps_per_clip: z.number(),
      dimension: z.number(),
      float_slack: z.number(),
      smoothing_variance: z.literal(4),
    }),
    z.object({ l2_sensitivity_grid: z.number(), effective_noise_multiplier: z.number() }),
  );
  for (const { inputs, expected, tolerance } of vectors) {
    const { stddev_grid: stdDev, dimension, float_slack: floatSlack } = inputs;
    const gridSteps = inputs.grid_steps_per_clip;
    const sensitivity = gridSensitivity(dimension, floatSlack, gridSteps);
    const effective = effectiveNoiseMultiplier({ stdDev, dimension, floatSlack, gridSteps });
    const rel = tolerance["rel"] ?? 0;
    expect(relativeError(sensitivity, expected.l2_sensitivity_grid)).toBeLessThan(rel);
    expect(relativeError(effective, expected.effective_noise_multiplier)).toBeLessThan(rel);
  }
});

test("values go to the nearest step, and come back to within half a step", () => {
  const coordinate = fc.double({ min: -1000, max: 1000, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(coordinate),
      fc.double({ min: 0.1, max: 10, noNaN: true }),
      (list, unit) => {
        const back = fromGrid(toGrid(Float64Array.from(list), unit, UNBOUNDED), unit);
        for (let i = 0; i < list.length; i++) {
          const error = Math.abs((back[i] ?? 0) - (list[i] ?? 0));
          expect(error).toBeLessThanOrEqual((0.5 * unit * (1 + 1e-6)) / GRID_STEPS);
        }
      },
    ),
  );
});

test("one unit more never moves the rounded sum further than the grid sensitivity, clamped or not", () => {
  const pair = fc.record({
    sum: fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 6, maxLength: 6 }),
    unit: fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 6, maxLength: 6 }),
    magnitudeMax: fc.constantFrom(UNBOUNDED, 20 * GRID_STEPS),
  });
  fc.assert(
    fc.property(pair, ({ sum, unit, magnitudeMax }) => {
      const scale = 1 / Math.max(1, l2Norm(Float64Array.from(unit)));
      const without = toGrid(Float64Array.from(sum), 1, magnitudeMax);
      const more = Float64Array.from(sum, (value, i) => value + (unit[i] ?? 0) * scale);
      const moved = toGrid(more, 1, magnitudeMax).map((value, i) => value - (without[i] ?? 0));
      expect(l2Norm(Float64Array.from(moved))).toBeLessThanOrEqual(gridSensitivity(6));
    }),
    { numRuns: 1000 },
  );
});

test("steps beyond the bound are clamped to it, on both sides", () => {
  const steps = toGrid(Float64Array.of(9, -9, 1e300, -1e300, 0.5), 1, 4 * GRID_STEPS);
  const limit = 4 * GRID_STEPS;
  expect([...steps]).toEqual([limit, -limit, limit, -limit, GRID_STEPS / 2]);
});

test("rounded and noised in one pass: the same numbers as in two, ties and clamps too, for any length", () => {
  const drawn = new UniformSource(reproducibleRng("values"));
  const limit = 4 * GRID_STEPS;
  const edges = [0.5, -0.5, 1.5, -2.5, limit, limit + 0.4, -limit - 0.5, limit + 0.6, -1e12];
  for (const [length, clamped] of [
    [0, false],
    [1, false],
    [2, true],
    [7, false],
    [4097, true],
    [20_001, false],
    [20_002, true],
  ] as const) {
    const values = Float64Array.from({ length }, (_, i) => {
      const edge = edges[i % (clamped ? edges.length : 4)] ?? 0;
      return i % 5 === 0 ? (3 * edge) / GRID_STEPS : 3 * (8 * drawn.unit() - 4);
    });
    const [one, two] = [0, 1].map(() => new UniformSource(reproducibleRng("noise")));
    if (one === undefined || two === undefined) return;
    const steps = toGrid(values, 3, limit);
    addDiscreteGaussianInPlace(steps, 1000, two);
    expect(toNoisedGrid(values, 3, limit, 1000, one)).toEqual(steps);
    expect(one.uint32()).toBe(two.uint32());
  }
});

test("a sum that is not finite is never rounded to something", () => {
  const source = new UniformSource(reproducibleRng("noise"));
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => toGrid(Float64Array.of(bad), 1, UNBOUNDED)).toThrow(InvariantError);
    const values = Float64Array.of(0, 1, bad, 2, 3);
    expect(() => toNoisedGrid(values, 1, UNBOUNDED, 1000, source)).toThrow(InvariantError);
  }
});

test("all members at the bound, with noise at its bound, reach the ring's edge and no further", () => {
  const bounds = { memberCount: 10, shareStdDev: 40_000, dimension: 100_000 };
  const magnitudeMax = gridMagnitudeMax(bounds);
  const tail = Math.sqrt(2 * Math.log(2 * bounds.dimension * 2 ** 40));
  const reach = 10 * magnitudeMax + tail * Math.sqrt(10) * 40_000;
  expect(reach).toBeLessThan(2 ** 31);
  expect(reach).toBeGreaterThan(2 ** 31 - 20);
});

test("noise that fills the ring is refused, and so are more units than the ring can hold", () => {
  const bounds = { memberCount: 10, shareStdDev: 40_000, dimension: 1000 };
  expect(() => gridMagnitudeMax({ ...bounds, shareStdDev: 2 ** 28 })).toThrow(CloisterError);
  expect(() => assertSumFits(1600, bounds)).not.toThrow();
  expect(() => assertSumFits(3300, bounds)).toThrow(/lower the sampling probability/);
  // The rule of thumb: 2^14 units in a round of all members together always fit.
  const share = gridNoiseShare(10, 1_000_000, { memberCount: 16, maxDropouts: 3, maxColluders: 4 });
  const sixteen = { memberCount: 16, shareStdDev: share.shareStdDev, dimension: 1_000_000 };
  expect(() => assertSumFits(2 ** 10, sixteen)).not.toThrow();
});

test("what is opened is the members' sum with at least the promised noise, drop-outs and all", () => {
  const cohort = { memberCount: 6, maxDropouts: 1, maxColluders: 1 };
  const dimension = 40_000;
  const noiseMultiplier = 0.8;
  const { shareStdDev } = gridNoiseShare(noiseMultiplier, dimension, cohort);
  const magnitudeMax = gridMagnitudeMax({ memberCount: 6, shareStdDev, dimension });
  const values = new Float64Array(dimension).fill(-3.25);
  const sum = new Uint32Array(dimension);
  for (let member = 0; member < 5; member++) {
    const steps = toGrid(values, 2, magnitudeMax);
    const source = new UniformSource(reproducibleRng(`member ${member}`));
    addDiscreteGaussianInPlace(steps, shareStdDev, source);
    const sent = toRing(steps, 32);
    for (let i = 0; i < dimension; i++) sum[i] = (sum[i] ?? 0) + (sent[i] ?? 0);
  }
  const opened = fromGrid(fromRing(sum, 32), 2);
  const mean = opened.reduce((a, b) => a + b, 0) / dimension;
  const stdDev = Math.sqrt(variance(opened));
  expect(Math.abs(mean + 5 * 3.25)).toBeLessThan((5 * stdDev) / Math.sqrt(dimension));
  // Five shares are in the sum, one more than the four that the guarantee counts on.
  const sensitivity = (2 * gridSensitivity(dimension)) / GRID_STEPS;
  const expected = noiseMultiplier * sensitivity * Math.sqrt(5 / 4);
  expect(Math.abs(stdDev / expected - 1)).toBeLessThan(0.02);
});
