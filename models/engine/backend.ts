/** What every training engine can do. The plain TypeScript one is the first and the oracle of others. Pure types. */
import type { EngineName } from "../../shared/base/engine-name.ts";
import type { EncodedData } from "../data.ts";
import type { Network } from "./architecture.ts";

/** Flat parameters, shape [paramCount]. Read only by engines. */
export type Params = Float32Array | Float64Array;

/**
 * Affine map of the number inputs: x' = (x − centre) · inverseScale. Shape [2 × numberCount]:
 * all centres, then all inverse scales.
 */
export type Scaling = Float32Array;

/** Chosen rows of chosen units: unit u has rows[starts[u]] … rows[starts[u + 1] − 1]. */
export interface UnitRows {
  /** Row indices into the data. */
  readonly rows: Uint32Array;
  /** Shape [unitCount + 1]. */
  readonly starts: Uint32Array;
  /**
   * Uniform 32-bit words, drawn independently for each unit. They decide which units share a sum in single precision,
   * so that a unit more or less disturbs no sum but its own, and what dropout takes from its rows. Shape [unitCount].
   */
  readonly tags: Uint32Array;
}

/**
 * What is minimised. A row's loss, and so its part of a gradient, is multiplied by its weight; null: by one.
 * `weights` has shape [rowCount of the data].
 */
export type RowLoss =
  | { readonly kind: "crossEntropy"; readonly weights: Float32Array | null }
  | { readonly kind: "focal"; readonly gamma: number; readonly weights: Float32Array | null }
  /** An autoencoder's own; it reads no label. */
  | { readonly kind: "reconstruction"; readonly weights: null };

export interface ClippedSum {
  /** Σ over units of the clipped gradient of the unit's mean loss. Shape [paramCount]. */
  readonly gradient: Float64Array;
  /** Mean loss of each unit's chosen rows, 0 for a unit left out. Shape [unitCount]. */
  readonly losses: Float64Array;
  /** ℓ2 norm of each unit's gradient before clipping; not finite for a unit left out. Shape [unitCount]. */
  readonly norms: Float64Array;
}

export interface TrainerBackend {
  /** What computes, as recorded with a run. Equal names on equal inputs give equal bits. */
  readonly name: EngineName;
  readonly architecture: Network;
  /** Whether training draws, for dropout: then `meanGradient` wants `draw`. Left out: it does not. */
  readonly drawsInTraining?: boolean;
  /** Whether the two methods below can compute this loss; they are given no other. */
  supports(loss: RowLoss): boolean;
  /** Log-odds of "positive" for every row; of an autoencoder, its anomaly score on the same scale. Shape [rowCount]. */
  logits(params: Params, scaling: Scaling, data: EncodedData): Float32Array;
  /** 1 / (1 + e^−logit) for every row: the probability of "positive", or an anomaly score. Shape [rowCount]. */
  scores(params: Params, scaling: Scaling, data: EncodedData): Float32Array;
  /**
   * Mean loss of the rows and its gradient; both zero for no rows. `loss` left out: plain cross-entropy, or the
   * reconstruction's error.
   *
   * @param draw A uniform 32-bit word that dropout is drawn by, for each row anew. Left out: nothing is dropped.
   */
  meanGradient(
    params: Params,
    scaling: Scaling,
    data: EncodedData,
    rows: Uint32Array,
    loss?: RowLoss,
    draw?: number,
  ): { readonly gradient: Float64Array; readonly loss: number };
  /**
   * Sum of per-unit gradients, each clipped to ℓ2 norm `clipNorm`. A unit whose loss or gradient
   * is not finite, or that has no rows, contributes zero. Dropout is drawn by the units' tags.
   */
  clippedGradientSum(
    params: Params,
    scaling: Scaling,
    data: EncodedData,
    units: UnitRows,
    clipNorm: number,
    loss?: RowLoss,
  ): ClippedSum;
}
