/** Tests of `shared/privacy/noise/scalar.ts`: by counting draws, and by following every path. */
import { expect, test } from "vitest";
import { z } from "zod";
import { InvariantError } from "../../../../shared/base/assert.ts";
import { reproducibleRng } from "../../../../shared/base/reproducible.ts";
import { UniformSource } from "../../../../shared/base/uniform.ts";
import {
  discreteGaussian,
  discreteLaplace,
  type Fraction,
} from "../../../../shared/privacy/noise/scalar.ts";
import {
  chiSquareScore,
  discreteGaussianPmf,
  discreteLaplacePmf,
  ONCE_IN_A_MILLION,
  variance,
} from "../statistics.ts";
import { relativeError, vectorsMissing, vectorsOf } from "../vectors.ts";
import { massesOf } from "./every-path.ts";

type Sampler = (parameter: Fraction, source: UniformSource) => bigint;

const fraction = (numerator: bigint, denominator: bigint): Fraction => ({ numerator, denominator });
const numberOf = ({ numerator, denominator }: Fraction): number =>
  Number(numerator) / Number(denominator);

function draws(sampler: Sampler, parameter: Fraction, count: number): number[] {
  const source = new UniformSource(reproducibleRng(`${parameter.numerator}`));
  return Array.from({ length: count }, () => Number(sampler(parameter, source)));
}

