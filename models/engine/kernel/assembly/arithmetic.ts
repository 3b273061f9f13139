/** The steps that sums of products are made of. AssemblyScript, not TypeScript; pure. */

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

/** Adds eight numbers to eight doubles. */
@inline
export function addEight(g: usize, low: v128, high: v128): void {
  v128.store(g, f64x2.add(v128.load(g), f64x2.promote_low_f32x4(low)));
  low = v128.shuffle<f64>(low, low, 1, 1);
  v128.store(g, f64x2.add(v128.load(g, 16), f64x2.promote_low_f32x4(low)), 16);
  v128.store(g, f64x2.add(v128.load(g, 32), f64x2.promote_low_f32x4(high)), 32);
  high = v128.shuffle<f64>(high, high, 1, 1);
  v128.store(g, f64x2.add(v128.load(g, 48), f64x2.promote_low_f32x4(high)), 48);
}

/** Adds four numbers to four doubles. */
@inline
export function addFour(g: usize, low: v128): void {
  v128.store(g, f64x2.add(v128.load(g), f64x2.promote_low_f32x4(low)));
  low = v128.shuffle<f64>(low, low, 1, 1);
  v128.store(g, f64x2.add(v128.load(g, 16), f64x2.promote_low_f32x4(low)), 16);
}
