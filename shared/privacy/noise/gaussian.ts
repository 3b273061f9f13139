/**
 * Exact discrete Gaussian noise N_Z(c, σ²) for vectors: integer σ, around zero or around fractions.
 * Pure: randomness is an argument. Doubles only look first: they decide where proven bounds of their
 * errors leave no doubt, and integers of any length decide the rest. (For one number of any rational
 * σ² there is `scalar.ts`, slower and without doubles.)
 */
import { assert } from "../../base/assert.ts";
import type { UniformSource } from "../../base/uniform.ts";
import { expNegBounds } from "./exp-bounds.ts";
import { chooseStrip, STRIPS, WORD_STRIPS } from "./strips.ts";

/** Largest σ, in grid steps: draws stay within 32-bit words. */
export const STD_DEV_MAX = 2 ** 26;

/** Parts of a grid step in which a centre that is not an integer is given. */
export const CENTRE_PARTS = 2 ** 24;
/** Largest σ of noise around such a centre: all products in parts are whole numbers below 2^53. */
const CENTRED_STD_DEV_MAX = 128;

/** More than the rounding of a handful of operations on numbers below 4 can add up to. */
const ROUNDING = 2 ** -45;
/** A product of a word and a width below this is a whole number below 2^53, and so exact. */
const EXACT_WIDTH_MAX = 2 ** 21;
const REFUSED = -1;

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
  const law = lawOf(stdDev, 1);
  for (let i = 0; i < target.length; i++) target[i] = draw(law, 0, source);
}

/** Adds a draw to each entry, modulo 2^32 in two's complement. @see discreteGaussianInto */
export function addDiscreteGaussianInPlace(
  values: Int32Array,
  stdDev: number,
  source: UniformSource,
): void {
  const law = lawOf(stdDev, 1);
  for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) + draw(law, 0, source);
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
  const law = lawOf(stdDev, CENTRE_PARTS);
  const draws = new Int32Array(centres.length);
  for (let i = 0; i < centres.length; i++) {
    const centre = centres[i] ?? 0;
    const floor = Math.floor(centre);
    const parts = (centre - floor) * CENTRE_PARTS;
    assert(Number.isInteger(parts) && Math.abs(floor) < 2 ** 28, "a centre is out of range");
    draws[i] = floor + draw(law, parts, source);
  }
  return draws;
}

/** What all draws of one vector have in common. */
interface Law {
  readonly stdDev: number;
  /** Parts of a grid step that distances are whole numbers of. */
  readonly scale: number;
  /** σ in these parts. */
  readonly stdDevParts: number;
  /** W = ⌈σ/8⌉: no strip holds more integers. */
  readonly width: number;
  /** What the product of a uniform number and W may exceed its first 32 bits' by, and fall short. */
  readonly above: number;
  readonly below: number;
}

function lawOf(stdDev: number, scale: number): Law {
  assert(
    Number.isInteger(stdDev) && stdDev >= 1 && stdDev <= STD_DEV_MAX,
    "σ is an integer number of grid steps in [1, 2^26]",
  );
  const width = Math.ceil(stdDev / STRIPS);
  // A rounded product is off by at most 2^−53 of itself, and it is at most W.
  const below = width <= EXACT_WIDTH_MAX ? 0 : width * 2 ** -52;
  const above = width * 2 ** -32 + below;
  return { stdDev, scale, stdDevParts: stdDev * scale, width, above, below };
}

/**
 * One draw around f = parts/scale, 0 ≤ f < 1: n = −s at distance s + f at or below it, or n = 1 + s
 * at distance s + 1 − f above, s ≥ 0. Each integer is one s on one side. Strip b holds the
 * distances x with bσ/8 ≤ x < (b + 1)σ/8; it is chosen with weight e^(−b²/2·8²), a place in it
 * evenly, and kept with e^(−(x² − (bσ/8)²)/2σ²): together e^(−x²/2σ²), times a constant.
 */
