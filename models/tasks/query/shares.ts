/** Two histograms of one column's values held against each other: the shares of each, and how far they are apart. Pure. */
import type { Cell } from "../../answers/answer.ts";
import { Z_95 } from "../../answers/estimate.ts";
import { type NoisedSums, ratioTold, type Told } from "../../statistics/noised.ts";
import { stabilityOf } from "../../statistics/stability.ts";
import { column } from "./tables.ts";

/** Of one member, or of several added up, whose noise adds up too. Shape of the sums: [bins]. */
export type Histogram = NoisedSums;

export const STABILITY_COLUMNS = [
  column("population stability index", "number"),
  column("p-value", "probability"),
];

export const STABILITY_NOTE =
  "by custom, a stability index below 0.1 says that nothing has changed, one above 0.25 that much has";

/** Bins in which neither side has rows are left out. */
export function stabilityCells(before: Histogram, after: Histogram): Cell[] {
  const isUsed = (_: number, b: number): boolean =>
    [before, after].some(({ sums, stdDev }) => (sums[b] ?? 0) > Z_95 * stdDev);
  const sums = Float64Array.of(...before.sums.filter(isUsed), ...after.sums.filter(isUsed));
  const spread = before.stdDev === 0 ? 1 : after.stdDev / before.stdDev;
  const stability = stabilityOf({ sums, stdDev: before.stdDev }, spread);
  return [stability?.index ?? null, stability?.pValue ?? null];
}

/** Of all rows of a histogram those in one bin. */
export function shareOf({ sums, stdDev }: Histogram, bin: number): Told {
  const count = sums[bin] ?? 0;
  const rest = sums.reduce((sum, other) => sum + other, 0) - count;
  // count/(count + rest) rises with the odds, whose two counts have independent noise.
  const odds = ratioTold(
    { value: count, stdDev },
    { value: rest, stdDev: stdDev * Math.sqrt(sums.length - 1) },
    0,
    Number.MAX_VALUE,
  );
  return count > 0 && rest === 0 ? 1 : shareOfOdds(odds);
}

function shareOfOdds(odds: Told): Told {
  const share = (x: number): number => (x >= Number.MAX_VALUE ? 1 : x / (1 + x));
  if (odds === null || typeof odds === "number") return odds === null ? null : share(odds);
  return { value: share(odds.value), low: share(odds.low), high: share(odds.high) };
}
