/** Every figure of an evaluation against its definition on the scores themselves: within the range that binning leaves. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Figure } from "../../../models/metrics/figure.ts";
import {
  addScoresInPlace,
  metricsOfHistogram,
  scoreBin,
} from "../../../models/metrics/histogram.ts";
import { type Told, toldReport } from "../../../models/metrics/noised-report.ts";
import { metricsOfScores } from "../../../models/metrics/ranking.ts";
import {
  type EvaluationReport,
  type ReportRequest,
  reportOf,
} from "../../../models/metrics/report.ts";
import { runningCounts, type ScoreCounts } from "../../../models/metrics/running-counts.ts";

const REQUEST: ReportRequest = {
  thresholds: [0.03, 0.5, 0.9],
  falsePositiveRates: [0.01, 0.1, 0.3],
  alertBudgets: [0.07, 5],
  probabilities: true,
};

interface Row {
  readonly logit: number;
  readonly label: number;
}

/** Log-odds inside and beyond the outermost bins, often equal. */
const rows = fc.array(
  fc.record({
    logit: fc.oneof(
      fc.integer({ min: -40, max: 40 }).map((x) => x / 4),
      fc.integer({ min: -12_000_000, max: 12_000_000 }).map((x) => Math.fround(x / 1e6)),
    ),
    label: fc.integer({ min: 0, max: 1 }),
  }),
  { minLength: 2, maxLength: 120 },
);

function countsOf(table: readonly Row[], bins: number): ScoreCounts {
  const histogram = new Float64Array(2 * bins);
  const logits = Float32Array.from(table, ({ logit }) => logit);
  addScoresInPlace(
    histogram,
    logits,
    Uint8Array.from(table, ({ label }) => label),
    null,
  );
  return { negatives: histogram.slice(0, bins), positives: histogram.slice(bins) };
}

const scoreOf = ({ logit }: Row): number => 1 / (1 + Math.exp(-logit));
const positivesOf = (table: readonly Row[]): number =>
  table.reduce((sum, { label }) => sum + label, 0);

/** sup |F₁ − F₀| over all thresholds. */
function ksOf(table: readonly Row[]): number {
  const positives = positivesOf(table);
  const negatives = table.length - positives;
  return Math.max(
    ...table.map(({ logit }) => {
      const above = table.filter((row) => row.logit >= logit);
      const found = positivesOf(above);
      return Math.abs(found / positives - (above.length - found) / negatives);
    }),
  );
}

function recallAt(table: readonly Row[], rate: number): number {
  const positives = positivesOf(table);
  const budget = rate * (table.length - positives);
  const levels = [...new Set(table.map(({ logit }) => logit))].sort((a, b) => b - a);
  let [found, passed] = [0, 0];
  for (const level of levels) {
    const group = table.filter(({ logit }) => logit === level);
    const p = positivesOf(group);
    const n = group.length - p;
    if (passed + n > budget) return (found + (p * (budget - passed)) / n) / positives;
    found += p;
    passed += n;
  }
  return 1;
}

/** Positives among the highest `wanted` rows; of equal ones as many as are there on average. */
function foundIn(table: readonly Row[], wanted: number): number {
  const levels = [...new Set(table.map(({ logit }) => logit))].sort((a, b) => b - a);
  let [found, taken] = [0, 0];
  for (const level of levels) {
    const group = table.filter(({ logit }) => logit === level);
    if (taken + group.length >= wanted)
      return found + (positivesOf(group) * (wanted - taken)) / group.length;
    found += positivesOf(group);
    taken += group.length;
  }
  return found;
}

function expectedError(table: readonly Row[], bins: number): number {
  const groups = Math.min(16, bins);
  const sums = new Float64Array(groups);
  for (const row of table) {
    const group = Math.floor((scoreBin(row.logit, bins) * groups) / bins);
    sums[group] = (sums[group] ?? 0) + scoreOf(row) - row.label;
  }
  return sums.reduce((sum, one) => sum + Math.abs(one), 0) / table.length;
}

function brier(table: readonly Row[]): number {
  return table.reduce((sum, row) => sum + (scoreOf(row) - row.label) ** 2, 0) / table.length;
}

function within(figure: Figure | undefined, exact: number): void {
  const { low, high } = figure?.binning ?? { low: Number.NaN, high: Number.NaN };
  expect(exact).toBeGreaterThanOrEqual(low - 1e-9);
  expect(exact).toBeLessThanOrEqual(high + 1e-9);
  expect(figure?.value).toBeGreaterThanOrEqual(low - 1e-9);
  expect(figure?.value).toBeLessThanOrEqual(high + 1e-9);
}

function rankingWithin(report: EvaluationReport<Figure>, table: readonly Row[]): void {
  const logits = Float64Array.from(table, ({ logit }) => logit);
  const exact = metricsOfScores(
    logits,
    Uint8Array.from(table, ({ label }) => label),
  );
  if (!exact) throw new Error("both labels are there");
  within(report.rocAuc, exact.rocAuc);
  within(report.gini, 2 * exact.rocAuc - 1);
  within(report.prAuc, exact.prAuc);
  within(report.ks, ksOf(table));
  for (const { falsePositiveRate, recall } of report.recalls)
    within(recall, recallAt(table, falsePositiveRate));
  const positives = positivesOf(table);
  for (const { budget, precision, recall, lift } of report.budgets) {
    const wanted = budget < 1 ? budget * table.length : Math.min(budget, table.length);
    const found = foundIn(table, wanted);
    within(precision, found / wanted);
    within(recall, found / positives);
    within(lift, (found / wanted) * (table.length / positives));
  }
}