/** Counts of −reach … reach, at index n + reach; what lies beyond counts at the ends. */
function counted(values: readonly number[], reach: number): number[] {
  const counts = new Array<number>(2 * reach + 1).fill(0);
  for (const value of values) {
    const index = Math.max(-reach, Math.min(reach, value)) + reach;
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts;
}

/** The law that a sampler should have, at −reach … reach. */
function pmfOf(sampler: Sampler, parameter: Fraction, reach: number): number[] {
  return sampler === discreteGaussian
    ? [...discreteGaussianPmf(Math.sqrt(numberOf(parameter)), reach)]
    : [...discreteLaplacePmf(numberOf(parameter), reach)];
}

const CASES: [string, Sampler, Fraction, number][] = [
  ["Gaussian, σ² = 1/4", discreteGaussian, fraction(1n, 4n), 12],
  ["Gaussian, σ² = 1", discreteGaussian, fraction(1n, 1n), 20],
  ["Gaussian, σ² = 10", discreteGaussian, fraction(20n, 2n), 60],
  ["Gaussian, σ² = 100/7", discreteGaussian, fraction(100n, 7n), 70],
  ["Gaussian, σ² = 25.000…1", discreteGaussian, fraction(25n * 10n ** 30n + 1n, 10n ** 30n), 80],
  ["Laplace, scale 1/3", discreteLaplace, fraction(1n, 3n), 20],
  ["Laplace, scale 1", discreteLaplace, fraction(1n, 1n), 60],
  ["Laplace, scale 7/2", discreteLaplace, fraction(7n, 2n), 150],
  ["Laplace, scale 5.000…1", discreteLaplace, fraction(5n * 10n ** 25n + 1n, 10n ** 25n), 200],
];

test.each(CASES)("%s: many draws have the exact law", (_name, sampler, parameter, reach) => {
  const isLong = parameter.denominator > 2n ** 53n;
  const values = draws(sampler, parameter, isLong ? 200_000 : 1_000_000);
  const pmf = pmfOf(sampler, parameter, reach);
  expect(chiSquareScore(counted(values, reach), pmf)).toBeLessThan(ONCE_IN_A_MILLION);
  const moment = (power: number): number =>
    pmf.reduce((sum, mass, i) => sum + mass * (i - reach) ** power, 0);
  const deviation = 5 * Math.sqrt((moment(4) - moment(2) ** 2) / values.length);
  expect(Math.abs(variance(values) - moment(2))).toBeLessThan(deviation);
});

/** Samplers that are slightly wrong, and whose law they should have. */
const WRONG: [string, Sampler, Fraction, Sampler][] = [
  ["zeros, half a percent too many", moreZeros, fraction(7n, 2n), discreteLaplace],
  [
    "a Gaussian from a Laplace of equal variance",
    laplaceInstead,
    fraction(10n, 1n),
    discreteGaussian,
  ],
  [
    "σ² 1 % too large",
    (v, s) => discreteGaussian(scaled(v, 101n, 100n), s),
    fraction(10n, 1n),
    discreteGaussian,
  ],
];

function scaled({ numerator, denominator }: Fraction, by: bigint, over: bigint): Fraction {
  return fraction(numerator * by, denominator * over);
}

function moreZeros(scale: Fraction, source: UniformSource): bigint {
  return source.chance(1n, 200n) ? 0n : discreteLaplace(scale, source);
}

function laplaceInstead(variance: Fraction, source: UniformSource): bigint {
  const scale = BigInt(Math.round(Math.sqrt(numberOf(variance) / 2) * 1000));
  return discreteLaplace(fraction(scale, 1000n), source);
}

test.each(WRONG)("the same test catches %s", (_name, wrong, parameter, right) => {
  const counts = counted(draws(wrong, parameter, 1_000_000), 100);
  expect(chiSquareScore(counts, pmfOf(right, parameter, 100))).toBeGreaterThan(ONCE_IN_A_MILLION);
});

test.each([
  ["Gaussian, σ² = 1/4", discreteGaussian, fraction(1n, 4n)],
  ["Gaussian, σ² = 2/3", discreteGaussian, fraction(2n, 3n)],
  ["Laplace, scale 2/3", discreteLaplace, fraction(2n, 3n)],
  ["Laplace, scale 3/2", discreteLaplace, fraction(3n, 2n)],
] as [
  string,
  Sampler,
  Fraction,
][])("%s: following every path gives the exact law, to what paths too rare are worth", (_, sampler, parameter) => {
  const { masses, left } = massesOf((source) => sampler(parameter, source), 1e-7);
  const reach = 60;
  expect(left).toBeLessThan(2e-3);
  for (const [index, expected] of pmfOf(sampler, parameter, reach).entries()) {
    const found = masses.get(BigInt(index - reach)) ?? 0;
    expect(Math.abs(found - expected)).toBeLessThanOrEqual(left);
    expect(found).toBeCloseTo(masses.get(BigInt(reach - index)) ?? 0, 12);
  }
});

test("large and fine parameters have their variance", () => {
  for (const parameter of [fraction(2n ** 80n, 3n), fraction(2n ** 52n + 1n, 1n)]) {
    const sigma = Math.sqrt(numberOf(parameter));
    const values = draws(discreteGaussian, parameter, 20_000).map((value) => value / sigma);
    expect(Math.abs(variance(values) - 1)).toBeLessThan(5 * Math.sqrt(2 / values.length));
  }
  const scale = fraction(2n ** 90n + 1n, 7n);
  const values = draws(discreteLaplace, scale, 20_000).map((value) => value / numberOf(scale));
  expect(Math.abs(variance(values) / 2 - 1)).toBeLessThan(5 * Math.sqrt(5 / values.length));
});

test.each([
  [0n, 1n],
  [-1n, 1n],
  [1n, 0n],
  [1n, -1n],
])("a parameter of %i/%i is refused", (numerator, denominator) => {
  const source = new UniformSource(reproducibleRng("refused"));
  expect(() => discreteGaussian({ numerator, denominator }, source)).toThrow(InvariantError);
  expect(() => discreteLaplace({ numerator, denominator }, source)).toThrow(InvariantError);
});

test.skipIf(vectorsMissing)("the Laplace law tested against has the reference values", () => {
  const vectors = vectorsOf(
    "discrete_laplace_pmf",
    z.object({ scale: z.number(), points: z.array(z.number()) }),
    z.object({ pmf: z.array(z.number()), variance: z.number() }),
  );
  for (const { inputs, expected, tolerance } of vectors) {
    const pmf = discreteLaplacePmf(inputs.scale, 200);
    const values = inputs.points.map((point) => pmf[point + 200] ?? 0);
    const spread = pmf.reduce((sum, mass, i) => sum + mass * (i - 200) ** 2, 0);
    for (const [index, value] of [...expected.pmf, expected.variance].entries()) {
      expect(relativeError([...values, spread][index] ?? 0, value)).toBeLessThan(
        tolerance["rel"] ?? 0,
      );
    }
  }
});
