/**
 * The encodings of a sum without noise, as profiles: how wide the ring is, whether the vector is
 * rotated first, and how large the error may be. Pure. The `dp` profile of noised sums is
 * `smooth-grid.ts`.
 */
import { assert } from "../../base/assert.ts";
import { badInput } from "../../base/errors.ts";
import { clampedEnergyMax, flatMagnitudeMax } from "./flatness.ts";
import { type Quantizer, quantizerScale } from "./quantize.ts";
import type { RingBits } from "./ring.ts";

/**
 * `exact`: 32 bits. `compact`: the ring the task asks for, 24 bits as a rule. `wan`: rotated, 16
 * bits.
 */
export type UnnoisedProfile = "exact" | "compact" | "wan";

/** One member's vector, as the task bounds it. */
export interface BoundedVector {
  readonly dimension: number;
  /** Bound of the absolute value of each coordinate. */
  readonly magnitudeMax: number;
  /** Bound of the ℓ2 norm. Undefined where the task has none that is of use. */
  readonly l2NormMax: number | undefined;
  /** The ring that suffices for it without rotation. */
  readonly ringBits: RingBits;
  /** Whether its coordinates are integers that must arrive exactly. */
  readonly exact: boolean;
}

export interface UnnoisedEncoding {
  readonly rotated: boolean;
  readonly quantizer: Quantizer;
}

/**
 * The encoding of a bounded vector under a profile. No sum of `memberCount` members can leave the
 * ring, whatever they hold: `quantize` clamps each coordinate of each member to ⌊(2^(b−1) − 1)/n⌋
 * levels. Under `wan` that may touch a coordinate of a vector within its norm, with the probability
 * and the loss that `flatness.ts` bounds.
 *
 * @throws {CloisterError} `encoding.no-norm` If the profile rotates and the task states no norm.
 */
export function unnoisedEncoding(
  profile: UnnoisedProfile,
  vector: BoundedVector,
  memberCount: number,
): UnnoisedEncoding {
  const { dimension, magnitudeMax, l2NormMax, ringBits, exact } = vector;
  const quantizer = { magnitudeMax, ringBits, memberCount, exact };
  if (profile === "compact") return { rotated: false, quantizer };
  if (profile === "exact") return { rotated: false, quantizer: { ...quantizer, ringBits: 32 } };
  assert(!exact, "integers that must arrive exactly are never rotated");
  if (l2NormMax === undefined) {
    throw badInput(
      "encoding.no-norm",
      "the encoding wan needs a bound on the ℓ2 norm of a member's vector, and this task states " +
        "none: use compact or exact",
    );
  }
  const flat = flatMagnitudeMax(l2NormMax, dimension);
  return { rotated: true, quantizer: { ...quantizer, magnitudeMax: flat, ringBits: 16 } };
}

/**
 * Bound of the root mean square ℓ2 error of the opened sum, in the unit of the vector: over the
 * rounding, and under rotation over the signs. Rounding at random has a variance of at most ¼
 * level² in each coordinate of each member; what clamping cuts off n members' vectors of norm c may
 * add up.
 */
export function rmsErrorMax(
  { rotated, quantizer }: UnnoisedEncoding,
  { dimension, l2NormMax = 0 }: BoundedVector,
): number {
  const { memberCount } = quantizer;
  const rounding = Math.sqrt(memberCount * dimension) / (2 * quantizerScale(quantizer).scale);
  if (!rotated) return rounding;
  return rounding + memberCount * l2NormMax * Math.sqrt(clampedEnergyMax(dimension));
}
