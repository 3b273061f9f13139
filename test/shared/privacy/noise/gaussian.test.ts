/** Tests of `shared/privacy/noise/gaussian.ts`. */
import { expect, test } from "vitest";
import { z } from "zod";
import { InvariantError } from "../../../../shared/base/assert.ts";
import { reproducibleRng } from "../../../../shared/base/reproducible.ts";
import { UniformSource } from "../../../../shared/base/uniform.ts";
import { osRng } from "../../../../shared/edge/os.ts";
import {
  addDiscreteGaussianInPlace,
  CENTRE_PARTS,
  discreteGaussianAround,
  discreteGaussianInto,
} from "../../../../shared/privacy/noise/gaussian.ts";
import { chiSquareScore, discreteGaussianPmf, ONCE_IN_A_MILLION, variance } from "../statistics.ts";
import { relativeError, vectorsMissing, vectorsOf } from "../vectors.ts";

function draws(stdDev: number, count: number): Int32Array {
  const target = new Int32Array(count);
  discreteGaussianInto(target, stdDev, new UniformSource(reproducibleRng(`noise ${stdDev}`)));
  return target;
}

/** Counts of `values` in bins of `width` integers; bin b holds b·width … (b + 1)·width − 1. */
function binned(values: Int32Array, width: number, binMin: number, binMax: number): number[] {
  const counts = new Array<number>(binMax - binMin + 1).fill(0);
  for (const value of values) {
    const bin = Math.max(binMin, Math.min(binMax, Math.floor(value / width)));
    counts[bin - binMin] = (counts[bin - binMin] ?? 0) + 1;
  }
  return counts;
}

test("the probabilities that the sampler is tested against have the published values", () => {
  const pmf = discreteGaussianPmf(1, 20);
  expect(pmf[20]).toBeCloseTo(0.3989422782668617, 15);
  expect(pmf[21]).toBeCloseTo(0.24197072322446062, 15);
  expect(pmf[23]).toBeCloseTo(0.004431848388225065, 15);
});

test.skipIf(vectorsMissing)("the same, against all reference vectors", () => {
  const vectors = vectorsOf(
    "discrete_gaussian_pmf",
    z.object({ sigma_squared: z.number(), points: z.array(z.number()) }),
    z.object({ pmf: z.array(z.number()), variance: z.number() }),
  );
  for (const { inputs, expected, tolerance } of vectors) {
    const pmf = discreteGaussianPmf(Math.sqrt(inputs.sigma_squared), 100);
    for (const [index, point] of inputs.points.entries()) {
      const error = relativeError(pmf[point + 100] ?? 0, expected.pmf[index] ?? 0);
      expect(error).toBeLessThan(tolerance["rel"] ?? 0);
    }
  }
});

test.each([
  1, 2, 3, 7, 16, 100, 181,
])("with σ = %i every integer has its exact probability in a million draws", (stdDev) => {
  const reach = 12 * stdDev;
  const counts = binned(draws(stdDev, 1_000_000), 1, -reach, reach);
  const score = chiSquareScore(counts, [...discreteGaussianPmf(stdDev, reach)]);
  expect(score).toBeLessThan(ONCE_IN_A_MILLION);
});

test("the same test rejects a σ that is 2 % off", () => {
  const counts = binned(draws(100, 1_000_000), 1, -1200, 1200);
  expect(chiSquareScore(counts, [...discreteGaussianPmf(102, 1200)])).toBeGreaterThan(10);
});

/** Karney's algorithm as it is often written wrongly: zero drawn with either sign. */
function drawsWithTwoZeros(stdDev: number, count: number): Int32Array {
  const source = new UniformSource(reproducibleRng("two zeros"));
  const atZero = discreteGaussianPmf(stdDev, 12 * stdDev)[12 * stdDev] ?? 0;
  return draws(stdDev, count).map((value) => {
    return source.unit() < atZero / (1 + atZero) ? 0 : value;
  });
}

test("the same test rejects a sampler that draws zero twice as often as it should", () => {
  const counts = binned(drawsWithTwoZeros(16, 100_000), 1, -192, 192);
  expect(chiSquareScore(counts, [...discreteGaussianPmf(16, 192)])).toBeGreaterThan(10);
});

