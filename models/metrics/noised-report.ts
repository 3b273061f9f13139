/** An evaluation's figures with what noise leaves open of them: a 95 % interval each. Pure; the same counts, the same intervals. */
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import { Z_95 } from "../answers/estimate.ts";
import { countsOfTree, treeLength } from "./count-tree.ts";
import type { Figure } from "./figure.ts";
import type { Interval } from "./intervals.ts";
import { type EvaluationReport, type ReportRequest, reportOf } from "./report.ts";
import { runningCounts, type ScoreCounts, totals } from "./running-counts.ts";

/** A figure within its limits. */
export interface Told {
  readonly value: number;
  /** What the same rows' exact counts would have told, in 95 of 100 evaluations. Null: counts are exact. */
  readonly noise: Interval | null;
  /** What the scores themselves would have told, were the counts exact. */
  readonly binning: Interval;
}

/** Times that noise is added once more to see what it does: the standard deviation is known to 7 %. */
const DRAWS = 100;
/** A class must be so many times its noise to be taken for rows. */
const NOISE_FACTOR = 4;
/** Exact sums are of whole rows. */
const ROWS_MIN = 0.5;

/**
 * What counts tell, exact or from a tree with noise of `noiseStdDev` on each node (`countsOfTree`).
 *
 * Intervals: the same noise is drawn afresh on the counts at hand, the figures are read again, and their root mean square
 * distance from the figure as told is taken for its standard error (a parametric bootstrap; Efron and Tibshirani, An
 * Introduction to the Bootstrap, 1993, §6.5). The draws protect nobody: the counts are their seed.
 *
 * @returns Null where a class has no rows, or fewer than noise may have made.
 */
export function toldReport(
  counts: ScoreCounts,
  noiseStdDev: number,
  request: ReportRequest,
): EvaluationReport<Told> | null {
  const running = runningCounts(counts, noiseStdDev);
  const { positives, negatives } = totals(running);
  const least = Math.max(ROWS_MIN, NOISE_FACTOR * noiseStdDev);
  if (!(Math.min(positives, negatives) > least)) return null;
  const errors = noiseStdDev > 0 ? standardErrors(counts, noiseStdDev, request) : null;
  let next = 0;
  return reportOf(running, request, (figure) => told(figure, errors && (errors[next++] ?? 0)));
}

function told({ value, binning, limits }: Figure, error: number | null): Told {
  const within = (x: number): number => Math.max(limits.low, Math.min(limits.high, x));
  const range = ({ low, high }: Interval): Interval => ({ low: within(low), high: within(high) });
  // Not a number: noise alone decides whether there is anything to divide by.
  const half = Number.isNaN(error) ? Number.POSITIVE_INFINITY : Z_95 * (error ?? 0);
  const noise = error === null ? null : range({ low: value - half, high: value + half });
  return { value: within(value), noise, binning: range(binning) };
}

/** Of every figure, in the report's order. */
function standardErrors(
  counts: ScoreCounts,
  noiseStdDev: number,
  request: ReportRequest,
): Float64Array {
  // Draws of their own for each counts: where they happen to be small, they are not so for every evaluation.
  const seed = `cloister/evaluation-intervals/${counts.negatives.join()}/${counts.positives.join()}`;
  const source = new UniformSource(reproducibleRng(seed));
  const told = valuesOf(counts, noiseStdDev, request);
  const squares = new Float64Array(told.length);
  for (let draw = 0; draw < DRAWS; draw++) {
    const again = valuesOf(noisedAgain(counts, noiseStdDev, source), noiseStdDev, request);
    for (let i = 0; i < squares.length; i++) {
      const distance = (again[i] ?? 0) - (told[i] ?? 0);
      squares[i] = (squares[i] ?? 0) + distance * distance;
    }
  }
  return squares.map((sum) => Math.sqrt(sum / DRAWS));
}

function noisedAgain(counts: ScoreCounts, noiseStdDev: number, source: UniformSource): ScoreCounts {
  const noised = (bins: Float64Array): Float64Array => {
    const nodes = Float64Array.from(
      { length: treeLength(bins.length) },
      () => noiseStdDev * source.normal(),
    );
    // Linear: the noise of the counts is what the tree makes of the nodes' noise.
    return countsOfTree(nodes).map((noise, bin) => noise + (bins[bin] ?? 0));
  };
  return { negatives: noised(counts.negatives), positives: noised(counts.positives) };
}

function valuesOf(counts: ScoreCounts, noiseStdDev: number, request: ReportRequest): number[] {
  const values: number[] = [];
  reportOf(runningCounts(counts, noiseStdDev), request, ({ value }) => values.push(value));
  return values;
}
