/** How long a sketch should be, and how far off an overlap then is: from public numbers alone. Pure. */
import { assert } from "../../shared/base/assert.ts";
import { SLOTS_MAX, SLOTS_MIN } from "../../shared/charter/overlap-spec.ts";

/** Two sets, and the sketches that they are compared by. */
export interface OverlapSetting {
  readonly slots: number;
  /** Standard deviation of the noise in each slot of an opened sketch. */
  readonly noiseStdDev: number;
  readonly sizes: readonly [number, number];
  /** How many identifiers are in both. */
  readonly overlap: number;
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
 */
export function overlapVariance({ slots, noiseStdDev, sizes, overlap }: OverlapSetting): number {
  const [a, b] = sizes;
  const variance = noiseStdDev ** 2;
  return (a * b + overlap ** 2 - 2 * overlap) / slots + variance * (a + b) + slots * variance ** 2;
}

export interface SlotBounds {
  /** Public estimate of the number of identifiers of a member. */
  readonly sizeExpected: number;
  /** Standard deviation of the noise in each slot. */
  readonly noiseStdDev: number;
  /** Sections of the vector: each member's sketch is one. */
  readonly memberCount: number;
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
  memberCount,
  bytesMax,
  slotBytes,
}: SlotBounds): number {
  assert(noiseStdDev > 0 && memberCount >= 1, "a sketch of at least one member, with noise");
  const best = Math.round(sizeExpected / noiseStdDev ** 2);
  const affordable = Math.floor(bytesMax / (slotBytes * memberCount));
  return Math.max(SLOTS_MIN, Math.min(best, affordable, SLOTS_MAX));
}
