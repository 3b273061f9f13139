/**
 * The standard normal distribution with full relative precision, also far out in the tails, where
 * privacy parameters live. Pure.
 */
import { assert } from "./assert.ts";

const SQRT_2PI = Math.sqrt(2 * Math.PI);
const LOG_SQRT_2PI = 0.9189385332046728;
/** Below this the series converges quickly, above it the continued fraction does. */
const SERIES_MAX = 1.5;

/** Φ(x): the probability of at most x. Relative error below 10⁻¹⁴ down to Φ = 10⁻³⁰⁰. */
export function normalCdf(x: number): number {
  if (x > 0) return 1 - normalCdf(-x);
  return x < -SERIES_MAX ? normalDensity(x) * millsRatio(-x) : 0.5 - centralMass(-x);
}

/** ln Φ(x), also where Φ(x) is too small for a double or rounds to 1. */
export function logNormalCdf(x: number): number {
  if (x > 0) return Math.log1p(-normalCdf(-x));
  return x < -SERIES_MAX
    ? -0.5 * x * x - LOG_SQRT_2PI + Math.log(millsRatio(-x))
    : Math.log(normalCdf(x));
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

/** φ(x). The exponent is split, for half an ulp of x² would be many of the result. */
function normalDensity(x: number): number {
  const head = Math.round(x * 16) / 16;
  const rest = (x - head) * (x + head);
  return (Math.exp(-0.5 * head * head) * Math.exp(-0.5 * rest)) / SQRT_2PI;
}

/** Φ(x) − 1/2 for x ≥ 0: φ(x)·(x + x³/3 + x⁵/15 + …), all terms positive. */
function centralMass(x: number): number {
  let term = x;
  let sum = x;
  for (let k = 3; term > 1e-17 * sum; k += 2) {
    term *= (x * x) / k;
    sum += term;
  }
  return normalDensity(x) * sum;
}

/** Φ(−x)/φ(x) for large x: Laplace's continued fraction 1/(x + 1/(x + 2/(x + 3/(x + …)))). */
function millsRatio(x: number): number {
  let tail = x;
  for (let k = Math.ceil(20 + 400 / (x * x)); k >= 1; k--) tail = x + k / tail;
  return 1 / tail;
}