test.each([
  4, 37, 10_000,
])("with σ = %i the signs are even and the tails are as heavy as they should be", (stdDev) => {
  const values = draws(stdDev, 1_000_000);
  const positive = values.filter((value) => value > 0).length;
  const negative = values.filter((value) => value < 0).length;
  expect(Math.abs(positive - negative)).toBeLessThan(5 * Math.sqrt(positive + negative));
  const coarse = Math.min(stdDev, 1000);
  const pmf = discreteGaussianPmf(coarse, 12 * coarse);
  for (const deviations of [2, 3, 4]) {
    // On a finer grid the tail starts between two of the coarse one's integers.
    const start = stdDev === coarse ? deviations * stdDev : (deviations - 0.5 / coarse) * stdDev;
    const beyond = values.filter((value) => Math.abs(value) >= start).length;
    const mass = pmf.reduce(
      (sum, p, i) => sum + (Math.abs(i - 12 * coarse) >= deviations * coarse ? p : 0),
      0,
    );
    expect(Math.abs(beyond - 1e6 * mass)).toBeLessThan(
      5 * Math.sqrt(1e6 * mass) + 5e-3 * 1e6 * mass,
    );
  }
});

/** All runs of 64 draws one after another, as text. */
function windowsOf(values: Int32Array): string[] {
  return Array.from({ length: values.length - 63 }, (_, i) => values.subarray(i, i + 64).join());
}

test("two members' noise has no 64 draws in a row in common, and a copy would be seen", () => {
  const noises = [0, 1].map(() => {
    const noise = new Int32Array(20_000);
    discreteGaussianInto(noise, 20, new UniformSource(osRng));
    return noise;
  });
  const [first = new Int32Array(0), second = new Int32Array(0)] = noises;
  const seen = new Set(windowsOf(first));
  expect(windowsOf(second).filter((window) => seen.has(window))).toEqual([]);
  expect(seen.size).toBe(first.length - 63);
  second.set(first.subarray(500, 564), 7000);
  // One, or more where its neighbours happen to be alike too.
  expect(windowsOf(second).filter((window) => seen.has(window))).toContain(windowsOf(first)[500]);
});

test.each([
  37_876,
  2 ** 26,
])("with σ = %i the shape is Gaussian and the last bits uniform", (stdDev) => {
  const values = draws(stdDev, 1_000_000);
  // Bins of σ/16, against the same law on a grid 2^k times coarser: they differ by less than 10^-4.
  const width = stdDev / 16;
  const fine = discreteGaussianPmf(16 * 64, 16 * 64 * 8);
  const probabilities = new Array<number>(256).fill(0);
  for (let n = -8 * 1024; n < 8 * 1024; n++) {
    // Trapezoids: a bin gets half of the weight at each of its edges.
    const half = (fine[n + 8192] ?? 0) / 2 + (fine[n + 8193] ?? 0) / 2;
    const bin = Math.floor(n / 64) + 128;
    probabilities[bin] = (probabilities[bin] ?? 0) + half;
  }
  expect(chiSquareScore(binned(values, width, -128, 127), probabilities)).toBeLessThan(
    ONCE_IN_A_MILLION,
  );
  const lastBits = values.map((value) => value & 31);
  const uniform = new Array<number>(32).fill(1 / 32);
  expect(chiSquareScore(binned(lastBits, 1, 0, 31), uniform)).toBeLessThan(ONCE_IN_A_MILLION);
});

