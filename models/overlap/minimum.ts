/**
 * A member whose set is too small contributes an empty sketch, and nobody is told. Pure.
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

/**
 * ℓ2 sensitivity of (sketch, size/25) where one unit has at most `perUnitMax` identifiers: both change by so much.
 * The comparison is a function of the second part's noised value, and chooses what is done with the first: adaptive
 * composition, which for Gaussian noise adds up as in one vector (Dong, Roth and Su, Gaussian differential privacy,
 * JRSS B 84, 2022, corollary 3.3).
 */
export function sketchSensitivity(perUnitMax: number): number {
  return perUnitMax * Math.sqrt(1 + NOISE_FACTOR ** -2);
}

export interface Minimum {
  /** Sets of fewer identifiers count as empty. */
  readonly sizeMin: number;
  readonly perUnitMax: number;
  /** z: noise over sensitivity. */
  readonly noiseMultiplier: number;
}

/** σ of the size's noise, rounded up. */
export function sizeNoiseStdDev({ perUnitMax, noiseMultiplier }: Omit<Minimum, "sizeMin">): number {
  return Math.ceil(NOISE_FACTOR * noiseMultiplier * sketchSensitivity(perUnitMax));
}

/** Whether a set may be sketched. @param rng The operating system's, where it protects anyone. */
export function isLargeEnough(size: number, minimum: Minimum, rng: Rng): boolean {
  const noise = new Int32Array(1);
  discreteGaussianInto(noise, sizeNoiseStdDev(minimum), new UniformSource(rng));
  return size + (noise[0] ?? 0) >= minimum.sizeMin;
}
