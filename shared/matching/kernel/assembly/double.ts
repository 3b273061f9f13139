/** Steps on pairs of doubles. AssemblyScript, not TypeScript; pure. */

/** a·b + c. Where it is used the sum is exact, so that it does not matter whether it is rounded once or twice. */
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f64x2.relaxed_madd(a, b, c);
  return f64x2.add(f64x2.mul(a, b), c);
}

/** 2^exponent, for −1022 ≤ exponent ≤ 1023. */
@inline
export function power(exponent: i32): f64 {
  return reinterpret<f64>(((exponent + 1023) as i64) << 52);
}

/** h rounded to a multiple of 2^place, for |h| < 2^(51 + place): what is carried to the next limb. */
@inline
export function top(h: v128, place: i32): v128 {
  const shift = f64x2.splat(1.5 * power(52 + place));
  return f64x2.sub(f64x2.add(h, shift), shift);
}
