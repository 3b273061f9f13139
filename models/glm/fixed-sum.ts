/**
 * Sums of real numbers as whole ones that add up exactly over members, fine enough that a fit by them is the pooled
 * fit to ten digits. Three ring elements carry one sum. Pure.
 */
import { assert } from "../../shared/base/assert.ts";

const RING_MAX = 2 ** 31 - 1;
export const LIMBS = 3;
/** What a row may add on average: parts of a row are at most 1 near a fit, and deviances of bad starts more. */
const ROW_MAX = 2 ** 10;
/** Finer steps than doubles of such sums have would be for nothing. */
const SCALE_MAX = 2 ** 40;

export interface WideFixedPoint {
  /** Units per 1. A power of two. */
  readonly scale: number;
  /** A power of two. A sum is (top · base + middle) · base + low, each of them at most base/2 or little more. */
  readonly base: number;
  /** Bound of the absolute value of a limb of one member. */
  readonly limbMax: number;
  /** Bound of one member's sum: what is beyond it is cut off. */
  readonly sumMax: number;
}

/**
 * `memberCount` limbs up to `base` add up to less than 2^31. With 200 members and a million rows each a unit is 2^−38, in
 * most rooms 2^−40.
 *
 * The opened sum differs from the sum of the members' by at most memberCount/(2 · scale). Where that is the error of a
 * gradient g at which a fit has settled, its coefficients are off by at most ‖H⁻¹‖ · ‖g‖, H being the information.
 */
export function wideFixedPoint(rowsMax: number, memberCount: number): WideFixedPoint {
  const base = 2 ** Math.floor(Math.log2(Math.floor(RING_MAX / memberCount)));
  const units = base ** LIMBS / 2;
  const scale = Math.min(SCALE_MAX, 2 ** Math.floor(Math.log2(units / (rowsMax * ROW_MAX))));
  assert(scale >= 1, "the charter's rows fit the ring");
  return { scale, base, limbMax: base, sumMax: units / scale };
}

/** Writes one member's sum at `at`, rounded to the unit: the top limb first. @throws {InvariantError} If it is NaN. */
export function writeWideInPlace(
  vector: Float64Array,
  at: number,
  sum: number,
  { scale, base, sumMax }: WideFixedPoint,
): void {
  assert(!Number.isNaN(sum), "a sum to be released is a number");
  // A whole number of at most 53 significant bits. Limbs have signs, so what is left never has more of them, and is exact.
  let rest = Math.round(Math.max(-sumMax, Math.min(sumMax, sum)) * scale);
  for (let limb = 0; limb < LIMBS; limb++) {
    const weight = base ** (LIMBS - 1 - limb);
    const value = Math.round(rest / weight);
    vector[at + limb] = value;
    rest -= value * weight;
  }
}

/** The sum of the members' sums, from the sums of their limbs. */
export function readWide(
  vector: Float64Array,
  at: number,
  { scale, base }: WideFixedPoint,
): number {
  let sum = 0;
  for (let limb = 0; limb < LIMBS; limb++) sum = sum * base + (vector[at + limb] ?? 0);
  return sum / scale;
}

/** A member's sums as its contribution. Shape [3n] of shape [n]. */
export function wideVector(sums: Float64Array, point: WideFixedPoint): Float64Array {
  const vector = new Float64Array(LIMBS * sums.length);
  for (let i = 0; i < sums.length; i++) writeWideInPlace(vector, LIMBS * i, sums[i] ?? 0, point);
  return vector;
}

/** What members' contributions add up to. Shape [n] of shape [3n]. */
export function wideSums(vector: Float64Array, point: WideFixedPoint): Float64Array {
  const sums = new Float64Array(vector.length / LIMBS);
  for (let i = 0; i < sums.length; i++) sums[i] = readWide(vector, LIMBS * i, point);
  return sums;
}
