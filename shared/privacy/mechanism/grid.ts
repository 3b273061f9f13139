/**
 * The integer grid of noised releases: float64 sums become integers once, integer noise is added,
 * and the sum is opened modulo 2^32. Pure. No float noise exists on this path.
 */
import { assert } from "../../base/assert.ts";
import { badInput } from "../../base/errors.ts";
import type { RingBits } from "../../base/ring-bits.ts";
import type { UniformSource } from "../../base/uniform.ts";
import { signedMax } from "../encoding/ring.ts";
import { addDiscreteGaussianToRounded } from "../noise/gaussian.ts";

/** G: grid steps per sensitivity (the ℓ2 bound of one unit's part). */
export const GRID_STEPS = 2 ** 16;

/**
 * η: relative room for rounding errors of the float part, as one unit can move them. Covers float64
 * accumulation over a whole batch (< 10⁻⁵ up to 10⁵ units), and float32 sums over chunks of at most
 * 64 rows that are cut by random tags of the units (< 7.5·10⁻⁴, see docs/engine.md), summed across
 * chunks in float64. Float32 sums over chunks cut by position are not covered: there one unit shifts
 * every later chunk.
 */
export const FLOAT_SLACK = 1e-3;

/** s², in grid steps²: the part of the noise spent on smoothing the grid away. */
export const SMOOTHING_VARIANCE = 4;

/**
 * Added to a double below 2^51 in absolute value and taken away again, it leaves the nearest integer,
 * for doubles beyond 2^52 are the integers. What is larger stays larger than any bound of the grid.
 */
const TO_INTEGER = 1.5 * 2 ** 52;

/** Probability, per release, that noise carries a coordinate of the opened sum out of the ring. */
const WRAP_PROBABILITY = 2 ** -40;

/**
 * ℓ2 sensitivity of the rounded sum in grid steps: G(1 + η) + √d, for each of the d rounded
 * coordinates can differ by at most one more step.
 */
export function gridSensitivity(
  dimension: number,
  floatSlack: number = FLOAT_SLACK,
  gridSteps: number = GRID_STEPS,
): number {
  assert(Number.isInteger(dimension) && dimension >= 1, "a release has at least one coordinate");
  return gridSteps * (1 + floatSlack) + Math.sqrt(dimension);
}

/** Noise on the grid, to be expressed as a noise multiplier. */
export interface GridNoise {
  /** Standard deviation of the guaranteed noise in the opened sum, in grid steps. */
  readonly stdDev: number;
  readonly dimension: number;
  readonly floatSlack?: number;
  readonly gridSteps?: number;
  /** s², in grid steps². Left out: 4, which every release of ours uses. */
  readonly smoothingVariance?: number;
}

/**
 * The noise multiplier of the continuous Gaussian mechanism that is at least as informative as this
 * release: √(σ² − 4)/(G(1 + η) + √d). Drawing Z ~ N(x, σ² − s²) and then Y ~ N_Z(Z, s²) gives
 * N_Z(x, σ²) up to a factor within e^(±4e^(−2π²s²)) per coordinate (Poisson summation), so the grid
 * release is a post-processing of the continuous one, and every Gaussian accountant applies. The
 * factor costs a pure-DP ε below 8d·e^(−8π²) < 10⁻²⁵ per release, which is below the rounding of
 * the accountant and left out.
 */
export function effectiveNoiseMultiplier(noise: GridNoise): number {
  const variance = noise.stdDev ** 2 - (noise.smoothingVariance ?? SMOOTHING_VARIANCE);
  assert(variance > 0, "the noise does not exceed what smoothing takes");
  return Math.sqrt(variance) / gridSensitivity(noise.dimension, noise.floatSlack, noise.gridSteps);
}

/**
 * The pure-DP ε that smoothing leaves per release: at most 4e^(−2π²s²) per coordinate, once for each
 * of the two data sets compared.
 */
