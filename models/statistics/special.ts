/**
 * The incomplete gamma and beta functions, both tails with full relative precision: p-values are told down to where
 * doubles end. Powers and factorials are taken together (`stirling.ts`), so that large parameters cost no digits. Pure.
 */
import { assert } from "../../shared/base/assert.ts";
import { deviance, stirlingError } from "../../shared/base/stirling.ts";

/** The two parts of a probability: neither is computed from the other where it is small. */
export interface Tails {
  readonly lower: number;
  readonly upper: number;
}

const RELATIVE = 1e-16;
/** Keeps a continued fraction's denominators from zero. */
const TINY = 1e-300;
/** Terms grow in number like the square root of the parameters: enough for 10^9 and beyond. */
const TERMS_MAX = 1_000_000;

/**
 * P(a, x) and Q(a, x): below and above x under a gamma law of shape a.
 *
 * @param a Above 0. @param x At least 0.
 * @see NIST DLMF 8.7.1 (series, here with 8.8.12) and 8.9.2 (continued fraction), evaluated by Lentz's method
 *   (Press et al., Numerical Recipes, 3rd ed., 5.2 and 6.2).
 */
export function incompleteGamma(a: number, x: number): Tails {
  assert(a > 0 && x >= 0, "the incomplete gamma function's arguments are positive");
  if (x === 0) return { lower: 0, upper: 1 };
  if (x === Number.POSITIVE_INFINITY) return { lower: 1, upper: 0 };
  // x^a·e^(−x)/Γ(a + 1).
  const front = Math.exp(-stirlingError(a) - deviance(a, x)) / Math.sqrt(2 * Math.PI * a);
  if (x < a + 1) {
    const lower = front * gammaSeries(a, x);
    return { lower, upper: 1 - lower };
  }
  const upper = front * a * gammaFraction(a, x);
  return { lower: 1 - upper, upper };
}

/** Σ x^n / ((a + 1)…(a + n)). */
function gammaSeries(a: number, x: number): number {
  let term = 1;
  let sum = 1;
  for (let n = 1; n < TERMS_MAX && term > RELATIVE * sum; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return sum;
}

/** Γ(a, x)·e^x/x^a. */
function gammaFraction(a: number, x: number): number {
  return lentz(
    (n) => -n * (n - a),
    (n) => x + 2 * n + 1 - a,
  );
}

/** 1/(b₀ + α₁/(b₁ + α₂/(b₂ + …))) by Lentz's method as Thompson and Barnett changed it. */
function lentz(numerator: (n: number) => number, denominator: (n: number) => number): number {
  let c = Number.POSITIVE_INFINITY;
  let d = 1 / away(denominator(0));
  let value = d;
  for (let n = 1; n < TERMS_MAX; n++) {
    const alpha = numerator(n);
    const beta = denominator(n);
    d = 1 / away(beta + alpha * d);
    c = away(beta + alpha / c);
    const factor = c * d;
    value *= factor;
    if (Math.abs(factor - 1) < RELATIVE) break;
  }
  return value;
}

function away(x: number): number {
  return Math.abs(x) < TINY ? TINY : x;
}

/**
 * I_x(a, b) and 1 − I_x(a, b) = I_y(b, a): below and above x under a beta law.
 *
 * @param y 1 − x, given so that neither of the two loses its small digits.
 * @see NIST DLMF 8.17.22 (continued fraction) and 8.17.4 (reflection), evaluated by Lentz's method (Numerical Recipes 6.4).
 */
export function incompleteBeta(x: number, y: number, a: number, b: number): Tails {
  assert(a > 0 && b > 0, "a beta law's parameters are positive");
  assert(x >= 0 && y >= 0 && Math.abs(x + y - 1) < 1e-12, "two probabilities that make up one");
  if (x === 0) return { lower: 0, upper: 1 };
  if (y === 0) return { lower: 1, upper: 0 };
  const front = betaFront(x, y, a, b);
  if (x < (a + 1) / (a + b + 2)) {
    const lower = (front / a) * betaFraction(x, a, b);
    return { lower, upper: 1 - lower };
  }
  const upper = (front / b) * betaFraction(y, b, a);
  return { lower: 1 - upper, upper };
}

/** x^a·y^b/B(a, b). */
function betaFront(x: number, y: number, a: number, b: number): number {
  const n = a + b;
  const log =
    stirlingError(n) -
    stirlingError(a) -
    stirlingError(b) -
    deviance(a, n * x) -
    deviance(b, n * y);
  return Math.exp(log) * Math.sqrt((a * b) / (2 * Math.PI * n));
}

function betaFraction(x: number, a: number, b: number): number {
  const numerator = (n: number): number => {
    const m = n >> 1;
    const scale = x / ((a + n - 1) * (a + n));
    return n % 2 === 0 ? m * (b - m) * scale : -(a + m) * (a + b + m) * scale;
  };
  return lentz(numerator, () => 1);
}
