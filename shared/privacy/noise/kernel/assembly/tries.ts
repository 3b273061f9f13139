/**
 * Tries of the vector sampler, two words each, four at a time: whole numbers decide nearly all of them at a glance,
 * doubles most of the others, as `chooseStrip` and `choosePlace` do: their bounds of rounding hold here, where the
 * product of V and W is exact and a reciprocal is one operation more. AssemblyScript, not TypeScript; pure.
 */

/** `ROUNDING` of `places.ts`. */
const ROUNDING: f64 = 1.0 / <f64>((<u64>1) << 45);
const TWO_TO_MINUS_32: f64 = 1.0 / <f64>((<u64>1) << 32);
/** Turns unsigned order into signed order. */
const TOP: i32 = 0x80000000;

const OPEN: i32 = 0;
const KEPT: i32 = 1;
const REFUSED: i32 = 2;

/**
 * Fills `draws` with the results of kept tries, in order. A try that is not decided takes its place in `draws`, and
 * this place and the try's number go to `open`, which ends with −1. Three places behind the last may be overwritten.
 *
 * @param words Two words a try; `tries` is a multiple of 4.
 * @param guide Where a strip's cells are, in bytes, by the first twelve bits of a number of 31; 16 bits each.
 * @param lasts The last number of 31 bits of each strip.
 * @param cells What decides a try at a glance, see `cells.ts`. Shape [strips × 2 × 16 × 4].
 * @param strips Of strip b, for the integers below zero and for those above: the distance from zero of the first one
 *   and eight times how far that is from the strip's start, 32 bits each; b/8 as a double. Shape [strips × 2].
 * @param orders By the lanes that are kept: the bytes that bring them to the front. Shape [16 × 16].
 * @param four Room for as many draws.
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
  cells: usize,
  strips: usize,
  orders: usize,
  four: usize,
  width: u32,
  stdDev: i32,
  open: usize,
): i32 {
  const ones = i32x4.splat(1);
  const tops = i32x4.splat(TOP);
  const widths = i32x4.splat(width);
  // Behind this, what is not yet drawn of V decides on the place.
  const alone = i32x4.splat(<i32>(0 - width) ^ TOP);
  const drawsEnd = draws + ((<usize>wanted) << 2);
  const wordsEnd = words + ((<usize>tries) << 3);
  const start = draws;
  for (let from = words; from < wordsEnd && draws < drawsEnd; from += 32) {
    const cell0 = v128.load(cells + cellOf(from, guide));
    const cell1 = v128.load(cells + cellOf(from + 8, guide));
    const cell2 = v128.load(cells + cellOf(from + 16, guide));
    const cell3 = v128.load(cells + cellOf(from + 24, guide));
    const firsts01 = v128.shuffle<i32>(cell0, cell1, 0, 4, 1, 5);
    const firsts23 = v128.shuffle<i32>(cell2, cell3, 0, 4, 1, 5);
    const others01 = v128.shuffle<i32>(cell0, cell1, 2, 6, 3, 7);
    const others23 = v128.shuffle<i32>(cell2, cell3, 2, 6, 3, 7);
    const keptBelow = v128.shuffle<i64>(firsts01, firsts23, 1, 3);
    const refusedAfter = v128.shuffle<i64>(others01, others23, 0, 2);
    const counts = v128.shuffle<i64>(others01, others23, 1, 3);
    const two = v128.load(from);
    const more = v128.load(from, 16);
    // V·W: its whole part in the high half, the rest in the low half.
    const odd = v128.shuffle<i32>(two, more, 1, 3, 5, 7);
    const product01 = i64x2.extmul_low_i32x4_u(odd, widths);
    const product23 = i64x2.extmul_high_i32x4_u(odd, widths);
    const index = v128.shuffle<i32>(product01, product23, 1, 3, 5, 7);
    const rest = v128.xor(v128.shuffle<i32>(product01, product23, 0, 2, 4, 6), tops);
    const isShort = i32x4.lt_s(index, counts);
    const isKept = v128.and(i32x4.lt_s(rest, keptBelow), isShort);
    const isLost = v128.andnot(i32x4.le_s(rest, alone), v128.andnot(isShort, i32x4.gt_s(rest, refusedAfter)));
    // −1 below zero, 0 above: x ^ −1 − (−1) = −x.
    const signs = i32x4.sub(v128.and(v128.shuffle<i32>(two, more, 0, 2, 4, 6), ones), ones);
    const distance = i32x4.add(v128.shuffle<i64>(firsts01, firsts23, 0, 2), index);
    const drawn = i32x4.sub(v128.xor(distance, signs), signs);
    const kept = i32x4.bitmask(isKept);
    const lost = i32x4.bitmask(isLost);
    if ((kept | lost) === 15) {
      v128.store(draws, v128.swizzle(drawn, v128.load(orders + ((<usize>kept) << 4))));
      draws += (<usize>popcnt(kept)) << 2;
      continue;
    }
    v128.store(four, drawn);
    for (let lane: usize = 0; lane < 4 && draws < drawsEnd; lane++) {
      if (((lost >> <i32>lane) & 1) !== 0) continue;
      store<i32>(draws, load<i32>(four + (lane << 2)));
      if (((kept >> <i32>lane) & 1) === 0) {
        const at = from + (lane << 3);
        const strip = stripOf(load<u32>(at) >> 1, lasts);
        const found = decide(at, strips, strip, lasts, width, stdDev, draws);
        if (found === REFUSED) continue;
        if (found === OPEN) {
          store<i32>(open, <i32>((draws - start) >> 2));
          store<i32>(open, <i32>((at - words) >> 3), 4);
          open += 8;
        }
      }
      draws += 4;
    }
  }
  v128.store(four, i32x4.splat(0));
  store<i32>(open, -1);
  return min(<i32>((draws - start) >> 2), wanted);
}

/** The cell of a try, in bytes: of its strip, then by the side, the lowest bit, and the first four bits of V. */
@inline
function cellOf(words: usize, guide: usize): usize {
  const both = load<u64>(words);
  const first = <usize>load<u16>(guide + ((<usize>(<u32>both >> 20)) << 1));
  return first + (<usize>rotl<u64>(both, 8) & 0x1f0);
}

