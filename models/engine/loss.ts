/** Losses of one row as functions of its log-odds: cross-entropy and focal loss. Pure. */
import { assert } from "../../shared/base/assert.ts";
import type { LossSpec } from "../../shared/charter/loss-spec.ts";
import type { EncodedData } from "../data.ts";
import type { RowLoss, TrainerBackend } from "./backend.ts";

const GAMMA_DEFAULT = 2;

/** Every row's cross-entropy with a weight of one. */
export const CROSS_ENTROPY: RowLoss = { kind: "crossEntropy", weights: null };

/** 1 / (1 + e^−z), without overflow. */
export function sigmoid(z: number): number {
  return z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z));
}

/** Binary cross-entropy of a label given log-odds: max(z, 0) − z·y + ln(1 + e^−|z|). Nats. */
export function crossEntropy(logit: number, label: number): number {
  return Math.max(logit, 0) - logit * label + Math.log1p(Math.exp(-Math.abs(logit)));
}

/**
 * Focal loss (1 − p)^γ · (−ln p), p being the probability of the row's own label; and its derivative by
 * the log-odds. γ = 0 is cross-entropy.
 *
 * With the margin m = z for a positive and −z for a negative row, p = σ(m), and the derivative by m is
 * (1 − p)^γ · (γ p ln p − (1 − p)).
 *
 * @see Lin, Goyal, Girshick, He and Dollár, Focal Loss for Dense Object Detection, ICCV 2017, §3 and
 *   appendix A; their α is our weight of a row.
 */
export function focalLoss(
  logit: number,
  label: number,
  gamma: number,
): { readonly loss: number; readonly derivative: number } {
  const margin = label === 1 ? logit : -logit;
  const e = Math.exp(-Math.abs(margin));
  const [larger, smaller] = [1 / (1 + e), e / (1 + e)];
  const own = margin >= 0 ? larger : smaller;
  const other = margin >= 0 ? smaller : larger;
  const surprise = crossEntropy(margin, 1);
  const scale = other ** gamma;
  // p ln p goes to 0 with p, though ln p does not.
  const byMargin = -scale * (gamma * own * surprise + other);
  return { loss: scale * surprise, derivative: label === 1 ? byMargin : -byMargin };
}

/** An autoencoder's own. */
export const RECONSTRUCTION: RowLoss = { kind: "reconstruction", weights: null };

/** @throws {InvariantError} If weights are given, and of another number than the rows'. */
export function checkWeights({ weights }: RowLoss, { rowCount }: EncodedData): void {
  assert(weights === null || weights.length === rowCount, "every row has a weight, or none has");
}

/** The loss that a specification means for these rows. */
export function rowLossOf(
  spec: LossSpec | undefined,
  labels: Uint8Array,
  positiveWeight: number,
): RowLoss {
  const weights = positiveWeight === 1 ? null : classWeights(labels, positiveWeight);
  if (spec?.kind !== "focal") return weights ? { kind: "crossEntropy", weights } : CROSS_ENTROPY;
  return { kind: "focal", gamma: spec.gamma ?? GAMMA_DEFAULT, weights };
}

function classWeights(labels: Uint8Array, positiveWeight: number): Float32Array {
  return Float32Array.from(labels, (label) => (label === 1 ? positiveWeight : 1));
}

/** `backend` where it can compute `loss`, else what `fallback` makes: no loss is quietly replaced by another. */
export function backendFor(
  loss: RowLoss,
  backend: TrainerBackend,
  fallback: () => TrainerBackend,
): TrainerBackend {
  return backend.supports(loss) ? backend : fallback();
}
