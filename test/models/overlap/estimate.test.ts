/** Estimates from sketches by simulation: unbiased, with the variance of the formula, and intervals that hold. */
import { expect, test } from "vitest";
import type { Estimate } from "../../../models/answers/answer.ts";
import { overlapEstimate, shareEstimate, sizeEstimate } from "../../../models/overlap/estimate.ts";
import type { Gram } from "../../../models/overlap/gram.ts";
import { overlapVariance, slotsFor } from "../../../models/overlap/sketch-size.ts";
import { unionEstimate } from "../../../models/overlap/union.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { SLOTS_MIN } from "../../../shared/charter/overlap-spec.ts";
import { rng } from "../fixtures.ts";
import { type Invented, inventedGram, trueOverlap, trueUnion } from "./sketching.ts";

const TRIALS = 1600;

function grams(invented: Invented, seed: string, trials = TRIALS): Gram[] {
  const random = rng(seed);
  const source = new UniformSource(random);
  return Array.from({ length: trials }, () => inventedGram(invented, random, source));
}

/** Share of the estimates whose interval holds the truth. */
function coverage(estimates: readonly (Estimate | null)[], truth: number): number {
  const held = estimates.filter((e) => e !== null && e.low <= truth && truth <= e.high);
  return held.length / estimates.length;
}

/** Over 1600 trials a coverage of 95 % is seen within 2 points of it, at 3.7 standard errors. */
function expectNineteenOfTwenty(share: number): void {
  expect(share).toBeGreaterThan(0.93);
  expect(share).toBeLessThan(0.97);
}

const mean = (values: readonly number[]): number =>
  values.reduce((a, b) => a + b, 0) / values.length;

function moments(values: readonly number[]): { mean: number; variance: number } {
  const centre = mean(values);
  return { mean: centre, variance: mean(values.map((value) => (value - centre) ** 2)) };
}

const pair = (both: number, first: number, second: number, noiseStdDev = 2): Invented => ({
  regions: { "11": both, "10": first, "01": second },
  memberCount: 2,
  slots: SLOTS_MIN,
  noiseStdDev,
});

test.each([
  ["some overlap", pair(200, 400, 100)],
  [
    "one set within the other and little noise, where the self term is a sixth of it",
    pair(300, 300, 0, 1),
  ],
  ["no overlap", pair(0, 500, 500)],
  ["very uneven sets", pair(1, 0, 2000)],
])("the dot product varies as the formula says: %s", (_, invented) => {
  const seen = grams(invented, "variance", 3000).map(({ products }) => products[1] ?? 0);
  const truth = trueOverlap(invented, 0, 1);
  const variance = overlapVariance({
    slots: invented.slots,
    noiseStdDev: invented.noiseStdDev,
    sizes: [trueOverlap(invented, 0, 0), trueOverlap(invented, 1, 1)],
    overlap: truth,
  });
  const { mean: centre, variance: spread } = moments(seen);
  // Four standard errors of the mean; a variance over 3000 trials is known to 2.6 %.
  expect(Math.abs(centre - truth)).toBeLessThan(4 * Math.sqrt(variance / seen.length));
  expect(spread / variance).toBeGreaterThan(0.91);
  expect(spread / variance).toBeLessThan(1.09);
});

test.each([
  ["two sets that share a fifth", pair(100, 400, 400)],
  ["two sets that share all", pair(500, 0, 0)],
  ["two sets that share nothing", pair(0, 500, 300)],
  ["empty sets", pair(0, 0, 0)],
  ["a set of one, which the other has", pair(1, 0, 1000)],
  ["a set of one, which the other has not", pair(0, 1, 1000)],
  ["a set of two thousand beside one of fifty", pair(40, 1960, 10)],
])("intervals of overlap and sizes hold in 93 to 97 of 100 cases: %s", (_, invented) => {
  const all = grams(invented, "coverage");
  for (const [i, j] of [
    [0, 1],
    [0, 0],
    [1, 1],
  ] as const) {
    const estimates = all.map((gram) =>
      i === j ? sizeEstimate(gram, i) : overlapEstimate(gram, i, j),
    );
    expectNineteenOfTwenty(coverage(estimates, trueOverlap(invented, i, j)));
  }
});

test("a share's interval holds, and there is no share of what may be nothing", () => {
  const invented = pair(300, 450, 150, 1);
  const all = grams(invented, "shares");
  expectNineteenOfTwenty(
    coverage(
      all.map((gram) => shareEstimate(gram, 0, 1)),
      0.4,
    ),
  );
  expectNineteenOfTwenty(
    coverage(
      all.map((gram) => shareEstimate(gram, 1, 0)),
      2 / 3,
    ),
  );
  for (const gram of grams(pair(0, 0, 500), "no share", 50))
    expect(shareEstimate(gram, 0, 1)).toBeNull();
});

test("two members' union is decided by their overlap, and its interval holds", () => {
  const invented = pair(200, 400, 100);
  expectNineteenOfTwenty(coverage(grams(invented, "union of two").map(unionEstimate), 700));
});

const members = (regions: Record<string, number>): Invented => ({
  regions,
  memberCount: 4,
  slots: 512,
  noiseStdDev: 2,
});

test.each([
  ["disjoint", members({ "1000": 300, "0100": 300, "0010": 300, "0001": 300 })],
  ["all the same", members({ "1111": 400 })],
  [
    "every two share something of their own",
    members({ "1100": 90, "1010": 90, "1001": 90, "0110": 90, "0101": 90, "0011": 90 }),
  ],
  [
    "one has all that the others have",
    members({ "1000": 700, "1100": 100, "1010": 100, "1001": 100 }),
  ],
  ["three have the same, one nothing", members({ "1110": 300 })],
])("the union of four lies within its interval in 95 of 100 cases at least: %s", (_, invented) => {
  const estimates = grams(invented, "unions", 400).map(unionEstimate);
  expect(coverage(estimates, trueUnion(invented))).toBeGreaterThan(0.94);
  for (const { low, value, high } of estimates) expect(low <= value && value <= high).toBe(true);
});

test("where bounds meet, the union's interval is as narrow as noise allows", () => {
  const disjoint = members({ "1000": 3000, "0100": 3000, "0010": 3000, "0001": 3000 });
  const [gram] = grams({ ...disjoint, noiseStdDev: 1, slots: 8192 }, "narrow", 1);
  if (gram === undefined) throw new Error("one gram was asked for");
  const { low, value, high } = unionEstimate(gram);
  expect(Math.abs(value - 12_000)).toBeLessThan(600);
  expect(high - low).toBeLessThan(2500);
});

test("the length of a sketch: what errs least, within the bytes, and never too short for intervals", () => {
  const bounds = { sizeExpected: 1_000_000, noiseStdDev: 4, sketchCount: 5, slotBytes: 2 };
  expect(slotsFor({ ...bounds, bytesMax: 1e9 })).toBe(62_500);
  expect(slotsFor({ ...bounds, bytesMax: 280_000 })).toBe(28_000);
  expect(slotsFor({ ...bounds, sizeExpected: 1000, bytesMax: 1e9 })).toBe(SLOTS_MIN);
  const error = (slots: number): number =>
    overlapVariance({ slots, noiseStdDev: 4, sizes: [1e6, 1e6], overlap: 0 });
  for (const other of [50_000, 61_000, 64_000, 75_000])
    expect(error(other)).toBeGreaterThan(error(62_500));
  expect(Math.sqrt(error(62_500))).toBeCloseTo(2 * 4 * 1000, 6);
  expect(Math.sqrt(error(31_250) / error(62_500))).toBeCloseTo(1.06, 2);
});
