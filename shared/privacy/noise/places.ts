/**
 * A place within a strip, chosen evenly and kept with what is left of its weight: the second step of
 * drawing a Gaussian. Pure: randomness is an argument. Doubles only look first: they decide where
 * proven bounds of their errors leave no doubt; integers of any length decide the rest.
 */
import type { UniformSource } from "../../base/uniform.ts";
import { expNegBounds } from "./exp-bounds.ts";
import { STRIPS, WORD_STRIPS } from "./strips.ts";

/** What `choosePlace` answers if the place is not kept. */
export const REFUSED = -1;

/** More than the rounding of a dozen operations on numbers up to 8 can add up to. */
export const ROUNDING = 2 ** -45;
/** A word times a width up to this is a whole number below 2^53, and so exact. */
const EXACT_WIDTH_MAX = 2 ** 21;

/** What all draws of one vector have in common. */
export interface Places {
  /** Parts of a grid step that distances are whole numbers of. */
  readonly scale: number;
  /** σ in these parts. */
  readonly stdDevParts: number;
  /** W = ⌈σ/8⌉, σ in grid steps: no strip holds more integers. */
  readonly width: number;
  /** What V·W may exceed the product of V's first 32 bits and W by. */
  readonly above: number;
  /** What it may fall short by, for rounding. */
  readonly below: number;
}

/**
 * @param stdDev σ in grid steps, an integer in [1, 2^26].
 * @param scale Parts of a grid step: a power of two with σ·scale ≤ 2^31.
 */
export function placesOf(stdDev: number, scale: number): Places {
  const width = Math.ceil(stdDev / STRIPS);
  // A rounded product is off by at most 2^−53 of itself, and it is at most W.
  const below = width <= EXACT_WIDTH_MAX ? 0 : width * 2 ** -52;
  return { scale, stdDevParts: stdDev * scale, width, above: width * 2 ** -32 + below, below };
}

/**
 * s ≥ 0 such that strip·σ/8 ≤ s + offset < (strip + 1)·σ/8, or REFUSED: each such s with the same
 * probability 1/W times e^(−t), t = ((s + offset)² − (strip·σ/8)²)/2σ².
 *
 * One uniform number V makes two: of V·W, W = ⌈σ/8⌉, the whole part
 * chooses one of W places, and the rest F, uniform on [0, 1) whatever the whole part is, keeps the
 * place if F < e^(−t).
 *
 * With the first 32 bits of V known, V·W lies within [product − below, product + above). By Taylor,
 * e^(−t) lies within [P, P + t⁴/24], P = 1 − t + t²/2 − t³/6. When these intervals leave anything
 * open, which happens with probability 2^−17 + W/2^31 or so, `settlePlace` decides.
 *
 * Rounding: excess, made of whole numbers below 2^53, is exact. With y ≤ 1/8, and t < 1 as strips are
 * below 56, the dozen operations up to P and t⁴/24 are off by at most 2^−50 each: by less than
 * 2^−45 together.
 *
 * @param offset In parts of a grid step, from 0 to `scale`.
 * @param word The first 32 bits of V; `source` supplies more.
 */
export function choosePlace(
  places: Places,
  strip: number,
  offset: number,
  word: number,
  source: UniformSource,
): number {
  const { scale, stdDevParts, above, below } = places;
  const product = word * places.width * 2 ** -32;
  const index = Math.floor(product);
  const fraction = product - index;
  const inOnePlace = fraction >= below && fraction + above <= 1;
  if (!inOnePlace || strip >= WORD_STRIPS) return settlePlace(places, strip, offset, word, source);
  const steps = firstSteps(places, strip, offset) + index;
  const excess = (steps * scale + offset) * STRIPS - strip * stdDevParts;
  if (excess >= stdDevParts) return REFUSED;
  const y = excess / (STRIPS * stdDevParts);
  const t = y * (strip / STRIPS + y / 2);
  const kept = 1 - t * (1 - t * (1 / 2 - t * (1 / 6)));
  if (fraction + above <= kept - ROUNDING) return steps;
  if (fraction - below >= kept + t * t * t * t * (1 / 24) + ROUNDING) return REFUSED;
  return settlePlace(places, strip, offset, word, source);
}

/** The smallest s ≥ 0 in the strip: s·scale + offset ≥ strip·σ·scale/8. Exact. */
export function firstSteps({ scale, stdDevParts }: Places, strip: number, offset: number): number {
  return Math.max(0, Math.ceil((strip * stdDevParts - STRIPS * offset) / (STRIPS * scale)));
}

/**
 * `choosePlace` in integers of any length, with as many more bits of V as it takes.
 * t = (x² − (bσ/8)²)/2σ² = e(2bσ + e)/(2·8²σ²), e = 8x − bσ.
 */
function settlePlace(
  places: Places,
  strip: number,
  offset: number,
  word: number,
  source: UniformSource,
): number {
  const [width, stdDev] = [BigInt(places.width), BigInt(places.stdDevParts)];
  const first = firstSteps(places, strip, offset);
  let prefix = BigInt(word);
  for (let bits = 64n; ; bits += 32n) {
    prefix = (prefix << 32n) | BigInt(source.uint32());
    const product = prefix * width;
    const index = product >> bits;
    if (index !== (product + width - 1n) >> bits) continue;
    const steps = first + Number(index);
    const excess = BigInt((steps * places.scale + offset) * STRIPS) - BigInt(strip) * stdDev;
    if (excess >= stdDev) return REFUSED;
    const fraction = product - (index << bits);
    const exponent = excess * (2n * BigInt(strip) * stdDev + excess);
    const kept = expNegBounds(exponent, 2n * BigInt(STRIPS) ** 2n * stdDev * stdDev, bits);
    if (fraction + width <= kept.lower) return steps;
    if (fraction >= kept.upper) return REFUSED;
  }
}