function confusionWithin(report: EvaluationReport<Figure>, table: readonly Row[]): void {
  const positives = positivesOf(table);
  for (const { threshold, ...figures } of report.thresholds) {
    const flagged = table.filter(({ logit }) => logit >= Math.log(threshold / (1 - threshold)));
    const found = positivesOf(flagged);
    const alarms = flagged.length - found;
    within(figures.truePositives, found);
    within(figures.falsePositives, alarms);
    within(figures.falseNegatives, positives - found);
    within(figures.trueNegatives, table.length - positives - alarms);
    within(figures.recall, found / positives);
    within(figures.falsePositiveRate, alarms / (table.length - positives));
  }
}

test("figures of the scores themselves lie within what binning leaves open", () => {
  const bins = fc.constantFrom(2, 4, 16, 64, 48);
  const property = fc.property(rows, bins, (table, binCount) => {
    const positives = positivesOf(table);
    fc.pre(positives > 0 && positives < table.length);
    const report = reportOf(runningCounts(countsOf(table, binCount)), REQUEST, (figure) => figure);
    rankingWithin(report, table);
    confusionWithin(report, table);
    within(report.calibration?.expectedError, expectedError(table, binCount));
    within(report.calibration?.brier, brier(table));
  });
  fc.assert(property, { seed: 21, numRuns: 300 });
});

test("where every row is in a bin of its own, figures are those of the scores, and ranges are points", () => {
  const table = Array.from({ length: 64 }, (_, bin) => ({
    logit: -8 + (bin + 0.5) / 4,
    label: bin % 3 === 0 ? 1 : 0,
  }));
  const report = reportOf(runningCounts(countsOf(table, 64)), REQUEST, (figure) => figure);
  for (const figure of [report.rocAuc, report.prAuc, report.ks])
    expect(figure.binning.high - figure.binning.low).toBeCloseTo(0, 1);
  const exact = metricsOfScores(
    Float64Array.from(table, ({ logit }) => logit),
    Uint8Array.from(table, ({ label }) => label),
  );
  expect(report.rocAuc.value).toBeCloseTo(exact?.rocAuc ?? Number.NaN, 12);
  expect(report.prAuc.value).toBeCloseTo(exact?.prAuc ?? Number.NaN, 12);
  expect(report.calibration?.brier.value).toBeCloseTo(brier(table), 12);
});

test("it says what training's own evaluation says of the same histogram", () => {
  const property = fc.property(rows, (table) => {
    const { negatives, positives } = countsOf(table, 32);
    const metrics = metricsOfHistogram(Float64Array.of(...negatives, ...positives));
    fc.pre(metrics !== null);
    const asked = { ...REQUEST, falsePositiveRates: [0.01, 0.05] };
    const told = toldReport({ negatives, positives }, 0, asked);
    expect(told?.rocAuc.value).toBeCloseTo(metrics?.rocAuc ?? Number.NaN, 12);
    expect(told?.prAuc.value).toBeCloseTo(metrics?.prAuc ?? Number.NaN, 12);
    expect(told?.recalls[0]?.recall.value).toBeCloseTo(metrics?.recallAt1pctFpr ?? Number.NaN, 12);
    expect(told?.recalls[1]?.recall.value).toBeCloseTo(metrics?.recallAt5pctFpr ?? Number.NaN, 12);
  });
  fc.assert(property, { seed: 22 });
});

test("the curve begins with the highest scores and ends with every row; exact counts have no interval", () => {
  const table = [
    { logit: 3, label: 1 },
    { logit: 1, label: 0 },
    { logit: -1, label: 1 },
    { logit: -3, label: 0 },
  ];
  const told = toldReport(countsOf(table, 4), 0, REQUEST);
  const points = told?.curve.map(({ score, recall, falsePositiveRate }) => [
    score.toFixed(3),
    recall.value,
    falsePositiveRate.value,
  ]);
  expect(points).toEqual([
    ["0.982", 0, 0],
    ["0.500", 0.5, 0.5],
    ["0.018", 1, 1],
    ["0.000", 1, 1],
  ]);
  expect(told?.rocAuc.noise).toBeNull();
});

test("without rows of one label, or fewer than noise may have made, there is nothing to tell", () => {
  const counts = { negatives: Float64Array.of(9, 9), positives: Float64Array.of(0, 0) };
  expect(toldReport(counts, 0, REQUEST)).toBeNull();
  const few = { negatives: Float64Array.of(90, 90), positives: Float64Array.of(20, 19) };
  expect(toldReport(few, 10, REQUEST)).toBeNull();
  expect(toldReport(few, 9, REQUEST)).not.toBeNull();
});

test("however noise plays, what is told stays within what such a figure can be", () => {
  const cell = fc.double({ min: -60, max: 200, noNaN: true });
  const half = fc.array(cell, { minLength: 8, maxLength: 8 });
  const property = fc.property(half, half, (negatives, positives) => {
    const counts = {
      negatives: Float64Array.from(negatives),
      positives: Float64Array.from(positives),
    };
    const told = toldReport(counts, 20, REQUEST);
    if (told === null) return;
    for (const { value, noise } of [told.rocAuc, told.prAuc, told.ks, ...recalls(told)]) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(1);
      expect(noise?.low).toBeGreaterThanOrEqual(0);
      expect(noise?.high).toBeLessThanOrEqual(1);
    }
  });
  fc.assert(property, { seed: 23, numRuns: 30 });
});

const recalls = (told: EvaluationReport<Told>): Told[] => told.recalls.map(({ recall }) => recall);
