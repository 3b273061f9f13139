/** How scores are spread, from an evaluation's histogram: what can be said where no row has a label. Pure. */
import { assert } from "../../shared/base/assert.ts";
import type { ScoreQuantiles } from "../tasks/task.ts";
import { cleanCounts, logitAt } from "./histogram.ts";

/**
 * Quantiles of all rows' scores, whatever their label, linear in log-odds within a bin. Scores beyond the
 * outermost bins are told as those bins.
 *
 * @param histogram Sections of `bins` counts each, exact or noised. Unchanged.
 * @returns Null without rows.
 */
export function scoreQuantiles(histogram: Float64Array, bins: number): ScoreQuantiles | null {
  assert(histogram.length % bins === 0, "a histogram has whole sections");
  const whole = new Float64Array(bins);
  for (let i = 0; i < histogram.length; i++)
    whole[i % bins] = (whole[i % bins] ?? 0) + (histogram[i] ?? 0);
  const counts = cleanCounts(whole);
  const rows = counts.reduce((sum, count) => sum + count, 0);
  // Less than half a row is none: the sum may carry noise.
  if (!(rows >= 0.5)) return null;
  const at = (share: number): number => scoreAt(counts, share * rows);
  return { rows, p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}

/** The score that `wanted` rows lie below. */
function scoreAt(counts: Float64Array, wanted: number): number {
  let passed = 0;
  let last = 0;
  for (let bin = 0; bin < counts.length; bin++) {
    const count = counts[bin] ?? 0;
    if (count > 0) last = bin + 1;
    if (count > 0 && passed + count >= wanted)
      return scoreOf(logitAt(bin + (wanted - passed) / count, counts.length));
    passed += count;
  }
  return scoreOf(logitAt(last, counts.length));
}

function scoreOf(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
