/**
 * The grid of the `dp` profile: noise is drawn around the value itself instead of being added to a
 * rounded one, so that a coarse grid in a narrow ring costs no privacy. Pure. No float noise exists
 * on this path.
 */
import { assert } from "../../base/assert.ts";
import { badInput } from "../../base/errors.ts";
import type { UniformSource } from "../../base/uniform.ts";
import { flatMagnitudeMax } from "../encoding/flatness.ts";
import { type RingBits, signedMax } from "../encoding/ring.ts";
import { CENTRE_PARTS, discreteGaussianAround } from "../noise/gaussian.ts";
import { FLOAT_SLACK, noiseReach, SMOOTHING_VARIANCE } from "./grid.ts";
import { type Cohort, honestSurvivors } from "./noise-share.ts";

/**
 * Grid steps of the guaranteed noise, at least. Smoothing takes 4 of its 2^12 steps²: 0.05 % of the
 * standard deviation. More steps would only leave less of the ring to the sum.
 */
const NOISE_STEPS_MIN = 64;

/** A member may have this many times the mean member's units before its sum might be clamped. */
const UNEVENNESS_MAX = 4;

/**
 * A margin for the rounding of this file's own arithmetic; what is promised must not fall short for
 * that.
 */
const ROUNDING_MARGIN = 2 ** -40;

export interface SmoothGridParams {
  /** z: standard deviation of the guaranteed noise in units of the sensitivity. */
  readonly noiseMultiplier: number;
  /** d, coordinates of the rotated vector. */
  readonly dimension: number;
  readonly cohort: Cohort;
  readonly ringBits: RingBits;
  /** Public estimate of the units of all members together in one round. */
  readonly unitsPerRound: number;
}

/** Public parameters of one release: the same at every member and at the coordinator. */
export interface SmoothGrid {
  /** σ of one member's discrete Gaussian, in grid steps. An integer. */
  readonly shareStdDev: number;
  /** G: grid steps per sensitivity (the ℓ2 bound of one unit's part). Any positive number. */
  readonly stepsPerSensitivity: number;
  /** Bound of each coordinate of one member's vector before noise, in grid steps. An integer. */
  readonly magnitudeMax: number;
  readonly ringBits: RingBits;
  /** What the honest survivors' noise is worth. Invariant: ≥ the multiplier asked for. */
  readonly noiseMultiplier: number;
}

/**
 * The grid for a release, with σ_share = ⌈64/√h⌉ steps, h = K − D − t honest survivors, and as many
 * steps G per sensitivity as leave the noise multiplier z.
 *
 * **Sensitivity.** The rotation is orthogonal, so a unit of norm C moves the rotated sum by at most
 * C(1 + η). That sum is clamped by coordinate, a projection that moves no two points apart, and
 * rounded to parts of 2^−24 step, by which two roundings differ by at most one part in each
 * coordinate: S = G(1 + η) + √d·2^−24 steps. There is no term √d of whole steps as in `grid.ts`,
 * for nothing is rounded to whole steps before noise. Rounding errors of the rotation, below 10^−14
 * of the whole sum's norm, are within η for 10^9 units and more.
 *
 * **Noise.** Member k sends Y_k ~ N_Z(x_k, s²), x_k its real-valued sum in steps. The derivation at
 * `effectiveNoiseMultiplier` in `grid.ts` holds for every real centre: N_Z(x, σ²) is a
 * post-processing of N(x, σ² − 4) up to a factor within e^(±4e^(−8π²)) per coordinate. And a sum of
 * such draws is as good as one: in Σ_m e^(−(m−x)²/2s² − (n−m−x')²/2u²) =
 * e^(−(n−x−x')²/2(s²+u²))·Σ_m e^(−(m−c)²/2v), v = s²u²/(s²+u²) ≥ s²/2, the last sum depends on its
 * real centre c by a factor within 1 ± 2.0001·e^(−2π²v) only, and 2π²v ≥ 246 for s ≥ 5. So the
 * honest members' sum is N_Z(Σx_k, hs²) up to a factor far closer to 1 than the accountant's
 * numbers are known, and the release is at least as private as the continuous Gaussian with
 * multiplier √(hs² − 4)/S ≥ z. Own derivation, as that of `grid.ts`; Kairouz, Liu and Steinke (ICML
 * 2021) state the second half for integer centres.
 *
 * **The ring.** K·magnitudeMax plus what the noise stays within, except with probability 2^−40
 * (`noiseReach`; the ratio in its proof is within 1 ± 10^−200 for real centres), is the ring's
 * signed range. Leaving it would cost accuracy, never privacy: clamping comes before noise, and
 * reduction modulo 2^b is post-processing.
 *
 * @throws {CloisterError} `privacy.too-few-members` @see honestSurvivors
 * @throws {CloisterError} `privacy.ring-too-small` If a member with four times the mean member's
 *   units, all of whose gradients point the same way, could have coordinates clamped (beyond κ of
 *   `flatness.ts`).
 */