function draw(law: Law, parts: number, source: UniformSource): number {
  for (;;) {
    const word = source.uint32();
    const strip = chooseStrip(word >>> 1, source);
    const isBelow = (word & 1) === 0;
    const steps = drawSteps(law, strip, isBelow ? parts : law.scale - parts, source);
    if (steps !== REFUSED) return isBelow ? -steps : 1 + steps;
  }
}

/**
 * s for a strip, or REFUSED. One uniform number V makes two: of V·W, W = ⌈σ/8⌉, the whole part
 * chooses one of W places, and the rest F, uniform on [0, 1) whatever the whole part is, keeps the
 * place if F < e^(−t).
 *
 * With the first 32 bits of V known, V·W lies within [product − below, product + above). By Taylor,
 * e^(−t) lies within [P, P + t⁴/24], P = 1 − t + t²/2 − t³/6. When these intervals leave anything
 * open, which for σ ≤ 2^20 is about once in 20 000 times, `settleSteps` decides.
 *
 * Rounding: excess, a product of whole numbers below 2^53, is exact; y, t and P take ten operations
 * between numbers below 4 (strips below 56, so t < 1), each off by at most 2^−52: below 2^−45.
 */
function drawSteps(law: Law, strip: number, offset: number, source: UniformSource): number {
  const { scale, stdDevParts, above, below } = law;
  const word = source.uint32();
  const product = word * law.width * 2 ** -32;
  const index = Math.floor(product);
  const fraction = product - index;
  const inOnePlace = fraction >= below && fraction + above <= 1;
  if (!inOnePlace || strip >= WORD_STRIPS) return settleSteps(law, strip, offset, word, source);
  const steps = firstSteps(law, strip, offset) + index;
  const excess = (steps * scale + offset) * STRIPS - strip * stdDevParts;
  if (excess >= stdDevParts) return REFUSED;
  const y = excess / (STRIPS * stdDevParts);
  const t = y * (strip / STRIPS + y / 2);
  const kept = 1 - t * (1 - t * (1 / 2 - t * (1 / 6)));
  if (fraction + above <= kept - ROUNDING) return steps;
  if (fraction - below >= kept + t * t * t * t * (1 / 24) + ROUNDING) return REFUSED;
  return settleSteps(law, strip, offset, word, source);
}

/** The smallest s ≥ 0 in the strip: s·scale + offset ≥ strip·σ·scale/8. Exact. */
function firstSteps({ scale, stdDevParts }: Law, strip: number, offset: number): number {
  return Math.max(0, Math.ceil((strip * stdDevParts - STRIPS * offset) / (STRIPS * scale)));
}

/**
 * `drawSteps` in integers of any length, with as many more bits of V as it takes.
 * t = (x² − (bσ/8)²)/2σ² = e(2bσ + e)/(2·8²σ²), e = 8x − bσ.
 */
function settleSteps(
  law: Law,
  strip: number,
  offset: number,
  word: number,
  source: UniformSource,
): number {
  const [width, stdDev] = [BigInt(law.width), BigInt(law.stdDevParts)];
  const first = firstSteps(law, strip, offset);
  let prefix = BigInt(word);
  for (let bits = 64n; ; bits += 32n) {
    prefix = (prefix << 32n) | BigInt(source.uint32());
    const product = prefix * width;
    const index = product >> bits;
    if (index !== (product + width - 1n) >> bits) continue;
    const steps = first + Number(index);
    const excess = BigInt((steps * law.scale + offset) * STRIPS) - BigInt(strip) * stdDev;
    if (excess >= stdDev) return REFUSED;
    const fraction = product - (index << bits);
    const exponent = excess * (2n * BigInt(strip) * stdDev + excess);
    const kept = expNegBounds(exponent, 2n * BigInt(STRIPS) ** 2n * stdDev * stdDev, bits);
    if (fraction + width <= kept.lower) return steps;
    if (fraction >= kept.upper) return REFUSED;
  }
}
