/** What a model's outputs are for: what a row's outputs cost, and what score they mean. Pure. */
import type { RowLoss } from "./backend.ts";
import { CROSS_ENTROPY, crossEntropy, focalLoss, sigmoid } from "./loss.ts";

/** Of one chunk of rows. */
export interface Head {
  /** What is minimised where the caller names nothing. */
  readonly loss: RowLoss;
  supports(loss: RowLoss): boolean;
  /** The score of the chunk's row `r`, as log-odds. */
  logit(r: number): number;
  /** `weight` times the loss of the chunk's row `r`; the derivatives by its outputs are written. */
  lossInPlace(r: number, label: number, weight: number, loss: RowLoss): number;
}

/**
 * One output, the log-odds of "positive".
 *
 * @param logits Shape [rows].
 * @param delta ∂ loss / ∂ logit. Shape [rows].
 */
export function labelHead(logits: Float64Array, delta: Float64Array): Head {
  return {
    loss: CROSS_ENTROPY,
    supports: ({ kind }) => kind !== "reconstruction",
    logit: (r) => logits[r] ?? 0,
    lossInPlace(r, label, weight, rowLoss) {
      const logit = logits[r] ?? 0;
      if (rowLoss.kind !== "focal") {
        delta[r] = weight * (sigmoid(logit) - label);
        return weight * crossEntropy(logit, label);
      }
      const { loss, derivative } = focalLoss(logit, label, rowLoss.gamma);
      delta[r] = weight * derivative;
      return weight * loss;
    },
  };
}