export function smoothingSlack(
  dimension: number,
  smoothingVariance: number = SMOOTHING_VARIANCE,
): number {
  return 2 * dimension * 4 * Math.exp(-2 * Math.PI ** 2 * smoothingVariance);
}

/** What decides whether the opened sum can leave the ring. */
export interface SumBounds {
  /** Members whose vectors may be in the sum. */
  readonly memberCount: number;
  /** σ of one member's noise, in grid steps. */
  readonly shareStdDev: number;
  readonly dimension: number;
}

/**
 * What the noise of all members stays within, in every coordinate, except with probability 2^−40
 * per release.
 *
 * A discrete Gaussian is sub-Gaussian: E e^(tX) is e^(t²σ²/2) times Σ_n e^(−(n−tσ²)²/2σ²) over
 * Σ_n e^(−n²/2σ²), a ratio of at most 1. So the noise of K members exceeds √(2Kσ² ln(2d/p)) in
 * absolute value, somewhere among d coordinates, with probability at most p.
 */
export function noiseReach({ memberCount, shareStdDev, dimension }: SumBounds): number {
  assert(Number.isInteger(memberCount) && memberCount >= 1, "a sum has at least one member");
  assert(Number.isInteger(dimension) && dimension >= 1, "a release has at least one coordinate");
  const tail = Math.sqrt(2 * Math.log((2 * dimension) / WRAP_PROBABILITY));
  return tail * Math.sqrt(memberCount) * shareStdDev;
}

/**
 * Bound of each coordinate of one member's rounded vector, before noise, such that the sum of all
 * members lies within Z_{2^32}'s signed range, unless the noise exceeds `noiseReach`.
 * Wrapping would cost accuracy, never privacy: reduction modulo 2^32 is post-processing.
 *
 * @throws {CloisterError} `privacy.noise-exceeds-ring` If noise alone does not fit.
 */
export function gridMagnitudeMax(bounds: SumBounds): number {
  const magnitudeMax = Math.floor((signedMax(32) - noiseReach(bounds)) / bounds.memberCount);
  if (!(magnitudeMax >= GRID_STEPS)) {
    throw badInput(
      "privacy.noise-exceeds-ring",
      "the noise leaves no room for a single unit in the 32-bit ring: lower the noise multiplier",
    );
  }
  return magnitudeMax;
}

/**
 * As `gridMagnitudeMax`, of integers that are released as they are in a ring of `ringBits`.
 *
 * @throws {CloisterError} `privacy.noise-exceeds-ring` If a unit's part does not fit beside the noise.
 */
export function integerMagnitudeMax(
  bounds: SumBounds,
  ringBits: RingBits,
  sensitivity: number,
): number {
  const room = Math.floor((signedMax(ringBits) - noiseReach(bounds)) / bounds.memberCount);
  if (room >= sensitivity) return room;
  const message = `the noise leaves no room for a single unit in the ${ringBits}-bit ring: lower the noise`;
  throw badInput("privacy.noise-exceeds-ring", message);
}

/**
 * Asserts that with at most `unitsMax` units of one member in a round, its vector cannot reach the
 * bound of `gridMagnitudeMax`: `toGrid` clamps nothing, and the opened sum is the true one.
 *
 * @throws {CloisterError} `privacy.round-too-large` Otherwise.
 */
export function assertSumFits(unitsMax: number, bounds: SumBounds): void {
  const reach = unitsMax * GRID_STEPS * (1 + FLOAT_SLACK) + 1;
  if (!(reach <= gridMagnitudeMax(bounds))) {
    throw badInput(
      "privacy.round-too-large",
      `${unitsMax} units of one member in a round could exceed the 32-bit ring with ` +
        `${bounds.memberCount} members: lower the sampling probability`,
    );
  }
}

