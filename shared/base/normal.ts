/**
 * The standard normal distribution with full relative accuracy, also far out in the tails, where
 * privacy parameters live. Pure.
 */
import { assert } from "./assert.ts";

/**
 * Chebyshev coefficients of (1 + x)·Q(x)/e^(−x²/2) in t = (x − 6)/(x + 6), for x ≥ 0. Computed for
 * this file with 50 digits from the complementary error function; what is cut off is below 10⁻¹⁷.
 */
const COEFFICIENTS = Float64Array.of(
  0.4589958213015094,
  -0.06545227456761599,
  -0.0008597539411657138,
  0.011307455306719201,
  -0.007461912853821651,
  0.003288708548090817,
  -0.001130835085313846,
  0.00031491351451331433,
  -7.076122851076876e-5,
  1.2297923656154343e-5,
  -1.441185706920922e-6,
  4.423601993228659e-8,
  2.3033645959342358e-8,
  -4.859112585667833e-9,
  1.764063491637957e-10,
  9.93595439610281e-11,
  -1.6884832628144305e-11,
  -8.924173101784197e-13,
  5.739070084476007e-13,
  -2.3360167143317595e-14,
  -1.594273187188319e-14,
  1.8072063636444067e-15,
  4.2114825563939535e-16,
  -8.140070268924891e-17,
  -1.1444082964753149e-17,
  3.2614365939449793e-18,
);

/**
 * Q(x) = P(X > x) of a standard normal X, and by Q(−x) its distribution function. The relative error
 * is below 10⁻¹⁵ for every x at which the result is a normal number (x < 37.5).
 */
export function normalTail(x: number): number {
  if (x < 0) return 1 - normalTail(-x);
  if (x > 38.6) return 0;
  // x² is split into an exact part and a small rest: its rounding would be felt in the exponential.
  const coarse = Math.round(x * 16) / 16;
  const rest = (x - coarse) * (x + coarse);
  return scaledNormalTail(x) * Math.exp(-0.5 * coarse * coarse) * Math.exp(-0.5 * rest);
}

/** Q(x)·e^(x²/2) for x ≥ 0, by Clenshaw's recurrence: falls like 1/x, and underflows nowhere. */
export function scaledNormalTail(x: number): number {
  const t = (x - 6) / (x + 6);
  let [b1, b2] = [0, 0];
  for (let k = COEFFICIENTS.length - 1; k > 0; k--) {
    const b0 = 2 * t * b1 - b2 + (COEFFICIENTS[k] ?? 0);
    b2 = b1;
    b1 = b0;
  }
  return (t * b1 - b2 + (COEFFICIENTS[0] ?? 0)) / (1 + x);
}

const LOG_SQRT_2PI = 0.9189385332046728;

/** Φ(x): the probability of at most x. */
export function normalCdf(x: number): number {
  return normalTail(-x);
}

/** ln Φ(x), also where Φ(x) is too small for a double or rounds to 1. */
export function logNormalCdf(x: number): number {
  return x > 0 ? Math.log1p(-normalTail(x)) : Math.log(scaledNormalTail(-x)) - 0.5 * x * x;
}

/**
 * Φ⁻¹(p). Precise for small p; for p near 1 ask for −Φ⁻¹(1 − p) with 1 − p computed directly.
 *
 * Newton's method on ln Φ, which is concave: from below the root it approaches from below, without
 * overshooting, whatever p is.
 *
 * @param p In [0, 1]. At 0 and 1 the result is −∞ and ∞.
 */
export function normalQuantile(p: number): number {
  assert(p >= 0 && p <= 1, "a probability is in [0, 1]");
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p === 0) return Number.NEGATIVE_INFINITY;
  const target = Math.log(p);
  // Φ(x) ≤ e^(−x²/2)/2 for x ≤ 0, so this is at or below the root.
  let x = -Math.sqrt(Math.max(0, -2 * (target + Math.LN2)));
  for (let i = 0; i < 100; i++) {
    const logCdf = logNormalCdf(x);
    const slope = Math.exp(-0.5 * x * x - LOG_SQRT_2PI - logCdf);
    const next = x + (target - logCdf) / slope;
    if (!(Math.abs(next - x) > 1e-15 * Math.abs(next))) return next;
    x = next;
  }
  return x;
}
