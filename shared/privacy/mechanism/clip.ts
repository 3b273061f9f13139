/** ℓ2 clipping: what bounds one unit's or one member's part of a sum. Pure; sums in float64. */
import { assert } from "../../base/assert.ts";

/**
 * Room for the rounding of a norm or product taken in float32: the clipped norm stays at or below
 * the bound itself, not just near it.
 */
export const CLIP_MARGIN = 1e-6;

/** ‖values‖₂, accumulated in float64. Shape [d]. Not finite if an entry or a square is not. */
export function l2Norm(values: Float32Array | Float64Array): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    squares += value * value;
  }
  return Math.sqrt(squares);
}

/**
 * The factor that brings a vector of this norm within `bound`: min(1, bound·(1 − 10⁻⁶)/norm), and 0
 * when the norm is not finite. For code that knows a norm without holding the vector.
 *
 * @throws {InvariantError} If `bound` is not positive and finite.
 */
export function clipFactor(norm: number, bound: number): number {
  assert(Number.isFinite(bound) && bound > 0, "the clip bound is positive and finite");
  if (!Number.isFinite(norm)) return 0;
  const target = bound * (1 - CLIP_MARGIN);
  return norm > target ? target / norm : 1;
}

/**
 * Scales `values` so that its norm does not exceed `bound`, in place. Fails closed: if the norm is
 * not finite (NaN, infinity, or overflow), the whole vector becomes zero; one bad entry would
 * otherwise make every sum that it enters tell that this unit took part.
 *
 * @param values Shape [d]. Overwritten.
 * @returns The norm before clipping.
 * @throws {InvariantError} If `bound` is not positive and finite.
 */
export function clipInPlace(values: Float32Array | Float64Array, bound: number): number {
  const norm = l2Norm(values);
  const factor = clipFactor(norm, bound);
  if (factor === 0) values.fill(0);
  else if (factor < 1) {
    for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) * factor;
  }
  return norm;
}
