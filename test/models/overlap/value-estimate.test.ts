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
const NOISE = 2;
/** Places of the sketches: identifiers of two members, then the values of the first. */
const PAIR = { own: 0, values: 2, other: 1 };

/** Values of the first's customers: those that the second has too, and the others; and how many more the second has. */
interface Setting {
  readonly common: readonly number[];
  readonly rest: readonly number[];
  readonly others: number;
}

const many = (count: number, value: (i: number) => number): number[] =>
  Array.from({ length: count }, (_, i) => value(i));
/** Long-tailed: a twentieth of the customers has most of it. */
const skewed = (i: number): number => (i % 20 === 0 ? 1 : 0.02 + (i % 7) / 100);

const random = rng("values");
const source = new UniformSource(random);

function inventedGram({ common, rest, others }: Setting): Gram {
  const sketches = new Float64Array(3 * SLOTS);
  const [first, second, values] = [0, 1, 2].map((k) =>
    sketches.subarray(k * SLOTS, (k + 1) * SLOTS),
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
  const noise = new Int32Array(sketches.length);
  discreteGaussianInto(noise, NOISE, source);
  return gramOf(
    sketches.map((x, s) => x + (noise[s] ?? 0)),
    3,
    NOISE,
  );
}

const total = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0);
const squares = (values: readonly number[]): number => total(values.map((v) => v * v));

const SETTINGS: readonly (readonly [string, Setting])[] = [
  ["a third in common", { common: many(200, skewed), rest: many(400, skewed), others: 300 }],
  ["none in common", { common: [], rest: many(500, skewed), others: 500 }],
  ["ups and downs", { common: many(300, (i) => (i % 3) - 1), rest: many(200, skewed), others: 9 }],
  ["few, all of whom a large one has", { common: many(40, skewed), rest: [], others: 2000 }],
  ["nobody at all", { common: [], rest: [], others: 800 }],
];

const TRIALS = 1600;

/** Over 1600 trials a coverage of 95 % is seen within 2 points of it, at 3.7 standard errors. */
function expectNineteenOfTwenty(estimates: readonly (Estimate | null)[], truth: number): void {
  const held = estimates.filter((e) => e !== null && e.low <= truth && truth <= e.high);
  expect(held.length / estimates.length).toBeGreaterThan(0.93);
  expect(held.length / estimates.length).toBeLessThan(0.97);
}

test.each(
  SETTINGS,
)("sums of the matched and of the rest hold in 93 to 97 of 100 cases, and vary as the formula says: %s", (_, setting) => {
  const { common, rest, others } = setting;
  const grams = Array.from({ length: TRIALS }, () => inventedGram(setting));
  const [matched, unmatched] = [commonValue, restValue].map((of) =>
    grams.map((gram) => of(gram, PAIR)),
  );
  expectNineteenOfTwenty(matched?.map(({ sum }) => sum) ?? [], total(common));
  expectNineteenOfTwenty(unmatched?.map(({ sum }) => sum) ?? [], total(rest));
  expectNineteenOfTwenty(unmatched?.map(({ count }) => count) ?? [], rest.length);
  const variance = overlapVariance({
    slots: SLOTS,
    noiseStdDev: NOISE,
    sizes: [common.length + others, squares([...common, ...rest])],
    overlap: total(common),
    overlapSquares: squares(common),
  });
  const seen = matched?.map(({ sum }) => sum.value) ?? [];
  const mean = total(seen) / TRIALS;
  expect(Math.abs(mean - total(common))).toBeLessThan(4 * Math.sqrt(variance / TRIALS));
  // A variance over 1600 trials is known to 3.6 %, and tails of products are heavier than normal.
  const spread = total(seen.map((value) => (value - mean) ** 2)) / TRIALS;
  expect(spread / variance).toBeGreaterThan(0.88);
  expect(spread / variance).toBeLessThan(1.12);
});

test("a mean's interval holds, and there is no mean of what may be nobody", () => {
  const setting = { common: many(1600, skewed), rest: many(100, skewed), others: 100 };
  const all = Array.from({ length: TRIALS }, () => inventedGram(setting));
  const mean = total(setting.common) / setting.common.length;
  expectNineteenOfTwenty(
    all.map((gram) => commonValue(gram, PAIR).mean),
    mean,
  );
  for (const gram of all.slice(0, 50)) expect(restValue(gram, PAIR).mean).toBeNull();
});
