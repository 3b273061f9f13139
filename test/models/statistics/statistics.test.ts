/** Statistics of exact sums against published examples and SciPy 1.17; what noise changes, and what has no answer. */
import { expect, test } from "vitest";
import { correlations } from "../../../models/statistics/correlation.ts";
import { pooledTest, varianceAnalysis, welchTest } from "../../../models/statistics/groups.ts";
import { logRank } from "../../../models/statistics/log-rank.ts";
import { momentsOf } from "../../../models/statistics/moments.ts";
import { largest } from "../../../models/statistics/ranking.ts";
import { stabilityOf } from "../../../models/statistics/stability.ts";
import { firstAtMost, survivalCurve } from "../../../models/statistics/survival.ts";
import { tableTest, twoByTwo } from "../../../models/statistics/table.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { rng } from "../fixtures.ts";
import { exact, momentSums } from "./noise.ts";

const SCALE = { middle: 5, half: 10 };
const A = [4.2, 5.1, 3.9, 6.0, 5.5, 4.8];
const B = [6.1, 7.3, 5.9, 8.2, 6.6];
const C = [5.0, 5.2, 4.4, 7.1];

test("mean and variance are the pooled rows' to rounding, and without noise have no interval", () => {
  const { count, sum, mean, variance, meanSampled } = momentsOf(
    exact(momentSums([A], 5, 10)),
    SCALE,
  );
  const own = A.reduce((total, x) => total + x, 0) / A.length;
  expect(count).toBe(6);
  expect(sum).toBeCloseTo(29.5, 12);
  expect(mean).toBeCloseTo(own, 12);
  expect(variance).toBeCloseTo(A.reduce((total, x) => total + (x - own) ** 2, 0) / 5, 12);
  expect(meanSampled).toMatchObject({ low: expect.closeTo(4.089230309061752, 9) });
});

test("no rows, and one row, have no mean or variance to tell", () => {
  const none = momentsOf(exact([0, 0, 0]), SCALE);
  expect(none).toMatchObject({ count: 0, mean: null, variance: null, meanSampled: null });
  const one = momentsOf(exact(momentSums([[3]], 5, 10)), SCALE);
  expect(one).toMatchObject({ count: 1, variance: null, meanSampled: null });
  expect(one.mean).toBeCloseTo(3, 12);
});

test("a table's χ², p-value and Cramér's V; an empty row is left out", () => {
  const counts = [30, 14, 9, 22, 40, 11, 5, 8, 33];
  for (const table of [counts, [...counts, 0, 0, 0]]) {
    const tested = tableTest(exact(table), 3);
    expect(tested?.chiSquare).toBeCloseTo(62.97876886308063, 10);
    expect(tested?.degrees).toBe(4);
    expect((tested?.pValue ?? 0) / 6.856075410865986e-13).toBeCloseTo(1, 10);
    expect(tested?.cramersV).toBeCloseTo(0.42787593583005307, 12);
  }
  expect(tableTest(exact([3, 4, 0, 0]), 2)).toBeNull();
});

test("odds ratio and relative risk, with intervals of the sampling", () => {
  const { oddsRatio, relativeRisk, oddsRatioSampled, relativeRiskSampled } = twoByTwo(
    exact([20, 80, 10, 190]),
  );
  expect(oddsRatio).toBeCloseTo(4.75, 12);
  expect(relativeRisk).toBeCloseTo(4, 12);
  expect(oddsRatioSampled).toMatchObject({
    low: expect.closeTo(2.12838804773124, 10),
    high: expect.closeTo(10.600745490959953, 10),
  });
  expect(relativeRiskSampled).toMatchObject({
    low: expect.closeTo(1.9467427857309343, 10),
    high: expect.closeTo(8.218856706327825, 10),
  });
  expect(twoByTwo(exact([20, 80, 0, 190])).oddsRatio).toBeNull();
});

test("Welch's and Student's t-tests", () => {
  const sums = exact(momentSums([A, B], 5, 10));
  const welch = welchTest(sums, SCALE);
  expect(welch.t).toBeCloseTo(-3.5904849234729546, 10);
  expect(welch.degrees).toBeCloseTo(7.885099872639613, 9);
  expect(welch.pValue).toBeCloseTo(0.007251550278951618, 12);
  expect(welch.differenceSampled).toMatchObject({
    low: expect.closeTo(-3.1288647507334915, 9),
    high: expect.closeTo(-0.6778019159331714, 9),
  });
  const pooled = pooledTest(sums, SCALE);
  expect(pooled).toMatchObject({ degrees: expect.closeTo(9, 9) });
  expect(pooled.t).toBeCloseTo(-3.6549619651768697, 10);
  expect(pooled.pValue).toBeCloseTo(0.005276668096147429, 12);
});

test("analysis of variance", () => {
  const tested = varianceAnalysis(exact(momentSums([A, B, C], 5, 10)));
  expect(tested?.f).toBeCloseTo(5.726168499759555, 9);
  expect(tested?.pValue).toBeCloseTo(0.01794612627398397, 11);
  expect(tested).toMatchObject({ degreesBetween: 2, degreesWithin: 12 });
  expect(varianceAnalysis(exact(momentSums([A], 5, 10)))).toBeNull();
});

