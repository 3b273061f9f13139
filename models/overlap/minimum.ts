/**
 * A member whose set is too small contributes empty sketches, and nobody is told. Pure.
 *
 * Whether a set of just so many counts as too small would tell of a single customer: it decides between a sketch and
 * nothing. So the size is noised before it is compared, with 25 times the noise of a slot, and the release is charged
 * for that too: as if the sketch had one coordinate more, the size over 25.
 */

import type { Rng } from "../../shared/base/env.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import { discreteGaussianInto } from "../../shared/privacy/noise/gaussian.ts";

/** How many times the noise of a slot the size bears. At 25 the test costs the sketch 0.08 % more noise. */
const NOISE_FACTOR = 25;

/** What of a unit is in a member's sketches. */
export interface Sketched {
  /** Of a unit's identifiers so many at most. */
  readonly perUnitMax: number;
  /** Sketches of a member: 2 where one is of values. */
  readonly sketchCount: 1 | 2;
}

/**
 * ℓ2 sensitivity of (sketches, size/25) where one unit has at most q identifiers: each sketch, and the size, changes by
 * q at most, which makes q·√(sketches + 1/625).
 *
 * A sketch of values could be sent w times as large, for √(1 + w² + …) times the noise of both. At the best length the
 * variance of the sum over those in both of two sets of n is then n·z²(1 + w²)(√a + 1/w)², a being the mean square of a
 * value over the largest one's: least at w = a^−⅙, which is 1 where all have the most. At a = 1 % the error at w = 1 is 16 %
 * larger than it could be, but overlaps are told 1.7 times as well as at the best w. Nobody knows a beforehand: w is 1.
 *
 * The comparison is a function of the second part's noised value, and chooses what is done with the first: adaptive
 * composition, which for Gaussian noise adds up as in one vector (Dong, Roth and Su, Gaussian differential privacy,
 * JRSS B 84, 2022, corollary 3.3).
 */
export function sketchSensitivity({ perUnitMax, sketchCount }: Sketched): number {
  return perUnitMax * Math.sqrt(sketchCount + NOISE_FACTOR ** -2);
}

export interface Minimum extends Sketched {
  /** Sets of fewer identifiers count as empty. */
  readonly sizeMin: number;
  /** z: noise over sensitivity. */
  readonly noiseMultiplier: number;
}

/** σ of the size's noise, rounded up. */
export function sizeNoiseStdDev(minimum: Omit<Minimum, "sizeMin">): number {
  return Math.ceil(NOISE_FACTOR * minimum.noiseMultiplier * sketchSensitivity(minimum));
}

/** Whether a set may be sketched. @param rng The operating system's, where it protects anyone. */
export function isLargeEnough(size: number, minimum: Minimum, rng: Rng): boolean {
  const noise = new Int32Array(1);
  discreteGaussianInto(noise, sizeNoiseStdDev(minimum), new UniformSource(rng));
  return size + (noise[0] ?? 0) >= minimum.sizeMin;
}
