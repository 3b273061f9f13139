/**
 * Tries of the vector sampler, two words each: decided here where `chooseStrip` and `choosePlace` would need no more
 * words and no long integers, and decided as they do: their bounds of rounding hold here, where the product of V and W
 * is exact and a reciprocal is one operation more. Two tries at a time. AssemblyScript, not TypeScript; pure.
 */

/** `ROUNDING` of `places.ts`. */
const ROUNDING: f64 = 1.0 / <f64>((<u64>1) << 45);
const TWO_TO_MINUS_32: f64 = 1.0 / <f64>((<u64>1) << 32);
/** 2^52: a whole number n < 2^32 in the low bits of its mantissa makes 2^52 + n. */
const EXPONENT: i64 = 0x4330000000000000;
const TWO_TO_52: f64 = <f64>((<u64>1) << 52);

/**
 * Fills `draws` with the results of kept tries, in order. A try that is not decided takes its place in `draws`, and
 * this place and the try's number go to `open`, which ends with −1. The place behind the last may be overwritten.
 *
 * @param words Two words a try; `tries` is even.
 * @param guide A strip by the first ten bits of a number of 31: no later one than it belongs to.
 * @param lasts The last number of 31 bits of each strip.
 * @param strips Of strip b, for the integers below zero and for those above: the distance from zero of the first one
 *   and eight times how far that is from the strip's start, 32 bits each; b/8 as a double. Shape [strips × 2].
 * @param width ⌈σ/8⌉.
 * @returns How many places of `draws` are taken, at most `wanted`.
 */
export function decideTries(
  words: usize,
  tries: i32,
  draws: usize,
  wanted: i32,
  guide: usize,
  lasts: usize,
  strips: usize,
  width: u32,
  stdDev: i32,
  open: usize,
): i32 {
  const blur = <f64>width * TWO_TO_MINUS_32;
  const perExcess = f64x2.splat(1.0 / (8.0 * <f64>stdDev));
  const blurs = f64x2.splat(blur);
  const margins = f64x2.splat(blur + ROUNDING);
  const roundings = f64x2.splat(ROUNDING);
  const one = f64x2.splat(1);
  const half = f64x2.splat(0.5);
  const sixth = f64x2.splat(1.0 / 6);
  const twentyFourth = f64x2.splat(1.0 / 24);
  const scale = f64x2.splat(TWO_TO_MINUS_32);
  const lows = i64x2.splat(0xffffffff);
  const exponents = i64x2.splat(EXPONENT);
  const twoTo52 = f64x2.splat(TWO_TO_52);
  const ones = i32x4.splat(1);
  const widths = i32x4.splat(width);
  const stdDevs = f64x2.splat(<f64>stdDev);
  const drawsEnd = draws + ((<usize>wanted) << 2);
  const wordsEnd = words + ((<usize>tries) << 3);
  const start = draws;
  for (let from = words; from < wordsEnd && draws < drawsEnd; from += 16) {
    const number0 = <i32>(load<u32>(from) >> 1);
    const number1 = <i32>(load<u32>(from, 8) >> 1);
    const strip0 = stripOf(number0, guide, lasts);
    const strip1 = stripOf(number1, guide, lasts);
    const entry0 = v128.load(strips + (strip0 << 5) + ((load<u8>(from) & 1) << 4));
    const entry1 = v128.load(strips + (strip1 << 5) + ((load<u8>(from, 8) & 1) << 4));
    const isInStrip =
      <i32>(number0 < load<i32>(lasts + (strip0 << 2))) |
      ((<i32>(number1 < load<i32>(lasts + (strip1 << 2)))) << 1);
    const four = v128.load(from);
    // V·W: its whole part in the high half, the rest in the low half.
    const odd = v128.shuffle<i32>(four, four, 1, 3, 1, 3);
    const product = i64x2.extmul_low_i32x4_u(odd, widths);
    const low = v128.or(v128.and(product, lows), exponents);
    const fraction = f64x2.mul(f64x2.sub(low, twoTo52), scale);
    const index = i64x2.shr_u(product, 32);
    const firsts = v128.shuffle<i64>(entry0, entry1, 0, 2);
    const places = i32x4.add(firsts, i64x2.add(index, i64x2.shl(index, 35)));
    const excess = f64x2.sub(v128.or(i64x2.shr_u(places, 32), exponents), twoTo52);
    const y = f64x2.mul(excess, perExcess);
    const slope = v128.shuffle<i64>(entry0, entry1, 1, 3);
    const t = f64x2.mul(y, f64x2.add(slope, f64x2.mul(y, half)));
    let kept = f64x2.sub(half, f64x2.mul(t, sixth));
    kept = f64x2.sub(one, f64x2.mul(t, kept));
    kept = f64x2.sub(one, f64x2.mul(t, kept));
    const squared = f64x2.mul(t, t);
    const rest = f64x2.mul(f64x2.mul(squared, squared), twentyFourth);
    const isLong = f64x2.ge(excess, stdDevs);
    const isBelow = f64x2.le(f64x2.add(fraction, margins), kept);
    const isAbove = f64x2.ge(fraction, f64x2.add(f64x2.add(kept, rest), roundings));
    const isOne = f64x2.le(f64x2.add(fraction, blurs), one);
    const isKept = i64x2.bitmask(v128.andnot(isBelow, isLong)) & isInStrip;
    const isRefused = i64x2.bitmask(v128.and(isOne, v128.or(isAbove, isLong))) & isInStrip;
    // −1 below zero, 0 above: x ^ −1 − (−1) = −x.
    const signs = i32x4.sub(v128.and(four, ones), ones);
    const drawn = i32x4.sub(v128.xor(places, signs), signs);
    v128.store32_lane(draws, drawn, 0);
    if ((isKept | isRefused) === 3) {
      draws += <usize>((isKept & 1) << 2);
      v128.store32_lane(draws, drawn, 2);
      draws += <usize>((isKept & 2) << 1);
      continue;
    }
    for (let lane = 0; lane < 2 && draws < drawsEnd; lane++) {
      if (lane === 1) v128.store32_lane(draws, drawn, 2);
      if (((isRefused >> lane) & 1) !== 0) continue;
      if (((isKept >> lane) & 1) === 0) {
        store<i32>(open, <i32>((draws - start) >> 2));
        store<i32>(open, <i32>((from - words) >> 3) + lane, 4);
        open += 8;
      }
      draws += 4;
    }
  }
  store<i32>(open, -1);
  return min(<i32>((draws - start) >> 2), wanted);
}

/** Of a number of 31 bits: the strip, or one that it is not before the end of. */
@inline
function stripOf(number: i32, guide: usize, lasts: usize): usize {
  const first = <usize>load<u8>(guide + <usize>(number >> 21));
  return first + <usize>((load<i32>(lasts + (first << 2)) - number) >>> 31);
}