export function smoothGrid(params: SmoothGridParams): SmoothGrid {
  const { noiseMultiplier, dimension, cohort, ringBits } = params;
  assert(
    Number.isFinite(noiseMultiplier) && noiseMultiplier > 0,
    "the noise multiplier is positive",
  );
  const { memberCount } = cohort;
  const honest = honestSurvivors(cohort);
  const shareStdDev = Math.ceil(NOISE_STEPS_MIN / Math.sqrt(honest));
  const steps = stepsFor(noiseMultiplier, honest * shareStdDev ** 2, dimension);
  const reach = noiseReach({ memberCount, shareStdDev, dimension });
  const magnitudeMax = Math.floor((signedMax(ringBits) - reach) / memberCount);
  if (!(steps > 0 && sumReach(params, steps) <= magnitudeMax)) throw tooSmall(params);
  const guaranteed = smoothNoiseMultiplier(honest * shareStdDev ** 2, steps, dimension);
  assert(guaranteed >= noiseMultiplier, "the noise falls short of what is promised");
  const grid = { shareStdDev, stepsPerSensitivity: steps, magnitudeMax, ringBits };
  return { ...grid, noiseMultiplier: guaranteed };
}

/**
 * √(σ² − 4)/(G(1 + η) + √d·2^−24): of the continuous Gaussian mechanism that is no more private.
 */
export function smoothNoiseMultiplier(
  variance: number,
  stepsPerSensitivity: number,
  dimension: number,
): number {
  const smoothed = variance - SMOOTHING_VARIANCE;
  assert(smoothed > 0, "the noise does not exceed what smoothing takes");
  const rounding = Math.sqrt(dimension) / CENTRE_PARTS;
  return Math.sqrt(smoothed) / (stepsPerSensitivity * (1 + FLOAT_SLACK) + rounding);
}

/** The G at which `smoothNoiseMultiplier` is z. */
function stepsFor(noiseMultiplier: number, variance: number, dimension: number): number {
  const sensitivity = Math.sqrt(variance - SMOOTHING_VARIANCE) / noiseMultiplier;
  const steps = (sensitivity - Math.sqrt(dimension) / CENTRE_PARTS) / (1 + FLOAT_SLACK);
  return steps * (1 - ROUNDING_MARGIN);
}

/** What a coordinate of one member's rotated sum stays within, in grid steps, but for rare ones. */
function sumReach(
  { unitsPerRound, cohort, dimension }: SmoothGridParams,
  stepsPerSensitivity: number,
): number {
  assert(Number.isFinite(unitsPerRound) && unitsPerRound > 0, "a round has units");
  const unitsMax = Math.max(1, unitsPerRound * Math.min(1, UNEVENNESS_MAX / cohort.memberCount));
  return flatMagnitudeMax(unitsMax * stepsPerSensitivity, dimension);
}

function tooSmall({ ringBits, unitsPerRound, cohort }: SmoothGridParams): Error {
  const remedy = ringBits < 20 ? "use ringBits: 20, or" : "lower samplingProbability, or";
  return badInput(
    "privacy.ring-too-small",
    `a ${ringBits}-bit ring cannot hold the noise and the sum of about ` +
      `${Math.ceil(unitsPerRound)} units a round of ${cohort.memberCount} members: ` +
      `${remedy} leave out the encoding (32 bits)`,
  );
}

/**
 * x·G/sensitivity, clamped to ±magnitudeMax and rounded once, to parts of 2^−24 step: what the
 * noise is drawn around. One unit moves it by at most S.
 *
 * @param values x: the rotated sum of the member's clipped units. Shape [d], finite.
 * @param sensitivity ℓ2 bound of one unit's part, in the unit of `values`.
 * @returns Grid steps, multiples of 2^−24. Shape [d].
 * @throws {InvariantError} If an entry is not finite: clipping should have seen to that.
 */
export function centresOf(
  values: Float64Array,
  sensitivity: number,
  { stepsPerSensitivity, magnitudeMax }: SmoothGrid,
): Float64Array {
  assertSensitivity(sensitivity);
  const stepsPerUnit = stepsPerSensitivity / sensitivity;
  const centres = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    assert(Number.isFinite(value), "a sum to be released is not finite");
    const clamped = Math.max(-magnitudeMax, Math.min(magnitudeMax, value * stepsPerUnit));
    centres[i] = Math.round(clamped * CENTRE_PARTS) / CENTRE_PARTS;
  }
  return centres;
}

/**
 * One member's noised vector: in each coordinate N_Z(c, s²), c as in `centresOf`. Grid steps. Shape
 * [d] both.
 */
export function toSmoothGrid(
  values: Float64Array,
  sensitivity: number,
  grid: SmoothGrid,
  source: UniformSource,
): Int32Array {
  return discreteGaussianAround(centresOf(values, sensitivity, grid), grid.shareStdDev, source);
}

/** The opened sum, still rotated, in the contribution's own unit. Shape [d] both. */
export function fromSmoothGrid(
  sum: Int32Array,
  sensitivity: number,
  { stepsPerSensitivity }: SmoothGrid,
): Float64Array {
  assertSensitivity(sensitivity);
  const unitsPerStep = sensitivity / stepsPerSensitivity;
  const values = new Float64Array(sum.length);
  for (let i = 0; i < sum.length; i++) values[i] = (sum[i] ?? 0) * unitsPerStep;
  return values;
}

function assertSensitivity(sensitivity: number): void {
  assert(Number.isFinite(sensitivity) && sensitivity > 0, "the sensitivity is positive and finite");
}