test("a correlation of three columns; one that is constant has none", () => {
  const x = [1, 2, 3.5, 4, 6, 7.5];
  const y = [2.1, 1.9, 4.4, 3.2, 6.5, 5.5];
  const columns = [x, y, x.map(() => 2)];
  const sum = (f: (i: number) => number): number => x.reduce((total, _, i) => total + f(i), 0);
  const at = (k: number, i: number): number => columns[k]?.[i] ?? 0;
  const sums = [x.length, ...[0, 1, 2].map((k) => sum((i) => at(k, i)))];
  for (let a = 0; a < 3; a++)
    for (let b = a; b < 3; b++) sums.push(sum((i) => at(a, i) * at(b, i)));
  const [first, ...constant] = correlations(exact(sums), 3);
  expect(first?.r).toBeCloseTo(0.8832680794432398, 12);
  expect(first?.pValue).toBeCloseTo(0.01964419742159926, 12);
  expect(first?.rSampled).toMatchObject({ low: expect.closeTo(0.2532253824256927, 9) });
  for (const { r, pValue } of constant) expect([r, pValue]).toEqual([null, null]);
});

/** Weeks of remission, 6-MP and placebo; negative: withdrawn. Freireich et al. 1963, Blood 21. */
const TREATED = [
  6, 6, 6, -6, 7, -9, 10, -10, -11, 13, 16, -17, -19, -20, 22, 23, -25, -32, -32, -34, -35,
];
const PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23];

function onWeeks(times: readonly number[]): number[] {
  const sums = Array<number>(72).fill(0);
  for (const time of times) {
    const at = time > 0 ? time : 36 - time;
    sums[at] = (sums[at] ?? 0) + 1;
  }
  return sums;
}

test("Kaplan and Meier's curve of the leukaemia trial, as Kalbfleisch and Prentice print it", () => {
  const curve = survivalCurve(exact(onWeeks(TREATED)));
  const printed = [
    [6, 0.857],
    [7, 0.807],
    [10, 0.753],
    [13, 0.69],
    [16, 0.627],
    [22, 0.538],
    [23, 0.448],
  ] as const;
  for (const [week, survival] of printed) expect(curve[week]?.survival).toBeCloseTo(survival, 3);
  expect(curve[6]?.atRisk).toBe(21);
  // Greenwood's standard error at 6 weeks is 0.076; on ln(−ln S) the interval is 0.620 to 0.952.
  expect(curve[6]?.survivalSampled).toMatchObject({
    low: expect.closeTo(0.62, 3),
    high: expect.closeTo(0.952, 3),
  });
  const told = curve.map(({ survival }) => (typeof survival === "number" ? survival : null));
  expect(firstAtMost(told, 0.5)).toBe(23);
  expect(firstAtMost(told, 0.1)).toBe(-1);
});

test("the log-rank test of the leukaemia trial: χ² 16.8, 19.3 and 10.7 relapses expected", () => {
  const tested = logRank(exact([...onWeeks(TREATED), ...onWeeks(PLACEBO)]), 2);
  expect(tested?.chiSquare).toBeCloseTo(16.793, 3);
  expect(tested?.expected[0]).toBeCloseTo(19.25, 2);
  expect(tested?.expected[1]).toBeCloseTo(10.75, 2);
  expect(tested?.events).toEqual(Float64Array.of(9, 21));
  expect(tested?.pValue).toBeCloseTo(4.17e-5, 7);
  expect(logRank(exact([...onWeeks([]), ...onWeeks(PLACEBO)]), 2)).toBeNull();
});

test("the stability index", () => {
  const [p, q] = [
    [0.2, 0.5, 0.3],
    [0.3, 0.4, 0.3],
  ];
  const index = p?.reduce(
    (sum, own, b) => sum + (own - (q?.[b] ?? 0)) * Math.log(own / (q?.[b] ?? 1)),
    0,
  );
  const counts = [20, 50, 30, 60, 80, 60];
  expect(stabilityOf(exact(counts))?.index).toBeCloseTo(index ?? 0, 12);
  expect(stabilityOf(exact([20, 50, 30, 0, 0, 0]))).toBeNull();
});

test("the largest counts keep their order, and say which ranks noise leaves open", () => {
  const [first, second] = largest({ sums: Float64Array.of(5, 100, 90, 2), stdDev: 5 }, 2);
  expect(first).toMatchObject({ index: 1, rankBest: 1, rankWorst: 2 });
  expect(second).toMatchObject({ index: 2, rankBest: 1, rankWorst: 2 });
  expect(largest(exact([7, 9, 7]), 3).map(({ index }) => index)).toEqual([1, 0, 2]);
});

/** How often p-values below 0.05 come where nothing differs and noise is added. */
function falseAlarms(draw: (source: UniformSource) => number | null): number {
  const source = new UniformSource(rng("nothing differs"));
  let alarms = 0;
  for (let i = 0; i < 800; i++) if ((draw(source) ?? 1) < 0.05) alarms += 1;
  return alarms / 800;
}

test("noise alone does not make a difference: p-values below 5 % come in 5 % of questions", () => {
  const stdDev = 12;
  // As a multinomial count, nearly: each cell's own spread is √count, and margins are random.
  const table = falseAlarms((source) => {
    const sums = Float64Array.from([200, 300, 100, 150, 400, 200], (_, i) => {
      const expected = ([400, 600][Math.floor(i / 3)] ?? 0) * ([0.2, 0.5, 0.3][i % 3] ?? 0);
      return expected + Math.sqrt(expected) * source.normal() + stdDev * source.normal();
    });
    return tableTest({ sums, stdDev }, 3)?.pValue ?? null;
  });
  const means = (groups: number) =>
    falseAlarms((source) => {
      const values = Array.from({ length: groups }, () =>
        Array.from({ length: 60 }, () => 5 + 3 * source.normal()),
      );
      const sums = Float64Array.from(momentSums(values, 5, 10), (sum) => sum + 3 * source.normal());
      const noised = { sums, stdDev: 3 };
      const tested = groups === 2 ? welchTest(noised, SCALE) : varianceAnalysis(noised);
      return tested?.pValue ?? null;
    });
  for (const share of [table, means(2), means(3)]) {
    expect(share).toBeGreaterThan(0.03);
    expect(share).toBeLessThan(0.07);
  }
});
