/**
 * What a ranking is worth, from running counts: each figure with the range of what the scores themselves would give.
 * A ROC curve of the scores passes through all the points that bins tell and never falls between them; every range here
 * follows from that. Pure.
 */
import { count, type Figure, ratio, share, shareOf } from "./figure.ts";
import { type RunningCounts, type Step, totals } from "./running-counts.ts";

/** The highest bins are taken together until they have so many standard deviations of rows: precision divides by them. */
const POOLED_STD_DEVS = 3;

/**
 * The area under the ROC curve; rows of a bin count as ties.
 *
 * @see Fawcett 2006, An introduction to ROC analysis, algorithm 2.
 */
export function rocAucOf(counts: RunningCounts): Figure {
  const all = totals(counts);
  let [area, ties] = [0, 0];
  for (const { positivesAbove, positives, negatives } of counts.steps) {
    area += negatives * (positivesAbove + positives / 2);
    ties += negatives * positives;
  }
  const pairs = all.positives * all.negatives;
  const [value, half] = [ratio(area, pairs), ratio(ties / 2, pairs)];
  return share(value, value - half, value + half);
}

/** 2·area − 1: Gini's coefficient of the ranking (Somers' D). */
export function giniOf(rocAuc: Figure): Figure {
  const { value, binning } = rocAuc;
  return {
    value: 2 * value - 1,
    binning: { low: 2 * binning.low - 1, high: 2 * binning.high - 1 },
    limits: { low: -1, high: 1 },
  };
}

/**
 * Average precision, Σ precision · Δrecall. Least: a bin's negatives all come before its positives. Most: all after, and
 * the positives are ties. (With the positives one by one, precision is lower before the last of them.)
 */
export function prAucOf(counts: RunningCounts): Figure {
  let [value, low, high] = [0, 0, 0];
  for (const { positivesAbove, negativesAbove, positives, negatives } of pooledSteps(counts)) {
    if (positives === 0) continue;
    const [found, passed] = [positivesAbove + positives, negativesAbove + negatives];
    value += (positives * found) / (found + passed);
    high += (positives * found) / (found + negativesAbove);
    low += precisionSum(positivesAbove, found, passed);
  }
  return shareOf(count(value, low, high), totals(counts).positives);
}

/** The steps; under noise the highest bins are one step, wide enough that precision is not one of noise. */
function* pooledSteps(counts: RunningCounts): Generator<Step> {
  let pooled: Step | null = null;
  const rowsMin = POOLED_STD_DEVS * counts.noiseStdDev;
  for (const step of counts.steps) {
    const { positives, negatives } = step;
    const before: Step = pooled ?? { ...step, positives: 0, negatives: 0 };
    const whole = {
      ...before,
      positives: before.positives + positives,
      negatives: before.negatives + negatives,
    };
    const found = whole.positivesAbove + whole.positives;
    const isWide = found + whole.negativesAbove + whole.negatives >= rowsMin;
    pooled = isWide ? null : whole;
    if (isWide) yield whole;
  }
  if (pooled !== null) yield pooled;
}

/** ∫ x / (x + passed) dx: at most Σ j / (j + passed) over the ranks j of the positives, for the terms rise. */
function precisionSum(from: number, to: number, passed: number): number {
  return passed > 0 ? to - from - passed * Math.log((to + passed) / (from + passed)) : to - from;
}

/** Kolmogorov and Smirnov's distance of the two labels' scores. */
export function ksOf(counts: RunningCounts): Figure {
  const all = totals(counts);
  let [value, high] = [0, 0];
  for (const { positivesAbove, negativesAbove, positives, negatives } of counts.steps) {
    const recall = ratio(positivesAbove + positives, all.positives);
    const alarms = ratio(negativesAbove + negatives, all.negatives);
    value = Math.max(value, Math.abs(recall - alarms));
    // Within a bin one of the two may come entirely before the other.
    const before = recall - ratio(negativesAbove, all.negatives);
    const after = alarms - ratio(positivesAbove, all.positives);
    high = Math.max(high, before, after);
  }
  return share(value, value, high);
}

/** Recall where the given share of negatives is above; linear between the curve's points. */
export function recallAtOf(counts: RunningCounts, falsePositiveRate: number): Figure {
  const all = totals(counts);
  const budget = falsePositiveRate * all.negatives;
  for (const { positivesAbove, negativesAbove, positives, negatives } of counts.steps) {
    if (negativesAbove + negatives <= budget) continue;
    const [low, high] = [positivesAbove, positivesAbove + positives];
    const value = low + (positives * (budget - negativesAbove)) / negatives;
    return shareOf(count(value, low, high), all.positives);
  }
  const whole = all.positives > 0 ? 1 : Number.NaN;
  return share(whole);
}

/** What is found among the rows that score highest. */
export interface TopRows {
  readonly rows: number;
  /** Positives among them, whichever way ties are broken on average. */
  readonly found: Figure;
}

/** @param rows How many; all where there are fewer. */
export function topRows(counts: RunningCounts, rows: number): TopRows {
  for (const { positivesAbove, negativesAbove, positives, negatives } of counts.steps) {
    const above = positivesAbove + negativesAbove;
    if (above + positives + negatives < rows) continue;
    if (!(positives + negatives > 0)) continue;
    const taken = rows - above;
    const value = positivesAbove + (positives * taken) / (positives + negatives);
    const low = positivesAbove + Math.max(0, taken - negatives);
    return { rows, found: count(value, low, positivesAbove + Math.min(positives, taken)) };
  }
  const { positives, negatives } = totals(counts);
  return { rows: positives + negatives, found: count(positives) };
}
