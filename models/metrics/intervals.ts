/** How sure a metric is, from public counts alone. Pure. */
import { Z_95 } from "../answers/estimate.ts";
import type { ClassCounts } from "../tasks/task.ts";

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * The standard error of a ROC-AUC. It takes rows for independent and counts for exact, so it is too small where one
 * customer has many rows, or where noise was added.
 *
 * @see Hanley and McNeil 1982, The meaning and use of the area under a ROC curve, Radiology 143, equation 1
 *   with Q₁ and Q₂ of the exponential model.
 */
export function rocAucStandardError(rocAuc: number, { positives, negatives }: ClassCounts): number {
  const q1 = rocAuc / (2 - rocAuc);
  const q2 = (2 * rocAuc ** 2) / (1 + rocAuc);
  const variance =
    (rocAuc * (1 - rocAuc) +
      (positives - 1) * (q1 - rocAuc ** 2) +
      (negatives - 1) * (q2 - rocAuc ** 2)) /
    (positives * negatives);
  return Math.sqrt(Math.max(0, variance));
}

/** A 95 % interval of a ROC-AUC by its standard error, cut off at 0 and 1. */
export function rocAucInterval(rocAuc: number, counts: ClassCounts): Interval {
  const half = Z_95 * rocAucStandardError(rocAuc, counts);
  return { low: Math.max(0, rocAuc - half), high: Math.min(1, rocAuc + half) };
}
