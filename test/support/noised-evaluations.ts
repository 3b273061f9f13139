/**
 * Evaluations of one table of scores over and over, each with fresh noise of the exact sampler at ε: how far figures are
 * off, and how often their intervals hold what the exact counts tell.
 */
import { countsOfTree, levelCount, treeOf } from "../../models/metrics/count-tree.ts";
import { scoreBin } from "../../models/metrics/histogram.ts";
import { type Told, toldReport } from "../../models/metrics/noised-report.ts";
import { rocAucOf } from "../../models/metrics/rank-figures.ts";
import { metricsOfScores } from "../../models/metrics/ranking.ts";
import type { EvaluationReport, ReportRequest } from "../../models/metrics/report.ts";
import { runningCounts, type ScoreCounts } from "../../models/metrics/running-counts.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import { calibrateNoiseMultiplier } from "../../shared/privacy/accounting/calibrate.ts";
import { addDiscreteGaussianInPlace } from "../../shared/privacy/noise/gaussian.ts";

/** Normal log-odds of each label. */
export interface ScoreTable {
  readonly name: string;
  readonly positives: { readonly rows: number; readonly mean: number; readonly spread: number };
  readonly negatives: { readonly rows: number; readonly mean: number; readonly spread: number };
}

export const FAIR: ScoreTable = {
  name: "fair",
  positives: { rows: 2000, mean: 1.5, spread: 1 },
  negatives: { rows: 20_000, mean: 0, spread: 1 },
};

/** An ordinary model; rare positives; a model that is nearly always right. */
export const TABLES: readonly ScoreTable[] = [
  FAIR,
  {
    name: "rare",
    positives: { rows: 2000, mean: -2.5, spread: 1.5 },
    negatives: { rows: 198_000, mean: -5, spread: 1.5 },
  },
  {
    name: "sure",
    positives: { rows: 2000, mean: 3, spread: 2 },
    negatives: { rows: 20_000, mean: -3, spread: 2 },
  },
];

export const REQUEST: ReportRequest = {
  thresholds: [0.1, 0.5],
  falsePositiveRates: [0.01, 0.05],
  alertBudgets: [0.01, 500],
  probabilities: true,
};

export interface Repetition {
  /** A power of two. */
  readonly bins: number;
  readonly repetitions: number;
  readonly rowsPerUnitMax?: number;
  readonly epsilon?: number;
}

interface Noised {
  /** Without noise. */
  readonly exact: ScoreCounts;
  /** Of the scores as they were drawn. */
  readonly rocAuc: number;
  readonly stdDev: number;
  readonly evaluations: readonly ScoreCounts[];
}

function noised(table: ScoreTable, asked: Repetition): Noised {
  const { bins, repetitions, rowsPerUnitMax = 1, epsilon = 1 } = asked;
  const source = new UniformSource(reproducibleRng(`${table.name}/${bins}`));
  const { counts, rocAuc } = countedTable(table, bins, source);
  const common = { epsilon, delta: 1e-6, samplingProbability: 1, roundCount: 1 };
  const { noiseMultiplier } = calibrateNoiseMultiplier(common);
  const stdDev = Math.ceil(noiseMultiplier * rowsPerUnitMax * Math.sqrt(levelCount(bins)));
  const evaluations = Array.from({ length: repetitions }, () => ({
    negatives: noisedCounts(counts.negatives, stdDev, source),
    positives: noisedCounts(counts.positives, stdDev, source),
  }));
  return { exact: counts, rocAuc, stdDev, evaluations };
}

/** From the ROC-AUC of the scores themselves, of every evaluation. */
export function rocAucErrors(table: ScoreTable, asked: Repetition): number[] {
  const { rocAuc, stdDev, evaluations } = noised(table, asked);
  return evaluations.map((counts) =>
    Math.abs(rocAucOf(runningCounts(counts, stdDev)).value - rocAuc),
  );
}

/** By figure, the share of the intervals that hold the exact counts' figure. */
export function coverageOf(table: ScoreTable, asked: Repetition): Map<string, number> {
  const { exact, stdDev, evaluations } = noised(table, asked);
  const truth = valuesOf(toldReport(exact, 0, REQUEST));
  const held = new Map<string, number>();
  for (const counts of evaluations)
    for (const [name, { noise }] of valuesOf(toldReport(counts, stdDev, REQUEST))) {
      const value = truth.get(name)?.value ?? Number.NaN;
      const holds = noise !== null && noise.low <= value && value <= noise.high;
      held.set(name, (held.get(name) ?? 0) + (holds ? 1 : 0));
    }
  return new Map([...held].map(([name, count]) => [name, count / evaluations.length]));
}

/** Bins' counts, and the ROC-AUC of the scores as they were drawn. */
function countedTable(
  { positives, negatives }: ScoreTable,
  bins: number,
  source: UniformSource,
): { counts: ScoreCounts; rocAuc: number } {
  const scores: number[] = [];
  const labels: number[] = [];
  const counted = ({ rows, mean, spread }: ScoreTable["positives"], label: number) => {
    const histogram = new Float64Array(bins);
    for (let row = 0; row < rows; row++) {
      const logit = mean + spread * source.normal();
      const bin = scoreBin(logit, bins);
      histogram[bin] = (histogram[bin] ?? 0) + 1;
      scores.push(logit);
      labels.push(label);
    }
    return histogram;
  };
  const counts = { positives: counted(positives, 1), negatives: counted(negatives, 0) };
  const exact = metricsOfScores(Float64Array.from(scores), Uint8Array.from(labels));
  return { counts, rocAuc: exact?.rocAuc ?? Number.NaN };
}

function noisedCounts(counts: Float64Array, stdDev: number, source: UniformSource): Float64Array {
  const nodes = Int32Array.from(treeOf(counts));
  addDiscreteGaussianInPlace(nodes, stdDev, source);
  return countsOfTree(Float64Array.from(nodes));
}

/** The figures that people go by, by name; none where noise hides them all. */
function valuesOf(report: EvaluationReport<Told> | null): Map<string, Told> {
  if (report === null) return new Map();
  const { positives, negatives, rocAuc, gini, prAuc, ks, calibration } = report;
  const named: [string, Told][] = Object.entries({ positives, negatives, rocAuc, gini, prAuc, ks });
  for (const { falsePositiveRate, recall } of report.recalls)
    named.push([`recall at ${falsePositiveRate}`, recall]);
  for (const { budget, precision, recall, lift } of report.budgets)
    named.push(
      [`precision in ${budget}`, precision],
      [`recall in ${budget}`, recall],
      [`lift in ${budget}`, lift],
    );
  for (const { threshold, ...confusion } of report.thresholds)
    for (const [name, figure] of Object.entries(confusion))
      named.push([`${name} at ${threshold}`, figure]);
  if (calibration) named.push(["ece", calibration.expectedError], ["brier", calibration.brier]);
  return new Map(named);
}
