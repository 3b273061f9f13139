/** What the rounding kernel offers, however it is made. Pure. */
import type { UniformSource } from "../../../base/uniform.ts";

/** Random words drawn at a time: they, their values and what becomes of both stay in the cache. */
export const BLOCK_VALUES = 4096;

/** Where values are clamped, and what their levels are. */
export interface Levels {
  readonly magnitudeMax: number;
  /** Levels per unit. */
  readonly scale: number;
  /** Whole, below 2^31. */
  readonly levelMax: number;
  /** Of the ring's bits. */
  readonly mask: number;
}

/**
 * ⌊x·scale + u⌋ of each value x, clamped before and after, as ring elements; u, a multiple of 2^−21 below 1, is drawn for
 * each, in blocks of `BLOCK_VALUES` or of all.
 *
 * @param ring Shape [d], as `values`. Overwritten.
 * @returns The first coordinate that is not finite, −1: all are. Then `ring` holds nothing of use.
 */
export type RoundLevels = (
  values: Float64Array,
  levels: Levels,
  source: UniformSource,
  ring: Uint32Array,
) => number;
