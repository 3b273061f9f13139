/** A figure read from bins, and the range in which the exact scores' figure lies. Pure. */
import type { Interval } from "./intervals.ts";

export interface Figure {
  /** NaN: not defined, for there are no rows to tell it from. Under noise it may be beyond its limits. */
  readonly value: number;
  /** Of the same figure from the scores themselves, if the counts are exact. */
  readonly binning: Interval;
  /** What such a figure can be at all. */
  readonly limits: Interval;
}

const SHARE: Interval = { low: 0, high: 1 };
const COUNT: Interval = { low: 0, high: Number.POSITIVE_INFINITY };

/** Of rows, or of a multiple of something. */
export function count(value: number, low = value, high = value): Figure {
  return { value, binning: { low, high }, limits: COUNT };
}

export function share(value: number, low = value, high = value): Figure {
  return { value, binning: { low, high }, limits: SHARE };
}

/** A count's share of a whole. */
export function shareOf(part: Figure, whole: number): Figure {
  const { value, binning } = part;
  return share(ratio(value, whole), ratio(binning.low, whole), ratio(binning.high, whole));
}

/** NaN where there is nothing to divide by. */
export function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : Number.NaN;
}
