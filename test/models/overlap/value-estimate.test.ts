/** Sums over the matched by simulation: unbiased, with the variance of the formula, and intervals that hold. */
import { expect, test } from "vitest";
import type { Estimate } from "../../../models/answers/answer.ts";
import { type Gram, gramOf } from "../../../models/overlap/gram.ts";
import { addToSketchInPlace } from "../../../models/overlap/sketch.ts";
import { overlapVariance } from "../../../models/overlap/sketch-size.ts";
import { commonValue, restValue } from "../../../models/overlap/value-estimate.ts";
import { randomBytes } from "../../../shared/base/env.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { discreteGaussianInto } from "../../../shared/privacy/noise/gaussian.ts";
import { rng } from "../fixtures.ts";

const SLOTS = 256;
/** Places of the sketches: identifiers of two members, then the values of the first. */
const PAIR = { own: 0, values: 2, other: 1 };

/** Values of the first's customers: those that the second has too, and the others; and how many more the second has. */
interface Setting {
  readonly common: readonly number[];
  readonly rest: readonly number[];
  readonly others: number;
  /** Of the noise in each slot. */
  readonly noise: number;
}

const many = (count: number, value: (i: number) => number): number[] =>
  Array.from({ length: count }, (_, i) => value(i));
/** Long-tailed: a twentieth of the customers has most of it. */
const skewed = (i: number): number => (i % 20 === 0 ? 1 : 0.02 + (i % 7) / 100);

const random = rng("values");
const source = new UniformSource(random);

function inventedGram({ common, rest, others, noise }: Setting, slots = SLOTS): Gram {
  const sketches = new Float64Array(3 * slots);
  const [first, second, values] = [0, 1, 2].map((k) =>
    sketches.subarray(k * slots, (k + 1) * slots),
  );
  if (!first || !second || !values) throw new Error("three sections");
  const own = [...common, ...rest];
  const hashes = randomBytes(random, 8 * (own.length + others));
  for (let x = 0; x < own.length + others; x++) {
    const value = own[x];
    if (value !== undefined) {
      addToSketchInPlace(first, hashes, 8 * x);
      addToSketchInPlace(values, hashes, 8 * x, value);
    }
    if (x < common.length || value === undefined) addToSketchInPlace(second, hashes, 8 * x);
  }
  const added = new Int32Array(sketches.length);
  if (noise > 0) discreteGaussianInto(added, noise, source);
  return gramOf(
    sketches.map((x, s) => x + (added[s] ?? 0)),
    3,
    noise,
  );
}

const total = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0);
const squares = (values: readonly number[]): number => total(values.map((v) => v * v));

const half = (i: number): number => 0.2 + (i % 7) / 10;

const SETTINGS: readonly (readonly [string, Setting])[] = [
  ["a third", { common: many(200, half), rest: many(400, skewed), others: 300, noise: 1 }],
  ["all, and little noise", { common: many(500, half), rest: [], others: 0, noise: 1 }],
  ["none", { common: [], rest: many(500, skewed), others: 500, noise: 2 }],
  [
    "up and down",
    { common: many(300, (i) => (i % 3) - 1), rest: many(200, half), others: 9, noise: 2 },
  ],
  ["few, a large set of the other's", { common: many(40, half), rest: [], others: 2000, noise: 2 }],
];

const TRIALS = 1600;

/** Over 1600 trials a coverage of 95 % is seen within 2 points of it, at 3.7 standard errors. */
function expectNineteenOfTwenty(estimates: readonly (Estimate | null)[], truth: number): void {
  const held = estimates.filter((e) => e !== null && e.low <= truth && truth <= e.high);
  expect(held.length / estimates.length).toBeGreaterThan(0.93);
  expect(held.length / estimates.length).toBeLessThan(0.97);
}

function moments(values: readonly number[]): { mean: number; variance: number } {
  const mean = total(values) / values.length;
  return { mean, variance: total(values.map((value) => (value - mean) ** 2)) / values.length };
}

/** Within four standard errors of a mean of as many. */
function expectUnbiased(estimates: readonly Estimate[], truth: number): void {
  const { mean, variance } = moments(estimates.map(({ value }) => value));
  expect(Math.abs(mean - truth)).toBeLessThan(4 * Math.sqrt(variance / estimates.length));
}

test.each(
  SETTINGS,
)("sums of those in common, and of the rest, are right on average and in 93 to 97 of 100 intervals: %s", (_, setting) => {
  const { common, rest } = setting;
  const grams = Array.from({ length: TRIALS }, () => inventedGram(setting));
  for (const [of, values] of [
    [commonValue, common],
    [restValue, rest],
  ] as const) {
    const told = grams.map((gram) => of(gram, PAIR));
    const sums = told.map(({ sum }) => sum);
    expectUnbiased(sums, total(values));
    expectNineteenOfTwenty(sums, total(values));
    const counts = told.map(({ count }) => count);
    expectUnbiased(counts, values.length);
    expectNineteenOfTwenty(counts, values.length);
  }
});

test.each([
  ["all in common", { common: many(200, half), rest: [], others: 0, noise: 1 }, 128],
  [
    "so few that each meets itself, without noise",
    { common: many(6, () => 0.3), rest: [], others: 0, noise: 0 },
    16,
  ],
])("a sum varies as the formula says: %s", (_, setting, slots) => {
  const { common, rest, others, noise } = setting;
  const variance = overlapVariance({
    slots,
    noiseStdDev: noise,
    sizes: [common.length + others, squares([...common, ...rest])],
    overlap: total(common),
    overlapSquares: squares(common),
  });
  const grams = Array.from({ length: 3000 }, () => inventedGram(setting, slots));
  const seen = moments(grams.map((gram) => commonValue(gram, PAIR).sum.value)).variance;
  // A variance over 3000 trials is known to 2.6 %, to less where tails are heavier than normal.
  expect(seen / variance).toBeGreaterThan(0.9);
  expect(seen / variance).toBeLessThan(1.1);
});

test("a mean's interval holds, and there is no mean of what may be nobody", () => {
  const high = (i: number): number => 0.6 + (i % 5) / 10;
  const setting = { common: many(1600, high), rest: many(100, high), others: 100, noise: 1 };
  const all = Array.from({ length: 800 }, () => inventedGram(setting));
  const mean = total(setting.common) / setting.common.length;
  expectNineteenOfTwenty(
    all.map((gram) => commonValue(gram, PAIR).mean),
    mean,
  );
  for (const gram of all.slice(0, 50)) expect(restValue(gram, PAIR).mean).toBeNull();
});
