/**
 * Floats as ring elements, without noise: for releases that secure aggregation alone protects.
 * Pure. Says nothing about privacy; noised releases go through `grid.ts`.
 */
import { assert } from "../../base/assert.ts";
import { badInput } from "../../base/errors.ts";
import { type RingBits, ringMask } from "../../base/ring-bits.ts";
import type { UniformSource } from "../../base/uniform.ts";
import { roundLevels } from "./kernel/kernel.ts";
import { signedMax } from "./ring.ts";

/** Public parameters of one sum: the same at every member and at the coordinator. */
export interface Quantizer {
  /** Bound of the absolute value of each coordinate of one member's vector. */
  readonly magnitudeMax: number;
  readonly ringBits: RingBits;
  /** Members whose vectors may be in the sum. */
  readonly memberCount: number;
  /** Integers up to `magnitudeMax` arrive exactly. */
  readonly exact: boolean;
}

/** Levels per unit, and the bound of a member's level: memberCount · levelMax fits the ring. */
export interface QuantizerScale {
  readonly scale: number;
  readonly levelMax: number;
}

/**
 * The largest scale at which `memberCount` members at ±magnitudeMax stay in the signed ring:
 * levelMax = ⌊(2^(b−1) − 1)/n⌋ and scale = levelMax/magnitudeMax, or, where integers must stay
 * exact, the largest power of two below it.
 *
 * @throws {CloisterError} `privacy.ring-too-small` If that leaves less than one level, or, with
 *   `exact`, less than one level per integer.
 */
export function quantizerScale(quantizer: Quantizer): QuantizerScale {
  const { magnitudeMax, ringBits, memberCount, exact } = quantizer;
  assert(Number.isFinite(magnitudeMax) && magnitudeMax > 0, "the magnitude bound is positive");
  assert(Number.isInteger(memberCount) && memberCount >= 1, "a sum has at least one member");
  const levelMax = Math.floor(signedMax(ringBits) / memberCount);
  const scale = exact ? powerOfTwoAtMost(levelMax / magnitudeMax) : levelMax / magnitudeMax;
  if (levelMax < 1 || !Number.isFinite(scale) || scale === 0 || (exact && scale < 1)) {
    throw badInput(
      "privacy.ring-too-small",
      `a ${ringBits}-bit ring cannot hold ${memberCount} members' values up to ${magnitudeMax}` +
        `${exact ? " exactly" : ""}: lower the bound, or use 32 bits`,
    );
  }
  return { scale, levelMax };
}

/**
 * One member's vector as ring elements: round(x·scale) modulo 2^b, rounded up or down at random so
 * that the expectation is x·scale (bias below 2^−21 levels). Values beyond ±magnitudeMax are
 * clamped to it: the bound is what keeps the sum inside the ring.
 *
 * @param values Shape [d].
 * @returns Shape [d], entries in 0 … 2^b − 1. The error of a coordinate is below one level.
 * @throws {CloisterError} `privacy.value-not-finite` If an entry is NaN or infinite.
 * @throws {CloisterError} `privacy.ring-too-small` @see quantizerScale
 */
export function quantize(
  values: Float64Array,
  quantizer: Quantizer,
  source: UniformSource,
): Uint32Array {
  const { magnitudeMax, ringBits } = quantizer;
  const levels = { ...quantizerScale(quantizer), magnitudeMax, mask: ringMask(ringBits) };
  const ring = new Uint32Array(values.length);
  const bad = roundLevels(values, levels, source, ring);
  if (bad >= 0) notFinite(bad);
  return ring;
}

function notFinite(coordinate: number): never {
  throw badInput(
    "privacy.value-not-finite",
    `coordinate ${coordinate} of a release is not a number`,
  );
}

/**
 * The sum of the members' vectors, from the sum of their ring elements modulo 2^b. Shape [d] both.
 * Each coordinate is within memberCount/scale of the sum of the clamped values, and equal to it
 * where `exact` and the values are integers.
 */
export function dequantizeSum(sum: Uint32Array, quantizer: Quantizer): Float64Array {
  const { scale } = quantizerScale(quantizer);
  const unused = 32 - quantizer.ringBits;
  const values = new Float64Array(sum.length);
  // As `fromRing` lifts them, without a vector in between.
  for (let i = 0; i < sum.length; i++) values[i] = (((sum[i] ?? 0) << unused) >> unused) / scale;
  return values;
}

/** The largest power of two that is at most `limit`; 0 if `limit` is not positive and finite. */
function powerOfTwoAtMost(limit: number): number {
  if (!(limit > 0 && Number.isFinite(limit))) return 0;
  const power = 2 ** Math.floor(Math.log2(limit));
  if (power > limit) return power / 2;
  return power * 2 <= limit ? power * 2 : power;
}
