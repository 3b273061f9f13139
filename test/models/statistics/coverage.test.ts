/** Intervals of noise hold the exact number in 95 of 100 questions: each statistic, over many draws of the noise. */
import { expect, test } from "vitest";
import { correlations } from "../../../models/statistics/correlation.ts";
import { varianceAnalysis, welchTest } from "../../../models/statistics/groups.ts";
import { logRank } from "../../../models/statistics/log-rank.ts";
import { momentsOf } from "../../../models/statistics/moments.ts";
import type { NoisedSums, Told } from "../../../models/statistics/noised.ts";
import { largest } from "../../../models/statistics/ranking.ts";
import { stabilityOf } from "../../../models/statistics/stability.ts";
import { survivalCurve } from "../../../models/statistics/survival.ts";
import { tableTest, twoByTwo } from "../../../models/statistics/table.ts";
import {
  addToTreeInPlace,
  consistentBins,
  quantilePlace,
  treeLength,
} from "../../../models/statistics/tree-histogram.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { rng } from "../fixtures.ts";
import { coverage, momentSums } from "./noise.ts";

const SCALE = { middle: 50, half: 50 };
const source = new UniformSource(rng("rows"));
const column = (count: number, mean: number, spread: number): number[] =>
  Array.from({ length: count }, () => Math.min(100, Math.max(0, mean + spread * source.normal())));

/** Of the slower ones fewer: the share that holds is known to 0.5 % and 1 %. */
const MANY = 2000;
const FEW = 500;

function expectCovered(shares: readonly number[]): void {
  expect(shares.length).toBeGreaterThan(0);
  for (const share of shares) {
    expect(share).toBeGreaterThanOrEqual(0.93);
    expect(share).toBeLessThanOrEqual(0.97);
  }
}

test("count, sum, mean and variance", () => {
  const sums = momentSums([column(400, 55, 15)], 50, 50);
  expectCovered(
    coverage(sums, 8, MANY, (noised) => {
      const { count, sum, mean, variance, stdDev } = momentsOf(noised, SCALE);
      return [count, sum, mean, variance, stdDev];
    }),
  );
});

test("a mean of few rows, where noise is half of their number: no mean at all counts as a miss", () => {
  const sums = momentSums([column(20, 55, 15)], 50, 50);
  expectCovered(coverage(sums, 10, MANY, (noised) => [momentsOf(noised, SCALE).mean]));
});

test("odds ratio and relative risk", () => {
  expectCovered(
    coverage([120, 300, 80, 410], 6, MANY, (noised) => {
      const { oddsRatio, relativeRisk } = twoByTwo(noised);
      return [oddsRatio, relativeRisk];
    }),
  );
});

test("χ² and Cramér's V, also where noise makes most of χ²", () => {
  const numbers = (noised: NoisedSums): Told[] => {
    const { chiSquare = null, cramersV = null } = tableTest(noised, 3) ?? {};
    return [chiSquare, cramersV];
  };
  expectCovered(coverage([150, 220, 180, 260, 240, 200, 130, 90, 200], 5, FEW, numbers));
  expectCovered(coverage([150, 162, 145, 210, 245, 240, 180, 205, 190], 10, FEW, numbers));
});

test("a difference of two means, and F of three", () => {
  const groups = [column(250, 52, 14), column(300, 57, 20), column(150, 54, 9)];
  expectCovered(
    coverage(momentSums(groups.slice(0, 2), 50, 50), 6, MANY, (noised) => [
      welchTest(noised, SCALE).difference,
    ]),
  );
  expectCovered(
    coverage(momentSums(groups, 50, 50), 2, FEW, (noised) => {
      const { f = null, shareBetween = null } = varianceAnalysis(noised) ?? {};
      return [f, shareBetween];
    }),
  );
});

test("a correlation", () => {
  const sums = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < 600; i++) {
    const x = 0.4 * source.normal();
    const y = 0.5 * x + 0.3 * source.normal();
    for (const [k, part] of [1, x, y, x * x, x * y, y * y].entries())
      sums[k] = (sums[k] ?? 0) + part;
  }
  expectCovered(coverage(sums, 4, MANY, (noised) => correlations(noised, 2).map(({ r }) => r)));
});

test("the stability index", () => {
  const before = [120, 200, 310, 240, 130];
  const after = [150, 240, 290, 200, 180];
  expectCovered(
    coverage([...before, ...after], 6, MANY, (noised) => [stabilityOf(noised)?.index ?? null]),
  );
});

test("the stability index of two histograms, the noise of the second three times as large", () => {
  const before = [120, 200, 310, 240, 130];
  const after = [190, 290, 280, 200, 140];
  // Counts of the second in units of their noise, so that all are noised alike.
  const alike = [...before, ...after.map((count) => count / 3)];
  const index = ({ sums, stdDev }: NoisedSums): Told =>
    stabilityOf({ sums: sums.map((count, i) => (i < 5 ? count : 3 * count)), stdDev }, 3)?.index ??
    null;
  expectCovered(coverage(alike, 4, MANY, (noised) => [index(noised)]));
});

const EVENTS = [30, 40, 28, 35, 22, 18];
const GONE = [12, 15, 20, 30, 40, 260];

test("a survival curve", () => {
  expectCovered(
    coverage([...EVENTS, ...GONE], 4, MANY, (noised) =>
      survivalCurve(noised).map(({ survival }) => survival),
    ),
  );
});

test("the log-rank test of two groups and of three", () => {
  const other = [12, 20, 22, 20, 20, 15, 20, 18, 25, 28, 38, 300];
  const third = [20, 26, 22, 26, 18, 15, 15, 18, 21, 22, 36, 240];
  const two = [...EVENTS, ...GONE, ...other];
  expectCovered(coverage(two, 3, FEW, (noised) => [logRank(noised, 2)?.chiSquare ?? null]));
  expectCovered(
    coverage([...two, ...third], 3, FEW, (noised) => [logRank(noised, 3)?.chiSquare ?? null]),
  );
});

test("quantiles", () => {
  const height = 5;
  const sums = new Float64Array(treeLength(height));
  for (const value of column(4000, 50, 22))
    addToTreeInPlace(sums, 0, height, Math.min(31, Math.floor((value / 100) * 32)));
  expectCovered(
    coverage(sums, 10, MANY, (noised) =>
      [0.1, 0.25, 0.5, 0.9].map((share) => quantilePlace(consistentBins(noised), share)),
    ),
  );
});

test("the largest counts, by name", () => {
  const counts = [900, 120, 640, 60, 300, 180];
  expectCovered(
    coverage(counts, 12, MANY, (noised) =>
      largest(noised, 6)
        .sort((a, b) => a.index - b.index)
        .map(({ count }) => count),
    ),
  );
});
