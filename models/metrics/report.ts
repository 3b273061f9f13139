/** Everything that a histogram of scores by label tells of a model. Pure. */
import { count, type Figure, ratio, share, shareOf } from "./figure.ts";
import { logitAt } from "./histogram.ts";
import type { Interval } from "./intervals.ts";
import { calibrationOf } from "./probability-figures.ts";
import { giniOf, ksOf, prAucOf, recallAtOf, rocAucOf, topRows } from "./rank-figures.ts";
import { binCount, type RunningCounts, totals } from "./running-counts.ts";
import { type Confusion, confusionAt } from "./threshold-figures.ts";

/** What is wanted of it beside what is always told. */
export interface ReportRequest {
  /** Scores in (0, 1). */
  readonly thresholds: readonly number[];
  /** In (0, 1). */
  readonly falsePositiveRates: readonly number[];
  /** Rows that can be looked at: below 1 a share of all rows, else so many. */
  readonly alertBudgets: readonly number[];
  /** Whether scores are meant as probabilities. */
  readonly probabilities: boolean;
}

/** Every figure as `T`: `Figure` from exact counts, with an interval from noised ones. */
export interface EvaluationReport<T> {
  readonly positives: T;
  readonly negatives: T;
  readonly rocAuc: T;
  readonly gini: T;
  readonly prAuc: T;
  readonly ks: T;
  readonly recalls: readonly { readonly falsePositiveRate: number; readonly recall: T }[];
  readonly budgets: readonly AlertBudget<T>[];
  /** At a tenth, two tenths, … of all rows. */
  readonly gains: readonly AlertBudget<T>[];
  readonly thresholds: readonly ({ readonly threshold: number } & {
    readonly [Name in keyof Confusion]: T;
  })[];
  /** Null where scores are no probabilities. */
  readonly calibration: CalibrationReport<T> | null;
  /** After each bin, highest score first. */
  readonly curve: readonly CurvePoint<T>[];
}

export interface AlertBudget<T> {
  /** As asked for: a share of all rows, or rows. */
  readonly budget: number;
  readonly precision: T;
  /** Of all positives, those among the rows: the gain. */
  readonly recall: T;
  /** Precision over that of rows taken at random. */
  readonly lift: T;
}

export interface CalibrationReport<T> {
  readonly expectedError: T;
  readonly brier: T;
  readonly groups: readonly {
    readonly scores: Interval;
    readonly rows: T;
    readonly meanScore: T;
    readonly positiveShare: T;
  }[];
}

export interface CurvePoint<T> {
  /** The least score above. */
  readonly score: number;
  readonly recall: T;
  readonly falsePositiveRate: T;
  readonly precision: T;
}

const TENTHS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

/**
 * @param take Called with every figure, in an order that depends on request and bins alone.
 */
export function reportOf<T>(
  counts: RunningCounts,
  request: ReportRequest,
  take: (figure: Figure) => T,
): EvaluationReport<T> {
  const all = totals(counts);
  const rocAuc = rocAucOf(counts);
  return {
    positives: take(count(all.positives)),
    negatives: take(count(all.negatives)),
    rocAuc: take(rocAuc),
    gini: take(giniOf(rocAuc)),
    prAuc: take(prAucOf(counts)),
    ks: take(ksOf(counts)),
    recalls: request.falsePositiveRates.map((falsePositiveRate) => ({
      falsePositiveRate,
      recall: take(recallAtOf(counts, falsePositiveRate)),
    })),
    budgets: request.alertBudgets.map((budget) => budgetOf(counts, budget, take)),
    gains: TENTHS.map((share) => budgetOf(counts, share, take, "share")),
    thresholds: request.thresholds.map((threshold) => thresholdOf(counts, threshold, take)),
    calibration: request.probabilities ? calibrationReport(counts, take) : null,
    curve: curveOf(counts, take),
  };
}

function budgetOf<T>(
  counts: RunningCounts,
  budget: number,
  take: (figure: Figure) => T,
  unit: "share" | "rows" = budget < 1 ? "share" : "rows",
): AlertBudget<T> {
  const { positives, negatives } = totals(counts);
  const all = positives + negatives;
  const { rows, found } = topRows(counts, unit === "share" ? budget * all : budget);
  const { value, binning } = found;
  const atRandom = (rows * positives) / all;
  return {
    budget,
    precision: take(shareOf(found, rows)),
    recall: take(shareOf(found, positives)),
    lift: take(
      count(ratio(value, atRandom), ratio(binning.low, atRandom), ratio(binning.high, atRandom)),
    ),
  };
}

function thresholdOf<T>(
  counts: RunningCounts,
  threshold: number,
  take: (figure: Figure) => T,
): EvaluationReport<T>["thresholds"][number] {
  const confusion = confusionAt(counts, threshold);
  return {
    threshold,
    truePositives: take(confusion.truePositives),
    falsePositives: take(confusion.falsePositives),
    trueNegatives: take(confusion.trueNegatives),
    falseNegatives: take(confusion.falseNegatives),
    precision: take(confusion.precision),
    recall: take(confusion.recall),
    falsePositiveRate: take(confusion.falsePositiveRate),
  };
}

function calibrationReport<T>(
  counts: RunningCounts,
  take: (figure: Figure) => T,
): CalibrationReport<T> {
  const { expectedError, brier, groups } = calibrationOf(counts);
  return {
    expectedError: take(expectedError),
    brier: take(brier),
    groups: groups.map(({ scores, rows, meanScore, positiveShare }) => ({
      scores,
      rows: take(rows),
      meanScore: take(meanScore),
      positiveShare: take(positiveShare),
    })),
  };
}

function curveOf<T>(counts: RunningCounts, take: (figure: Figure) => T): CurvePoint<T>[] {
  const bins = binCount(counts);
  const all = totals(counts);
  return Array.from({ length: bins }, (_, k) => {
    const found = counts.positives[k + 1] ?? 0;
    const alarms = counts.negatives[k + 1] ?? 0;
    return {
      score: k === bins - 1 ? 0 : 1 / (1 + Math.exp(-logitAt(bins - 1 - k, bins))),
      recall: take(share(ratio(found, all.positives))),
      falsePositiveRate: take(share(ratio(alarms, all.negatives))),
      precision: take(share(ratio(found, found + alarms))),
    };
  });
}
