/**
 * Exact discrete Gaussian noise N_Z(c, σ²) for vectors: integer σ, around zero or around fractions.
 * Pure: randomness is an argument. (For one number of any rational σ² there is `scalar.ts`.)
 */
import { assert } from "../../base/assert.ts";
import type { UniformSource } from "../../base/uniform.ts";
import { addManyInPlace, addManyRounded, type Rounding } from "./many.ts";
import { choosePlace, type Places, placesOf, REFUSED } from "./places.ts";
import { chooseStrip } from "./strips.ts";

/** Largest σ, in grid steps: draws stay within 32-bit words. */
export const STD_DEV_MAX = 2 ** 26;

/** Parts of a grid step in which a centre that is not an integer is given. */
export const CENTRE_PARTS = 2 ** 24;
/** Largest σ of noise around such a centre: all products in parts are whole numbers below 2^53. */
const CENTRED_STD_DEV_MAX = 128;

/**
 * Overwrites `target` with independent draws of the discrete Gaussian,
 * P(n) = e^(−n²/2σ²) / Σ_m e^(−m²/2σ²) over the integers n.
 *
 * Exact: if the source's words are uniform and independent, each draw has precisely this law,
 * reduced to 32-bit two's complement (|n| ≥ 2^31 has probability below e^(−500) at the largest σ).
 * Not constant-time: the number of words used depends on the draws, so a caller draws all of a
 * release's noise in one go.
 *
 * @param target Shape [d]. Overwritten.
 * @param stdDev σ in grid steps, an integer in [1, 2^26]. A caller rounds a fractional σ up.
 * @throws {InvariantError} If σ is out of range.
 * @see Karney, Sampling exactly from the normal distribution, ACM TOMS 42(1), 2016, §3 and
 *   algorithm D: a strip by its weight, a place in it evenly, kept with what is left of the weight.
 *   Deviations: strips of σ/8 instead of σ, so that 19 of 20 are kept; chosen from a table; one
 *   uniform number instead of many coins, of which only as many bits are drawn as decide.
 */
export function discreteGaussianInto(
  target: Int32Array,
  stdDev: number,
  source: UniformSource,
): void {
  target.fill(0);
  addDiscreteGaussianInPlace(target, stdDev, source);
}

/** Adds a draw to each entry, modulo 2^32 in two's complement. @see discreteGaussianInto */
export function addDiscreteGaussianInPlace(
  values: Int32Array,
  stdDev: number,
  source: UniformSource,
): void {
  const places = checkedPlaces(stdDev, 1);
  if (addManyInPlace(values, places, source)) return;
  for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) + draw(places, 0, source);
}

/**
 * Overwrites `target` with rounded values, a draw added to each, modulo 2^32: the same numbers as if it were given
 * rounded ones to `addDiscreteGaussianInPlace`, in one pass less.
 *
 * @param target Shape as `values`.
 */
export function addDiscreteGaussianToRounded(
  target: Int32Array,
  values: Float64Array,
  rounding: Rounding,
  stdDev: number,
  source: UniformSource,
): void {
  const places = checkedPlaces(stdDev, 1);
  if (addManyRounded(target, values, rounding, places, source)) return;
  rounding.roundInto(values, target);
  addDiscreteGaussianInPlace(target, stdDev, source);
}

/**
 * Independent draws of the discrete Gaussian around each of `centres`, P(n) = e^(−(n−c)²/2σ²) / Σ_m
 * e^(−(m−c)²/2σ²) over the integers n. Exact, as `discreteGaussianInto`.
 *
 * @param centres c. Shape [d], multiples of 2^−24 with |c| < 2^28.
 * @param stdDev σ in grid steps, an integer in [1, 128].
 * @returns Shape [d].
 * @throws {InvariantError} If σ or a centre is out of range.
 */
export function discreteGaussianAround(
  centres: Float64Array,
  stdDev: number,
  source: UniformSource,
): Int32Array {
  assert(!(stdDev > CENTRED_STD_DEV_MAX), "σ of noise around a fraction is at most 128 grid steps");
  const places = checkedPlaces(stdDev, CENTRE_PARTS);
  const draws = new Int32Array(centres.length);
  for (let i = 0; i < centres.length; i++) {
    const centre = centres[i] ?? 0;
    const floor = Math.floor(centre);
    const parts = (centre - floor) * CENTRE_PARTS;
    assert(Number.isInteger(parts) && Math.abs(floor) < 2 ** 28, "a centre is out of range");
    draws[i] = floor + draw(places, parts, source);
  }
  return draws;
}

function checkedPlaces(stdDev: number, scale: number): Places {
  assert(
    Number.isInteger(stdDev) && stdDev >= 1 && stdDev <= STD_DEV_MAX,
    "σ is an integer number of grid steps in [1, 2^26]",
  );
  return placesOf(stdDev, scale);
}

/**
 * One draw around f = parts/scale, 0 ≤ f < 1: n = −s at distance s + f at or below it, or n = 1 + s
 * at distance s + 1 − f above, s ≥ 0. Each integer is one s on one side. Strip b holds the
 * distances x with bσ/8 ≤ x < (b + 1)σ/8; it is chosen with weight e^(−b²/2·8²), a place in it
 * evenly, and kept with e^(−(x² − (bσ/8)²)/2σ²): together e^(−x²/2σ²), times a constant.
 */
function draw(places: Places, parts: number, source: UniformSource): number {
  for (;;) {
    const word = source.uint32();
    const strip = chooseStrip(word >>> 1, source);
    const isBelow = (word & 1) === 0;
    const offset = isBelow ? parts : places.scale - parts;
    const steps = choosePlace(places, strip, offset, source.uint32(), source);
    if (steps !== REFUSED) return isBelow ? -steps : 1 + steps;
  }
}
