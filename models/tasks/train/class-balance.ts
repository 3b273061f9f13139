/** Rare positives: how much a positive row weighs, and what a finished model's log-odds are shifted by. Pure. */
import type { LossSpec } from "../../../shared/charter/loss-spec.ts";

/** No class is taken for rarer: a weight stays below 10⁴. */
const SHARE_MIN = 1e-4;

/** The share of positives that weights and shifts go by: declared, or else as counted. Null: not known yet. */
export function shareOf(loss: LossSpec | undefined, counted: number | null): number | null {
  const share = loss?.positiveShare ?? counted;
  return share === null ? null : Math.max(SHARE_MIN, Math.min(1 - SHARE_MIN, share));
}

/**
 * Weight of a positive row, a negative one having 1. Balanced: (1 − p) / p, so that both classes weigh the
 * same in all.
 *
 * @param share From `shareOf`. Where it is needed and null the weight is 1.
 */
export function positiveWeight(loss: LossSpec | undefined, share: number | null): number {
  if (loss?.positiveWeight !== "balanced") return loss?.positiveWeight ?? 1;
  return share === null ? 1 : (1 - share) / share;
}

/**
 * What is added to the log-odds of the finished model. Training with weight w multiplies the odds that the model
 * learns by w: −ln w undoes it. Where positives are as rare as π among the rows to be scored, and p among those
 * trained on, ln(π/(1 − π)) − ln(p/(1 − p)) takes the one prior out and the other in.
 *
 * @see King and Zeng, Logistic Regression in Rare Events Data, Political Analysis 9 (2001), §4.1 (prior
 *   correction); Saerens, Latinne and Decaestecker, Neural Computation 14 (2002), §2.2.
 */
export function logitShift(loss: LossSpec | undefined, share: number | null): number {
  if (!loss?.priorCorrection) return 0;
  const { deployedShare } = loss.priorCorrection;
  const undone = -Math.log(positiveWeight(loss, share));
  if (deployedShare === undefined || share === null) return undone;
  return undone + logOdds(deployedShare) - logOdds(share);
}

function logOdds(probability: number): number {
  return Math.log(probability / (1 - probability));
}
