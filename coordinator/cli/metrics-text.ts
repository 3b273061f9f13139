/** A run's evaluation on the way, for whoever watches: under noise only as far as it says anything. Pure. */
import { Z_95 } from "../../models/answers/estimate.ts";
import { inflationOf } from "../../models/tasks/context.ts";
import type { Metrics } from "../../models/tasks/task.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import { isModelTask } from "../../shared/charter/task-spec.ts";

/** Under noise a PR-AUC, which has no bound of its own, is told only beside a ROC-AUC that is known so well. */
const PR_AUC_HALF_MAX = 0.1;

/** @param manifest The run's; null: it is not known, and neither is its noise. */
export function metricsText(metrics: Metrics, manifest: Manifest | null): string {
  const { rocAuc, prAuc, counts } = metrics;
  const half = manifest && rocAucHalfWidth(metrics, manifest);
  if (half === null) return `ROC-AUC ${rocAuc.toFixed(4)}  PR-AUC ${prAuc.toFixed(4)}`;
  if (rocAuc - half <= 0 && rocAuc + half >= 1) {
    const rows = counts ? `about ${Math.max(0, Math.round(counts.positives))} positive rows: ` : "";
    return `ROC-AUC not told: ${rows}the noise leaves all from 0 to 1 open`;
  }
  const digits = half < 0.01 ? 4 : half < 0.1 ? 3 : 2;
  const told = `ROC-AUC ${rocAuc.toFixed(digits)} ± ${half.toFixed(digits)}`;
  return half <= PR_AUC_HALF_MAX ? `${told}  PR-AUC ${prAuc.toFixed(digits)}` : told;
}

/**
 * Half of the noise's 95 % interval, from above. One more row in a bin moves a ROC-AUC A by at most m/P or m/N, of P
 * positive and N negative rows, where m = max(A, 1 − A): each pair counts 0 to 1 against A. So noise of standard
 * deviation σ in each of 2·bins counts moves it, to first order, by at most σ·m·√(bins·(1/P² + 1/N²)).
 *
 * @returns Null without noise.
 */
function rocAucHalfWidth({ rocAuc, counts }: Metrics, manifest: Manifest): number | null {
  const { task, privacy } = manifest;
  if (privacy === null || !isModelTask(task)) return null;
  const { bins, rowsPerUnitMax } = task.evaluation;
  const inflation = inflationOf(privacy, manifest.roster.length);
  const stdDev = privacy.holdoutMultiplier * rowsPerUnitMax * inflation;
  const { positives = 0, negatives = 0 } = counts ?? {};
  if (!(positives > 0 && negatives > 0)) return Number.POSITIVE_INFINITY;
  const most = Math.max(rocAuc, 1 - rocAuc);
  return Z_95 * stdDev * most * Math.sqrt(bins) * Math.hypot(1 / positives, 1 / negatives);
}
