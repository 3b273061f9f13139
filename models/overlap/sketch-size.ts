/** How long a sketch should be, and how far off an overlap then is: from public numbers alone. Pure. */
import { assert } from "../../shared/base/assert.ts";
import { SLOTS_MAX, SLOTS_MIN } from "../../shared/charter/overlap-spec.ts";

/** Two sets, and the sketches that they are compared by: of identifiers, or the second one of their values. */
export interface OverlapSetting {
  readonly slots: number;
  /** Standard deviation of the noise in each slot of an opened sketch. */
  readonly noiseStdDev: number;
  /** How many identifiers each has; of values, Q: the sum of their squares. */
  readonly sizes: readonly [number, number];
  /** How many identifiers are in both; of values, T: the sum of those. */
  readonly overlap: number;
  /** Of values, P: the sum of the squares of those in both. Left out: they are all 1. */
  readonly overlapSquares?: number;
}

/**
 * Variance of the dot product of two noised sketches around the true overlap t:
 *
 *     (n₁n₂ + t² − 2t)/m + σ²(n₁ + n₂) + mσ⁴.
 *
 * Identifiers x ≠ y of the two sets fall into one slot with probability 1/m and then add ±1, independently from pair to
 * pair: n₁n₂ − t ordered pairs; those {x, y} that are both in both sets are met twice, with the same sign, which makes
 * 4 of 2 for t(t − 1)/2 of them. Each noise times the other's sketch adds σ²n, the noises' product mσ⁴; the parts are
 * uncorrelated.
 *
 * Where y adds its value v instead, so many pairs count v², and those that are met twice (v_x + v_y)² instead of
 * v_x² + v_y²: with Q for n₂, T for t and P for what is neither,
 *
 *     (n₁Q + T² − 2P)/m + σ²(n₁ + Q) + mσ⁴.
 */
export function overlapVariance(setting: OverlapSetting): number {
  const { slots, noiseStdDev, sizes, overlap, overlapSquares = overlap } = setting;
  const [a, b] = sizes;
  const variance = noiseStdDev ** 2;
  const collisions = (a * b + overlap ** 2 - 2 * overlapSquares) / slots;
  return collisions + variance * (a + b) + slots * variance ** 2;
}

export interface SlotBounds {
  /** Public estimate of the number of identifiers of a member. */
  readonly sizeExpected: number;
  /** Standard deviation of the noise in each slot. */
  readonly noiseStdDev: number;
  /** Sections of the vector: each sketch is one. */
  readonly sketchCount: number;
  /** What a member may send, in bytes of ring elements. */
  readonly bytesMax: number;
  /** Of a ring element. */
  readonly slotBytes: number;
}

/**
 * The length with the least error that the bytes allow. For sets of n with little overlap the variance is
 * n²/m + 2nσ² + mσ⁴, least at m = n/σ²: 4nσ², so the error is 2σ√n. It is flat there: with half of that length it is 6 %
 * larger.
 */
export function slotsFor({
  sizeExpected,
  noiseStdDev,
  sketchCount,
  bytesMax,
  slotBytes,
}: SlotBounds): number {
  assert(noiseStdDev > 0 && sketchCount >= 1, "a sketch of at least one member, with noise");
  const best = Math.round(sizeExpected / noiseStdDev ** 2);
  const affordable = Math.floor(bytesMax / (slotBytes * sketchCount));
  return Math.max(SLOTS_MIN, Math.min(best, affordable, SLOTS_MAX));
}
