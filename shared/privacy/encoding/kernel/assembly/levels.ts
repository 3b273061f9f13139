/**
 * Doubles rounded to levels at random, four at a time: the operations of `plain.ts` in their order. Each is exact or
 * rounds as IEEE 754 says, so the results are the same bits. AssemblyScript, not TypeScript; pure.
 */

/** 1.5·2^52: added to a whole number below 2^31 in absolute value, leaves it in the lower half of the sum's bits. */
const TO_WORD: f64 = 6755399441055744.0;
/** One step of the fraction that is drawn: 2^−21. */
const STEP: f64 = 1.0 / <f64>(1 << 21);

/**
 * @param values Doubles.
 * @param words A random word a value, of which the upper 21 bits count.
 * @param ring Room for a word a value.
 * @param count A multiple of 4.
 * @param levelMax Whole, below 2^31.
 * @returns 1 if every value is finite, else 0.
 */
export function roundLevels(
  values: usize,
  words: usize,
  ring: usize,
  count: i32,
  magnitudeMax: f64,
  scale: f64,
  levelMax: f64,
  mask: i32,
): i32 {
  const most = f64x2.splat(magnitudeMax);
  const least = f64x2.splat(-magnitudeMax);
  const scales = f64x2.splat(scale);
  const top = f64x2.splat(levelMax);
  const bottom = f64x2.splat(-levelMax);
  const step = f64x2.splat(STEP);
  const toWord = f64x2.splat(TO_WORD);
  const low = i32x4.splat(mask);
  let firstRest = f64x2.splat(0);
  let secondRest = f64x2.splat(0);
  for (let i = 0; i < count; i += 4) {
    const a = v128.load(values);
    const b = v128.load(values, 16);
    // A finite value less itself is zero, any other is not a number, and whatever that is added to neither.
    firstRest = f64x2.add(firstRest, f64x2.sub(a, a));
    secondRest = f64x2.add(secondRest, f64x2.sub(b, b));
    const draws = i32x4.shr_u(v128.load(words), 11);
    const up = f64x2.mul(f64x2.convert_low_i32x4_s(draws), step);
    const otherDraws = v128.shuffle<i32>(draws, draws, 2, 3, 2, 3);
    const otherUp = f64x2.mul(f64x2.convert_low_i32x4_s(otherDraws), step);
    const c = f64x2.mul(f64x2.pmax(f64x2.pmin(a, most), least), scales);
    const d = f64x2.mul(f64x2.pmax(f64x2.pmin(b, most), least), scales);
    const e = f64x2.pmax(f64x2.pmin(f64x2.floor(f64x2.add(c, up)), top), bottom);
    const f = f64x2.pmax(f64x2.pmin(f64x2.floor(f64x2.add(d, otherUp)), top), bottom);
    const levels = v128.shuffle<i32>(f64x2.add(e, toWord), f64x2.add(f, toWord), 0, 2, 4, 6);
    v128.store(ring, v128.and(levels, low));
    values += 32;
    words += 16;
    ring += 16;
  }
  const rest = f64x2.add(firstRest, secondRest);
  return i32(f64x2.extract_lane(rest, 0) + f64x2.extract_lane(rest, 1) == 0);
}
