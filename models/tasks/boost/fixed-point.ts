/**
 * Gradients as whole numbers, so that sums over members are exact and do not depend on their order:
 * a federated tree is the pooled tree. Pure.
 */
import { assert } from "../../../shared/base/assert.ts";

const RING_MAX = 2 ** 31 - 1;
/** Below so many units per 1 a sum is carried by two coordinates. */
const SCALE_MIN = 2 ** 12;
/** With two coordinates there is room for more than anybody needs. */
const SCALE_TWO = 2 ** 20;

export interface FixedPoint {
  /** Units per 1: a row adds at most so many. A power of two. */
  readonly scale: number;
  /** Coordinates that one sum takes. */
  readonly limbs: 1 | 2;
  /** With two limbs the lower one has the sum modulo this, the upper one how often it is contained. */
  readonly base: number;
  /** Bound of a coordinate of one member. */
  readonly limbMax: number;
}

/**
 * The finest scale at which no sum of `memberCount` members with `rowsMax` rows each can leave the
 * 32-bit ring. A member's sum is at most rowsMax · scale; where that leaves fewer than 12 bits to a
 * row, the sum is parted in two: the lower limbs of all members add up to less than
 * memberCount · base ≤ 2^31 − 1.
 */
export function fixedPoint(rowsMax: number, memberCount: number): FixedPoint {
  const perMember = Math.floor(RING_MAX / memberCount);
  const scale = 2 ** Math.floor(Math.log2(perMember / rowsMax));
  assert(scale >= 1, "the charter's rows fit the ring");
  if (scale >= SCALE_MIN) return { scale, limbs: 1, base: 1, limbMax: rowsMax * scale };
  const base = 2 ** Math.floor(Math.log2(perMember));
  const upperMax = Math.ceil((rowsMax * SCALE_TWO) / base) + 1;
  const limbMax = Math.max(base, upperMax, rowsMax);
  return { scale: SCALE_TWO, limbs: 2, base, limbMax };
}

/** Writes one member's sum at `at`, as its limbs: the lower one last, and never negative. */
export function writeSumInPlace(
  vector: Float64Array,
  at: number,
  sum: number,
  { limbs, base }: FixedPoint,
): void {
  if (limbs === 1) vector[at] = sum;
  else {
    const upper = Math.floor(sum / base);
    vector[at] = upper;
    vector[at + 1] = sum - upper * base;
  }
}

/** The sum of the members' sums, from the sums of their limbs. */
export function readSum(vector: Float64Array, at: number, { limbs, base }: FixedPoint): number {
  const upper = vector[at] ?? 0;
  return limbs === 1 ? upper : upper * base + (vector[at + 1] ?? 0);
}
