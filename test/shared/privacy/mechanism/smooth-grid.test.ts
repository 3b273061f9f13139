/** Tests of `shared/privacy/mechanism/smooth-grid.ts`. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { InvariantError } from "../../../../shared/base/assert.ts";
import { reproducibleRng } from "../../../../shared/base/reproducible.ts";
import { UniformSource } from "../../../../shared/base/uniform.ts";
import { epsilonOfCurve, rdpCurve } from "../../../../shared/privacy/accounting/rdp.ts";
import {
  fromRing,
  type RingBits,
  signedMax,
  toRing,
} from "../../../../shared/privacy/encoding/ring.ts";
import { l2Norm } from "../../../../shared/privacy/mechanism/clip.ts";
import { FLOAT_SLACK, noiseReach } from "../../../../shared/privacy/mechanism/grid.ts";
import {
  defaultCohort,
  honestSurvivors,
} from "../../../../shared/privacy/mechanism/noise-share.ts";
import {
  centresOf,
  fromSmoothGrid,
  type SmoothGrid,
  type SmoothGridParams,
  smoothGrid,
  smoothNoiseMultiplier,
  toSmoothGrid,
} from "../../../../shared/privacy/mechanism/smooth-grid.ts";
import { CENTRE_PARTS } from "../../../../shared/privacy/noise/gaussian.ts";
import { variance } from "../statistics.ts";

const TEN: SmoothGridParams = {
  noiseMultiplier: 1,
  dimension: 100_000,
  cohort: defaultCohort(10),
  ringBits: 18,
  unitsPerRound: 1200,
};

/** S: by how much one unit moves what the noise is drawn around, in grid steps. */
function sensitivityOf(grid: SmoothGrid, dimension: number): number {
  return grid.stepsPerSensitivity * (1 + FLOAT_SLACK) + Math.sqrt(dimension) / CENTRE_PARTS;
}

test("the noise is what was asked for and hardly more, and the sum fits the ring", () => {
  const params = fc.record({
    noiseMultiplier: fc.double({ min: 0.3, max: 50, noNaN: true }),
    dimension: fc.integer({ min: 50_000, max: 50_000_000 }),
    memberCount: fc.integer({ min: 3, max: 255 }),
    ringBits: fc.constantFrom<RingBits>(18, 20),
    unitsPerRound: fc.integer({ min: 1, max: 1000 }),
  });
  fc.assert(
    fc.property(params, ({ memberCount, ...rest }) => {
      const cohort = defaultCohort(memberCount);
      const grid = smoothGrid({ ...rest, cohort });
      expect(grid.noiseMultiplier).toBeGreaterThanOrEqual(rest.noiseMultiplier);
      expect(grid.noiseMultiplier).toBeLessThan(rest.noiseMultiplier * (1 + 1e-9));
      const honest = honestSurvivors(cohort) * grid.shareStdDev ** 2;
      const real = Math.sqrt(honest) / grid.stepsPerSensitivity;
      expect(real).toBeLessThan(rest.noiseMultiplier * 1.002);
      expect(Number.isInteger(grid.shareStdDev)).toBe(true);
      expect(grid.shareStdDev).toBeGreaterThanOrEqual(5);
      const bounds = { memberCount, shareStdDev: grid.shareStdDev, dimension: rest.dimension };
      const reach = memberCount * grid.magnitudeMax + noiseReach(bounds);
      expect(reach).toBeLessThanOrEqual(signedMax(rest.ringBits));
      expect(reach).toBeGreaterThan(signedMax(rest.ringBits) - memberCount);
    }),
  );
});

test("one unit never moves what noise is drawn around by more than the stated sensitivity", () => {
  const number = fc.double({ min: -1, max: 1, noNaN: true });
  const pair = fc.record({
    sum: fc.array(fc.double({ min: -40, max: 40, noNaN: true }), { minLength: 6, maxLength: 6 }),
    unit: fc.array(number, { minLength: 6, maxLength: 6 }),
    noiseMultiplier: fc.double({ min: 0.5, max: 3000, noNaN: true }),
  });
  let closest = 0;
  fc.assert(
    fc.property(pair, ({ sum, unit, noiseMultiplier }) => {
      const params = { ...TEN, noiseMultiplier, dimension: 6, unitsPerRound: 10 };
      const grid = smoothGrid(params);
      const scale = 1 / Math.max(1e-9, l2Norm(Float64Array.from(unit)));
      const without = centresOf(Float64Array.from(sum), 1, grid);
      const more = Float64Array.from(sum, (value, i) => value + (unit[i] ?? 0) * scale);
      const moved = centresOf(more, 1, grid).map((value, i) => value - (without[i] ?? 0));
      const bound = sensitivityOf(grid, 6);
      expect(l2Norm(moved)).toBeLessThanOrEqual(bound);
      closest = Math.max(closest, l2Norm(moved) / bound);
      for (const centre of moved) expect(Number.isInteger(centre * CENTRE_PARTS)).toBe(true);
    }),
    { numRuns: 1000, seed: 1 },
  );
  expect(closest).toBeGreaterThan(0.998);
});

