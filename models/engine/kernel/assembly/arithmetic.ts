/** The step that all sums of products are made of. AssemblyScript, not TypeScript; pure. */

/** a · b + c, rounded once where the module may use relaxed SIMD and the processor can, else twice. */
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/**
 * The second half of eight numbers: held in a register where a step needs none for the product, else loaded at every use,
 * for twelve sums, their factors and a product are one register more than x64 has.
 */
@inline
export function hold(at: usize): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.load(at, 16);
  return f32x4.splat(0);
}

@inline
export function held(high: v128, at: usize): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return high;
  return v128.load(at, 16);
}

/** The sum of four lanes, in a fixed order. */
@inline
export function lanes(a: v128): f32 {
  const low = f32x4.extract_lane(a, 0) + f32x4.extract_lane(a, 2);
  return low + (f32x4.extract_lane(a, 1) + f32x4.extract_lane(a, 3));
}