/**
 * Rounds a member's whole sum to the grid, once: round(x·G/sensitivity), clamped to ±magnitudeMax.
 * The clamp is a projection, so it never raises the sensitivity, whatever the number of units.
 *
 * @param values The sum of the member's clipped units. Shape [d], finite.
 * @param sensitivity ℓ2 bound of one unit's part, in the unit of `values`.
 * @param target Shape [d]. Overwritten. Left out: new.
 * @returns `target`, in grid steps.
 * @throws {InvariantError} If an entry is not finite: clipping should have seen to that.
 */
export function toGrid(
  values: Float64Array,
  sensitivity: number,
  magnitudeMax: number,
  target: Int32Array = new Int32Array(values.length),
): Int32Array {
  assertGrid(sensitivity, magnitudeMax);
  assert(target.length === values.length, "the grid's vector has the wrong length");
  const stepsPerUnit = GRID_STEPS / sensitivity;
  const toInteger = TO_INTEGER;
  const bound = magnitudeMax + 0.5;
  let i = 0;
  for (; i < values.length; i++) {
    const rounded = (values[i] ?? 0) * stepsPerUnit + toInteger - toInteger;
    if (!(Math.abs(rounded) < bound)) break;
    target[i] = rounded;
  }
  if (i < values.length) clampInPlace(target, values, stepsPerUnit, magnitudeMax, i);
  return target;
}

/**
 * `toGrid`, and noise on it: the discrete Gaussian of standard deviation `stdDev`, in grid steps, added to each entry
 * modulo 2^32. The numbers are those of `toGrid` and `addDiscreteGaussianInPlace`.
 */
export function toNoisedGrid(
  values: Float64Array,
  sensitivity: number,
  magnitudeMax: number,
  stdDev: number,
  source: UniformSource,
  target: Int32Array = new Int32Array(values.length),
): Int32Array {
  assertGrid(sensitivity, magnitudeMax);
  assert(target.length === values.length, "the grid's vector has the wrong length");
  const roundInto = (part: Float64Array, into: Int32Array): void => {
    toGrid(part, sensitivity, magnitudeMax, into);
  };
  const rounding = { factor: GRID_STEPS / sensitivity, bound: magnitudeMax + 0.5, roundInto };
  addDiscreteGaussianToRounded(target, values, rounding, stdDev, source);
  return target;
}

/** `toGrid` from the first entry on that is beyond the bound, which few vectors have. Apart: within, it slows the loop. */
function clampInPlace(
  target: Int32Array,
  values: Float64Array,
  stepsPerUnit: number,
  magnitudeMax: number,
  first: number,
): void {
  for (let i = first; i < values.length; i++) {
    const value = values[i] ?? 0;
    assert(Number.isFinite(value), "a sum to be released is not finite");
    const rounded = value * stepsPerUnit + TO_INTEGER - TO_INTEGER;
    target[i] = Math.max(-magnitudeMax, Math.min(magnitudeMax, rounded));
  }
}

/**
 * The opened sum in the contribution's own unit: steps·sensitivity/G.
 *
 * @param target Shape [d], as the sum. Overwritten. Left out: new.
 * @returns `target`.
 */
export function fromGrid(
  sum: Int32Array,
  sensitivity: number,
  target: Float64Array = new Float64Array(sum.length),
): Float64Array {
  assertSensitivity(sensitivity);
  assert(target.length === sum.length, "the opened vector has the wrong length");
  const unitPerStep = sensitivity / GRID_STEPS;
  for (let i = 0; i < sum.length; i++) target[i] = (sum[i] ?? 0) * unitPerStep;
  return target;
}

function assertGrid(sensitivity: number, magnitudeMax: number): void {
  assertSensitivity(sensitivity);
  assert(
    Number.isInteger(magnitudeMax) && magnitudeMax >= 1 && magnitudeMax <= signedMax(32),
    "the grid's bound is a positive 31-bit integer",
  );
}

function assertSensitivity(sensitivity: number): void {
  assert(Number.isFinite(sensitivity) && sensitivity > 0, "the sensitivity is positive and finite");
}
