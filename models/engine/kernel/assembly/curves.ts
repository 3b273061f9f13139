/**
 * Exponential, logarithm and hyperbolic tangent of four lanes, to about 10⁻⁷. Only operations whose results IEEE 754
 * fixes, so that machines agree. NaN stays NaN. AssemblyScript, not TypeScript; pure.
 */

/** e^x for x ≤ 0; below −87, e^−87. x = n ln 2 + r, |r| ≤ ½ ln 2, and Taylor's polynomial in r. */
@inline
export function expOfNegative(x: v128): v128 {
  const clamped = f32x4.pmax(x, f32x4.splat(-87));
  const n = f32x4.nearest(f32x4.mul(clamped, f32x4.splat(1.44269504088896340736)));
  // ln 2 in two parts; the first has so few bits that n times it is exact.
  let r = f32x4.sub(clamped, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.add(r, f32x4.mul(n, f32x4.splat(2.12194440054690583e-4)));
  let p = f32x4.splat(1.0 / 5040);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.0 / 720));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.0 / 120));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.0 / 24));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.0 / 6));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(0.5));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return f32x4.mul(p, power);
}

/** ln(1 + t) for 0 ≤ t ≤ 1: 2 artanh s, s = t / (2 + t) ≤ ⅓. */
@inline
export function log1p(t: v128): v128 {
  const s = f32x4.div(t, f32x4.add(t, f32x4.splat(2)));
  const z = f32x4.mul(s, s);
  let p = f32x4.splat(1.0 / 15);
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(1.0 / 13));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(1.0 / 11));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(1.0 / 9));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(1.0 / 7));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(1.0 / 5));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(1.0 / 3));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(1));
  return f32x4.mul(f32x4.mul(s, p), f32x4.splat(2));
}

/**
 * Hyperbolic tangent: (1 − e) / (1 + e), e = e^(−2|x|), with the sign of x; near 0, where that cancels, the continued
 * fraction x / (1 + x² / (3 + x² / (5 + x² / (7 + x² / 9)))) as one quotient.
 */
@inline
export function tanh4(x: v128): v128 {
  const one = f32x4.splat(1);
  const e = expOfNegative(f32x4.mul(f32x4.abs(x), f32x4.splat(-2)));
  const far = f32x4.div(f32x4.sub(one, e), f32x4.add(one, e));
  const sign = v128.and(x, i32x4.splat(0x80000000));
  const z = f32x4.mul(x, x);
  let above = f32x4.add(z, f32x4.splat(105));
  above = f32x4.add(f32x4.mul(above, z), f32x4.splat(945));
  let below = f32x4.mul(f32x4.add(f32x4.mul(z, f32x4.splat(15)), f32x4.splat(420)), z);
  below = f32x4.add(below, f32x4.splat(945));
  const near = f32x4.div(f32x4.mul(x, above), below);
  const isNear = f32x4.lt(z, f32x4.splat(0.25));
  return v128.bitselect(near, v128.or(far, sign), isNear);
}
