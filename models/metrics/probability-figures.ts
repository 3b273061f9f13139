/** How far scores are from probabilities, from running counts. Pure. */
import { count, type Figure, ratio, share, shareOf } from "./figure.ts";
import { logitAt } from "./histogram.ts";
import type { Interval } from "./intervals.ts";
import { binCount, type RunningCounts, risingCounts, totals } from "./running-counts.ts";

/** Groups of neighbouring bins that calibration is looked at in: so many, or as many as there are bins. */
const GROUPS_MAX = 16;

interface Group {
  /** Scores of its rows: at least, at most. The outermost groups reach to 0 and 1. */
  readonly scores: Interval;
  readonly rows: Figure;
  readonly meanScore: Figure;
  readonly positiveShare: Figure;
}

export interface Calibration {
  /**
   * Σ over groups of |Σ scores − positives| / rows of all.
   *
   * @see Naeini, Cooper and Hauskrecht 2015, Obtaining Well Calibrated Probabilities Using Bayesian Binning, §4.
   *   Deviation: groups are equal in log-odds, so that rare positives have more than one.
   */
  readonly expectedError: Figure;
  /** The mean of (score − label)². */
  readonly brier: Figure;
  /** Lowest scores first. */
  readonly groups: readonly Group[];
}

/** Of the bins `from` … `to` − 1, counted from the lowest. */
interface GroupSums {
  readonly scores: Interval;
  readonly positives: number;
  readonly negatives: number;
  readonly scoreSum: Figure;
  readonly squares: Figure;
}

export function calibrationOf(counts: RunningCounts): Calibration {
  const { positives, negatives } = totals(counts);
  const sums = groupsOf(counts);
  const squares = sums.map((group) => group.squares);
  return {
    expectedError: expectedErrorOf(risingCounts(counts)),
    brier: mean(squares, positives + negatives),
    groups: sums.map(groupOf),
  };
}

/** Absolute values never cancel: the noise of every empty group would add to them, had it not been cut off. */
function expectedErrorOf(counts: RunningCounts): Figure {
  const { positives, negatives } = totals(counts);
  const errors = groupsOf(counts).map((group) => distance(group.scoreSum, group.positives));
  return mean(errors, positives + negatives);
}

function groupsOf(counts: RunningCounts): GroupSums[] {
  const bins = binCount(counts);
  const groupCount = Math.min(GROUPS_MAX, bins);
  return Array.from({ length: groupCount }, (_, g) =>
    sumsOf(counts, edge(g, groupCount, bins), edge(g + 1, groupCount, bins)),
  );
}

function edge(group: number, groupCount: number, bins: number): number {
  return Math.round((group * bins) / groupCount);
}

function sumsOf(counts: RunningCounts, from: number, to: number): GroupSums {
  const bins = binCount(counts);
  let [positives, negatives] = [0, 0];
  let [scoreSum, squares] = [count(0), count(0)];
  for (let bin = from; bin < to; bin++) {
    const p = inBin(counts.positives, bin);
    const n = inBin(counts.negatives, bin);
    const { low, middle, high } = scoresOf(bin, bins);
    positives += p;
    negatives += n;
    scoreSum = plus(scoreSum, (p + n) * middle, (p + n) * low, (p + n) * high);
    squares = plus(
      squares,
      n * middle ** 2 + p * (1 - middle) ** 2,
      n * low ** 2 + p * (1 - high) ** 2,
      n * high ** 2 + p * (1 - low) ** 2,
    );
  }
  const scores = { low: scoresOf(from, bins).low, high: scoresOf(to - 1, bins).high };
  return { scores, positives, negatives, scoreSum, squares };
}

function inBin(sums: Float64Array, bin: number): number {
  const fromTop = sums.length - 2 - bin;
  return (sums[fromTop + 1] ?? 0) - (sums[fromTop] ?? 0);
}

function scoresOf(bin: number, bins: number): { low: number; middle: number; high: number } {
  const scoreAt = (place: number): number => 1 / (1 + Math.exp(-logitAt(place, bins)));
  return {
    low: bin === 0 ? 0 : scoreAt(bin),
    middle: scoreAt(bin + 0.5),
    high: bin === bins - 1 ? 1 : scoreAt(bin + 1),
  };
}

function plus({ value, binning }: Figure, add: number, low: number, high: number): Figure {
  return count(value + add, binning.low + low, binning.high + high);
}

function distance({ value, binning }: Figure, from: number): Figure {
  const [low, high] = [binning.low - from, binning.high - from];
  const nearest = low <= 0 && high >= 0 ? 0 : Math.min(Math.abs(low), Math.abs(high));
  return count(Math.abs(value - from), nearest, Math.max(Math.abs(low), Math.abs(high)));
}

function mean(parts: readonly Figure[], all: number): Figure {
  let sum = count(0);
  for (const { value, binning } of parts) sum = plus(sum, value, binning.low, binning.high);
  return shareOf(sum, all);
}

function groupOf({ scores, positives, negatives, scoreSum }: GroupSums): Group {
  const rows = positives + negatives;
  return {
    scores,
    rows: count(rows),
    meanScore: shareOf(scoreSum, rows),
    positiveShare: share(ratio(positives, rows)),
  };
}
