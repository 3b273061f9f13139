/** Early stopping and the choice of the best round, by secure evaluations. Pure. */
import type { TrainTask } from "../../../shared/charter/task-spec.ts";
import type { Metrics } from "../task.ts";
import type { Selection } from "./state.ts";

/**
 * Takes an evaluation in. Without metrics (a class was empty) it counts as none.
 *
 * What is kept here was released already; choosing by it costs no privacy (post-processing).
 *
 * @param params Those that were evaluated.
 * @see Prechelt, Early Stopping – But When?, 1998, §2.3, the third class of criteria: so many strips without a gain.
 */
export function evaluated(
  { evaluation }: TrainTask,
  before: Selection,
  metrics: Metrics | null,
  at: { readonly params: Float32Array; readonly trainingDone: number },
): Selection {
  const { metric = "rocAuc", earlyStopping, select } = evaluation;
  if (metrics === null || (!earlyStopping && select !== "best")) return before;
  const value = metrics[metric];
  const isBest = before.best === null || value > before.best.value;
  const enough =
    (before.reference ?? Number.NEGATIVE_INFINITY) + (earlyStopping?.minImprovement ?? 0);
  const isBetter = value > enough;
  return {
    best: isBest ? { value, trainingDone: at.trainingDone } : before.best,
    bestParams: isBest && select === "best" ? at.params : before.bestParams,
    reference: isBetter ? value : before.reference,
    waited: isBetter ? 0 : before.waited + 1,
  };
}

export function isPatienceOver({ evaluation }: TrainTask, { waited }: Selection): boolean {
  return evaluation.earlyStopping !== undefined && waited >= evaluation.earlyStopping.patience;
}