test("centres beyond the bound are clamped to it, and none is made of what is not finite", () => {
  const grid = smoothGrid(TEN);
  const { magnitudeMax } = grid;
  expect([...centresOf(Float64Array.of(1e300, -1e300, 0), 2, grid)]).toEqual([
    magnitudeMax,
    -magnitudeMax,
    0,
  ]);
  for (const bad of [Number.NaN, Number.NEGATIVE_INFINITY])
    expect(() => centresOf(Float64Array.of(bad), 2, grid)).toThrow(InvariantError);
});

test("what is opened is the members' sum with the promised noise, drop-outs and all", () => {
  const cohort = { memberCount: 6, maxDropouts: 1, maxColluders: 1 };
  const dimension = 40_000;
  const grid = smoothGrid({ ...TEN, noiseMultiplier: 0.8, dimension, cohort, unitsPerRound: 500 });
  const values = Float64Array.from({ length: dimension }, (_, i) => ((i % 7) - 3) * 0.31);
  const sum = new Uint32Array(dimension);
  for (let member = 0; member < 5; member++) {
    const source = new UniformSource(reproducibleRng(`member ${member}`));
    const sent = toRing(toSmoothGrid(values, 2, grid, source), 18);
    for (let i = 0; i < dimension; i++) sum[i] = (sum[i] ?? 0) + (sent[i] ?? 0);
  }
  const opened = fromSmoothGrid(fromRing(sum, 18), 2, grid);
  const noise = opened.map((value, i) => value - 5 * (values[i] ?? 0));
  const stdDev = Math.sqrt(variance(noise));
  const mean = noise.reduce((a, b) => a + b, 0) / dimension;
  expect(Math.abs(mean)).toBeLessThan((5 * stdDev) / Math.sqrt(dimension));
  // Five shares are in the sum, one more than the four that the guarantee counts on.
  const expected = 0.8 * 2 * Math.sqrt(5 / 4);
  expect(Math.abs(stdDev / expected - 1)).toBeLessThan(0.02);
  // And the noise tells nothing of where between two steps the value lay.
  for (let residue = 0; residue < 7; residue++) {
    const part = noise.filter((_, i) => i % 7 === residue);
    const partMean = part.reduce((a, b) => a + b, 0) / part.length;
    expect(Math.abs(partMean)).toBeLessThan((5 * stdDev) / Math.sqrt(part.length));
  }
});

/** sup over events of P(A) − e^ε·P'(A), exactly, for noise of variance σ² around two centres. */
function hockeyStick(from: number, to: number, stdDev: number, epsilon: number): number {
  const reach = Math.ceil(14 * stdDev + Math.abs(from - to));
  const weights = (centre: number): number[] => {
    const raw: number[] = [];
    for (let n = -reach; n <= reach; n++)
      raw.push(Math.exp(-((n - centre) ** 2) / (2 * stdDev ** 2)));
    const total = raw.reduce((a, b) => a + b, 0);
    return raw.map((weight) => weight / total);
  };
  const [p, q] = [weights(from), weights(to)];
  return p.reduce((sum, value, i) => sum + Math.max(0, value - Math.exp(epsilon) * (q[i] ?? 0)), 0);
}

/** Φ by integration. */
function normalCdf(x: number): number {
  let sum = 0;
  const step = 1e-3;
  for (let t = -12; t < x; t += step) {
    const width = Math.min(step, x - t);
    sum += width * Math.exp(-((t + width / 2) ** 2) / 2);
  }
  return sum / Math.sqrt(2 * Math.PI);
}

/** The same of the continuous Gaussian mechanism (Balle and Wang, ICML 2018, theorem 8). */
function gaussianHockeyStick(noiseMultiplier: number, epsilon: number): number {
  const [half, shift] = [1 / (2 * noiseMultiplier), epsilon * noiseMultiplier];
  return normalCdf(half - shift) - Math.exp(epsilon) * normalCdf(-half - shift);
}

test.each([
  [64, 20, 0.5],
  [64, 70.25, 0.01],
  [5, 3.1, 0.7],
  [5, 0.25, 0.375],
])("noise of %i steps hides a shift of %d steps at %d as the accountant says", (stdDev, shift, at) => {
  const claimed = Math.sqrt(stdDev ** 2 - 4) / shift;
  for (const epsilon of [0.1, 0.5, 1, 2]) {
    const truth = gaussianHockeyStick(claimed, epsilon);
    const bound = truth * (1 + 1e-6) + 1e-13;
    expect(hockeyStick(at, at + shift, stdDev, epsilon)).toBeLessThanOrEqual(bound);
    expect(hockeyStick(at + shift, at, stdDev, epsilon)).toBeLessThanOrEqual(bound);
  }
  // The same test catches values that are rounded to whole steps first, which √d would have to pay for.
  const rounded = hockeyStick(Math.round(0.375), Math.round(0.375 + 0.25), 5, 0.1);
  expect(rounded).toBeGreaterThan(gaussianHockeyStick(Math.sqrt(21) / 0.25, 0.1) * 1.5);
});

