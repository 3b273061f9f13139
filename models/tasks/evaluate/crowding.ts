/** Whether an evaluation's bins tell scores apart at all: most rows in one bin, or beyond the outermost ones. Pure. */
import { logitAt } from "../../metrics/histogram.ts";
import type { ScoreCounts } from "../../metrics/running-counts.ts";

/** A fixed share of what was told, exact or noised: the rule sees nothing else. */
const CROWDED_MIN = 0.9;
const BEYOND_MIN = 0.5;

/** @returns Remarks for whoever reads the figures; none where scores are well spread. */
export function crowdingNotes({ negatives, positives }: ScoreCounts): string[] {
  const bins = negatives.length;
  // A bin that noise took below zero has no rows.
  const rows = negatives.map((count, bin) => Math.max(0, count + (positives[bin] ?? 0)));
  const all = rows.reduce((sum, count) => sum + count, 0);
  if (!(all > 0)) return [];
  const fullest = rows.indexOf(Math.max(...rows));
  const within = (rows[fullest] ?? 0) / all;
  const [below, above] = [(rows[0] ?? 0) / all, (rows[bins - 1] ?? 0) / all];
  if (within >= CROWDED_MIN)
    return [
      `${percent(within)} of all rows have scores in one bin, ${binText(fullest, bins)}: ${BLIND}`,
    ];
  if (below + above < BEYOND_MIN) return [];
  const ends = `${percent(below)} of all rows have scores in the lowest bin, ${percent(above)} in the highest`;
  return [`${ends}, which hold everything beyond log-odds of ±8: ${BLIND}`];
}

const BLIND =
  "the figures cannot tell these rows apart; see how far the bins leave them open, and rescale the model's scores";

function binText(bin: number, bins: number): string {
  const at = (place: number): string => String(Number(logitAt(place, bins).toPrecision(3)));
  if (bin === 0) return `that of log-odds below ${at(1)}`;
  if (bin === bins - 1) return `that of log-odds from ${at(bins - 1)}`;
  return `that of log-odds from ${at(bin)} to ${at(bin + 1)}`;
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;
