/** The confusion matrix at a score, from running counts. Pure. */
import { count, type Figure, ratio, share, shareOf } from "./figure.ts";
import { placeOf } from "./histogram.ts";
import type { Interval } from "./intervals.ts";
import { binCount, type RunningCounts, totals } from "./running-counts.ts";

export interface Confusion {
  readonly truePositives: Figure;
  readonly falsePositives: Figure;
  readonly trueNegatives: Figure;
  readonly falseNegatives: Figure;
  readonly precision: Figure;
  readonly recall: Figure;
  readonly falsePositiveRate: Figure;
}

/** A threshold this near to an edge is the edge. */
const SNAP = 1e-9;

/**
 * Rows that score at least `threshold` are taken for positives. Between two edges rows are taken for evenly spread in
 * log-odds; the ranges say what else there may be.
 *
 * @param threshold In (0, 1).
 */
export function confusionAt(counts: RunningCounts, threshold: number): Confusion {
  const all = totals(counts);
  const place = fromTopOf(Math.log(threshold / (1 - threshold)), binCount(counts));
  const [found, alarms] = [flagged(counts.positives, place), flagged(counts.negatives, place)];
  return {
    truePositives: found,
    falsePositives: alarms,
    trueNegatives: rest(all.negatives, alarms),
    falseNegatives: rest(all.positives, found),
    precision: precisionOf(found, alarms),
    recall: shareOf(found, all.positives),
    falsePositiveRate: shareOf(alarms, all.negatives),
  };
}

/** A place among the bins, counted from the highest, and the edges around. */
interface Place {
  readonly fromTop: number;
  readonly edges: Interval;
}

function flagged(sums: Float64Array, { fromTop, edges }: Place): Figure {
  const [low, high] = [sums[edges.low] ?? 0, sums[edges.high] ?? 0];
  return count(low + (fromTop - edges.low) * (high - low), low, high);
}

function fromTopOf(logit: number, bins: number): Place {
  const exact = bins - placeOf(logit, bins);
  const edge = Math.round(exact);
  // Whatever is beyond the outermost edges is in the outermost bins.
  if (Math.abs(exact - edge) < SNAP && edge > 0 && edge < bins)
    return { fromTop: edge, edges: { low: edge, high: edge } };
  const fromTop = Math.max(0, Math.min(bins, exact));
  const low = Math.min(bins - 1, Math.floor(fromTop));
  return { fromTop, edges: { low, high: low + 1 } };
}

function rest(whole: number, { value, binning }: Figure): Figure {
  return count(whole - value, whole - binning.high, whole - binning.low);
}

/** Without any row above there is no precision; if bins leave that open, it may be anything. */
function precisionOf(found: Figure, alarms: Figure): Figure {
  const of = (positives: number, negatives: number): number =>
    ratio(positives, positives + negatives);
  const low = of(found.binning.low, alarms.binning.high);
  const high = of(found.binning.high, alarms.binning.low);
  return share(of(found.value, alarms.value), low, high);
}