test.each([1, 5, 1000, 37_876, 1_000_000, 2 ** 26])("with σ = %i the variance is σ²", (stdDev) => {
  const count = 1_000_000;
  // Of the variance of a discrete Gaussian, 1 − 2·10^-7 of σ² at σ = 1; nearer above.
  const ratio = variance(draws(stdDev, count)) / stdDev ** 2;
  expect(Math.abs(ratio - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
});

test("adding noise is adding the same draws, modulo 2^32", () => {
  const noise = new Int32Array(100);
  const sum = new Int32Array(100).fill(2 ** 31 - 1);
  discreteGaussianInto(noise, 1000, new UniformSource(reproducibleRng("twice")));
  addDiscreteGaussianInPlace(sum, 1000, new UniformSource(reproducibleRng("twice")));
  expect([...sum]).toEqual([...noise].map((value) => (2 ** 31 - 1 + value) | 0));
});

test.each([
  0,
  -1,
  0.5,
  1.5,
  2 ** 26 + 1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
])("σ = %d is refused", (stdDev) => {
  const source = new UniformSource(reproducibleRng("refused"));
  expect(() => discreteGaussianInto(new Int32Array(1), stdDev, source)).toThrow(InvariantError);
});

function drawsAround(centre: number, stdDev: number, count: number): Int32Array {
  const source = new UniformSource(reproducibleRng(`noise ${stdDev} around ${centre}`));
  return discreteGaussianAround(new Float64Array(count).fill(centre), stdDev, source);
}

/** P(n) around `centre`, for n = ⌊centre⌋ − reach … ⌊centre⌋ + reach. */
function pmfAround(centre: number, stdDev: number, reach: number): number[] {
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) => {
    const distance = Math.floor(centre) + i - reach - centre;
    return Math.exp(-(distance ** 2) / (2 * stdDev ** 2));
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

function scoreAround(values: Int32Array, centre: number, stdDev: number): number {
  const reach = 12 * stdDev;
  const floor = Math.floor(centre);
  const counts = binned(values, 1, floor - reach, floor + reach);
  return chiSquareScore(counts, pmfAround(centre, stdDev, reach));
}

test.each([
  [0.5, 1],
  [0.25, 1],
  [-0.75, 2],
  [1 / CENTRE_PARTS, 1],
  [-1 / CENTRE_PARTS, 3],
  [7.3125, 5],
  [-1000.875, 11],
  [123_456.5, 64],
  [3, 2],
])("around %d with σ = %i every integer has its exact probability", (centre, stdDev) => {
  const values = drawsAround(centre, stdDev, 1_000_000);
  expect(scoreAround(values, centre, stdDev)).toBeLessThan(ONCE_IN_A_MILLION);
});

test("the same test rejects a centre that is 1/32 of a step off", () => {
  const values = drawsAround(0.53125, 1, 300_000);
  expect(scoreAround(values, 0.5, 1)).toBeGreaterThan(10);
});

test.each([
  [0.5 / CENTRE_PARTS, 1],
  [Number.NaN, 1],
  [2 ** 29, 1],
  [0.5, 129],
  [0.5, 0],
])("a centre of %d with σ = %i is refused", (centre, stdDev) => {
  const source = new UniformSource(reproducibleRng("refused"));
  const draw = () => discreteGaussianAround(Float64Array.of(centre), stdDev, source);
  expect(draw).toThrow(InvariantError);
});

/** Σ_n e^(−(n−c)²/2v)/√(2πv): what a discrete Gaussian's normaliser is of its continuous one. */
function normaliser(centre: number, variance: number): number {
  let sum = 0;
  for (let n = -200; n <= 200; n++) sum += Math.exp(-((n - centre) ** 2) / (2 * variance));
  return sum / Math.sqrt(2 * Math.PI * variance);
}

test("normalisers hardly depend on the centre, as the accounting of both grids says", () => {
  for (const variance of [0.5, 0.7, 1, 1.3]) {
    const bound = 2.0001 * Math.exp(-2 * Math.PI ** 2 * variance);
    for (const centre of [0, 0.1, 0.25, 0.5, 0.9]) {
      const error = Math.abs(normaliser(centre, variance) - 1);
      expect(error).toBeLessThan(bound + 1e-14);
      if (centre === 0) expect(error).toBeGreaterThan(bound * 0.99 - 1e-14);
    }
  }
});

test("a sum of two draws is a draw around the sum of the centres, up to a factor near 1", () => {
  // σ = 1 each, so that the factor can be seen at all: its bound is a few e^(−2π²/2).
  const [first, second] = [0.3, 0.45];
  const a = pmfAround(first, 1, 30);
  const b = pmfAround(second, 1, 30);
  const whole = pmfAround(first + second, Math.SQRT2, 30);
  const bound = 4 * 2.0001 * Math.exp(-(Math.PI ** 2));
  let largest = 0;
  for (let n = -6; n <= 6; n++) {
    let sum = 0;
    for (let m = -24; m <= 24; m++) sum += (a[m + 30] ?? 0) * (b[n - m + 30] ?? 0);
    largest = Math.max(largest, Math.abs(sum / (whole[n + 30] ?? 1) - 1));
  }
  expect(largest).toBeLessThan(bound);
  expect(largest).toBeGreaterThan(bound / 100);
});