/** Of a number of 31 bits: the first strip that it is not behind the end of. */
@inline
function stripOf(number: u32, lasts: usize): usize {
  let strip: usize = 0;
  while (load<u32>(lasts + (strip << 2)) < number) strip++;
  return strip;
}

/** One try, in doubles. Writes the draw, if it is one. */
function decide(
  words: usize,
  strips: usize,
  strip: usize,
  lasts: usize,
  width: u32,
  stdDev: i32,
  draw: usize,
): i32 {
  // The last of a strip leaves two strips open.
  if (load<u32>(words) >> 1 === load<u32>(lasts + (strip << 2))) return OPEN;
  const isAbove = load<u8>(words) & 1;
  const entry = strips + (strip << 5) + ((<usize>isAbove) << 4);
  const blur = <f64>width * TWO_TO_MINUS_32;
  const product = <u64>load<u32>(words, 4) * width;
  const fraction = <f64>(<u32>product) * TWO_TO_MINUS_32;
  const index = <i32>(product >> 32);
  if (fraction + blur > 1) return OPEN;
  const excess = <f64>(load<i32>(entry, 4) + 8 * index);
  if (excess >= <f64>stdDev) return REFUSED;
  const y = excess * (1.0 / (8.0 * <f64>stdDev));
  const t = y * (load<f64>(entry, 8) + y * 0.5);
  const kept = 1.0 - t * (1.0 - t * (0.5 - t * (1.0 / 6.0)));
  const distance = load<i32>(entry) + index;
  store<i32>(draw, isAbove !== 0 ? distance : -distance);
  if (fraction + (blur + ROUNDING) <= kept) return KEPT;
  return fraction >= kept + t * t * (t * t) * (1.0 / 24.0) + ROUNDING ? REFUSED : OPEN;
}
