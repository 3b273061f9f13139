/**
 * The half line cut into strips of σ/8, and the exact choice of one with weight e^(−b²/2·8²): the
 * first step of drawing a Gaussian, the same for every σ. Pure: randomness is an argument.
 */
import { assert } from "../../base/assert.ts";
import type { UniformSource } from "../../base/uniform.ts";
import { type Bounds, ceilDivide, expNegBounds } from "./exp-bounds.ts";

/** Strips per standard deviation. More would save a few refusals and waste more of short strips. */
export const STRIPS = 8;

/** Bits of the number that a strip is first chosen by. */
export const WORD_BITS = 31;
const WORD_MAX = 2 ** WORD_BITS - 1;
const GUIDE_BITS = 8;
const GUARD_BITS = 16n;

/**
 * C_1, C_2 … times 2^bits, where C_b = Σ_{i<b} e^(−i²/2·8²) / Σ_i e^(−i²/2·8²): strip b belongs to
 * the uniform numbers in [C_b, C_{b+1}). As far as 1 − C_b can be told from nothing.
 */
export function cumulativeBounds(bits: bigint): Bounds[] {
  const sums: Bounds[] = [];
  let [lower, upper] = [0n, 0n];
  const variance = 2n * BigInt(STRIPS) ** 2n;
  for (let strip = 0n; ; strip++) {
    const weight = expNegBounds(strip * strip, variance, bits + GUARD_BITS);
    lower += weight.lower;
    upper += weight.upper;
    sums.push({ lower, upper });
    // From strip 8² on each weight is below half of the one before: all that follow are within it.
    if (strip * 2n >= variance && weight.upper <= 1n) {
      const whole = { lower, upper: upper + weight.upper };
      return sums.map((sum) => ({
        lower: (sum.lower << bits) / whole.upper,
        upper: ceilDivide(sum.upper << bits, whole.lower),
      }));
    }
  }
}

/** ⌊C_{b+1}·2^31⌋ by strip b. The last entry is 2^31 − 1. */
export const LAST_WORDS = lastWords();
/** By the first eight bits of a number of 31: the first strip it may belong to. */
const GUIDE = Uint8Array.from({ length: 1 << GUIDE_BITS }, (_, top) => {
  return LAST_WORDS.findIndex((last) => last >= top * 2 ** (WORD_BITS - GUIDE_BITS));
});

/** Strips that one word can choose; those beyond 6.2 standard deviations need more. */
export const WORD_STRIPS = LAST_WORDS.length;

function lastWords(): Uint32Array {
  const spare = 33n;
  const words = cumulativeBounds(BigInt(WORD_BITS) + spare).map(({ lower, upper }) => {
    const word = lower >> spare;
    // A sum so near to 1 that its upper bound reaches it is at 2^31 − 1 all the same.
    assert(word === upper >> spare || word === BigInt(WORD_MAX), "a boundary is not determined");
    return Number(word);
  });
  return Uint32Array.from(words.slice(0, words.indexOf(WORD_MAX) + 1));
}

/**
 * The strip of a uniform real number of which the first 31 bits are `word`. If these leave two
 * strips open, which happens once in 40 million times, the source supplies as many more as decide.
 *
 * @param word In [0, 2^31).
 */
export function chooseStrip(word: number, source: UniformSource): number {
  let strip = GUIDE[word >>> (WORD_BITS - GUIDE_BITS)] ?? 0;
  while (word > (LAST_WORDS[strip] ?? WORD_MAX)) strip += 1;
  return word === LAST_WORDS[strip] ? settleStrip(word, source) : strip;
}

function settleStrip(word: number, source: UniformSource): number {
  let prefix = BigInt(word);
  for (let bits = BigInt(WORD_BITS) + 32n; ; bits += 32n) {
    prefix = (prefix << 32n) | BigInt(source.uint32());
    const sums = cumulativeBounds(bits);
    const strip = sums.findIndex(({ upper }) => prefix < upper);
    const sum = sums[strip];
    if (sum !== undefined && prefix + 1n <= sum.lower) return strip;
  }
}