const DIMENSION = 2 ** 20;

/** ε of 100 unsampled rounds at δ = 10^−5, by whole orders as the design's table has it. */
function epsilonOf(noiseMultiplier: number): number {
  const orders = Array.from({ length: 63 }, (_, i) => i + 2);
  const event = { kind: "gaussian", noiseMultiplier } as const;
  const curve = rdpCurve({ kind: "selfComposed", event, count: 100 }, orders);
  return epsilonOfCurve(curve, 1e-5, orders).epsilon;
}

/**
 * The published mechanism at the same bits (Kairouz, Liu and Steinke 2021, as in Google's accounting utilities):
 * one vector of norm 1 per member, conditionally rounded at random, then noised. Returns the noise multiplier that
 * remains of z.
 */
function publishedMultiplier(z: number, bits: number, n: number): { z: number; inflation: number } {
  const localStdDev = z / Math.sqrt(n);
  const spread = Math.sqrt(n ** 2 / DIMENSION + n * localStdDev ** 2);
  const scale = Math.sqrt(2 ** (2 * bits) - n * 25) / (10 * spread);
  const beta = Math.exp(-0.5);
  const [c, d] = [scale, DIMENSION];
  const squared = c ** 2 + d / 4 + Math.sqrt(2 * Math.log(1 / beta)) * (c + Math.sqrt(d) / 2);
  const norm = Math.min(c + Math.sqrt(d), Math.sqrt(squared));
  return { z: (z * scale) / norm, inflation: norm / scale };
}

test("without the ring, a hundred rounds at z = 4 cost ε = 14.18", () => {
  expect(epsilonOf(4)).toBeCloseTo(14.18, 2);
});

test.each([
  [12, 100, 5.1, 173],
  [16, 10, 1.048, 15.1],
  [16, 100, 1.048, 15.1],
  [18, 10, 1.003, 14.24],
  [18, 100, 1.003, 14.24],
  [20, 10, 1.0002, 14.18],
] as const)("%i bits of %i members cost the published mechanism %d in norm, ε = %d; this one nearly nothing", (bits, n, inflation, epsilon) => {
  const published = publishedMultiplier(4, bits, n);
  expect(published.inflation / inflation).toBeCloseTo(1, 2);
  expect(epsilonOf(published.z) / epsilon).toBeCloseTo(1, 2);
  const cohort = { memberCount: n, maxDropouts: 0, maxColluders: 0 };
  const common = { noiseMultiplier: 4, dimension: DIMENSION, cohort, unitsPerRound: n };
  const grid = smoothGrid({ ...common, ringBits: bits === 12 ? 16 : bits });
  // At the same real noise in the opened sum.
  const real = (Math.sqrt(n) * grid.shareStdDev) / grid.stepsPerSensitivity;
  const ours = epsilonOf((4 * grid.noiseMultiplier) / real);
  expect(ours).toBeLessThan(14.18 * 1.0025);
  expect(ours).toBeGreaterThan(epsilonOf(4));
});

test("the part of the noise that is not counted is what smoothing, floats and the finest rounding take", () => {
  const honest = 64 ** 2;
  const multiplier = smoothNoiseMultiplier(honest, 100, 2 ** 20);
  const expected = Math.sqrt(4092) / (100 * 1.001 + 1024 / 2 ** 24);
  expect(multiplier).toBeCloseTo(expected, 12);
  expect(() => smoothNoiseMultiplier(4, 1, 1)).toThrow(InvariantError);
});

test("a ring that cannot hold the sum is refused in one line that says what to do", () => {
  const crowded = { ...TEN, unitsPerRound: 100_000 };
  expect(() => smoothGrid(crowded)).toThrow(
    "a 18-bit ring cannot hold the noise and the sum of about 100000 units a round of 10 members: " +
      "use ringBits: 20, or leave out the encoding (32 bits)",
  );
  expect(() => smoothGrid({ ...crowded, ringBits: 20 })).not.toThrow();
  const full = { ...crowded, ringBits: 20, unitsPerRound: 10_000_000 } as const;
  expect(() => smoothGrid(full)).toThrow("lower samplingProbability, or leave out the encoding");
  // Noise so large beside the sensitivity that not even the finest rounding is small beside it.
  expect(() => smoothGrid({ ...TEN, noiseMultiplier: 1e9 })).toThrow("cannot hold the noise");
  expect(() => smoothGrid({ ...TEN, noiseMultiplier: 0.001 })).toThrow("18-bit ring");
});
