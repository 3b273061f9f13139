/** Tails of the laws that test statistics follow, precise also where a p-value is 10⁻³⁰⁰. Pure. */
import { assert } from "../../shared/base/assert.ts";
import { normalQuantile, normalTail } from "../../shared/base/normal.ts";
import { incompleteBeta, incompleteGamma } from "./special.ts";

/** With more degrees of freedom the continued fraction loses digits, and an expansion has them all. */
const STUDENT_EXPANDED_FROM = 1e5;
/** The same for F, whose expansion is a term shorter: around here either is right to 10⁻⁹. */
const FISHER_EXPANDED_FROM = 1e7;

/** P(X > x) under χ² with `degrees` > 0 degrees of freedom, not always a whole number. */
export function chiSquareTail(x: number, degrees: number): number {
  return incompleteGamma(degrees / 2, Math.max(0, x) / 2).upper;
}

/**
 * P(|T| > |t|) under Student's law. With infinitely many degrees of freedom it is the normal one.
 *
 * @see NIST DLMF 8.17 (i), Abramowitz and Stegun 26.5.27.
 */
export function studentTwoSided(t: number, degrees: number): number {
  assert(degrees > 0, "degrees of freedom are positive");
  if (!Number.isFinite(t)) return 0;
  if (degrees > STUDENT_EXPANDED_FROM) return 2 * normalTail(normalOf(t, degrees));
  const [x, y] = shares(degrees, t * t);
  return incompleteBeta(x, y, degrees / 2, 0.5).lower;
}

/** The normal deviate as far out as |t|. @see Hill 1970, Student's t-distribution, CACM 13(10), algorithm 395. */
function normalOf(t: number, degrees: number): number {
  if (degrees === Number.POSITIVE_INFINITY) return Math.abs(t);
  const a = degrees - 0.5;
  const y = a * Math.log1p((t * t) / degrees);
  return Math.sqrt(y) * (1 + (y + 3) / (48 * a * a));
}

/**
 * P(X > f) under Fisher's and Snedecor's F. With infinitely many degrees below it is χ²'s.
 *
 * @see Abramowitz and Stegun 26.6.2; Wise 1950, The incomplete beta function as a contour integral and a quickly
 *   converging series for its inverse, Biometrika 37.
 */
export function fisherTail(f: number, above: number, below: number): number {
  assert(above > 0 && below > 0, "degrees of freedom are positive");
  if (!(f > 0)) return 1;
  if (f === Number.POSITIVE_INFINITY) return 0;
  if (below === Number.POSITIVE_INFINITY) return chiSquareTail(f * above, above);
  if (below > FISHER_EXPANDED_FROM) {
    return chiSquareTail((below + above / 2 - 1) * Math.log1p((above * f) / below), above);
  }
  const [x, y] = shares(below, above * f);
  return incompleteBeta(x, y, below / 2, above / 2).lower;
}

/** a/(a + b) and b/(a + b). */
function shares(a: number, b: number): [number, number] {
  return b > a ? [a / b / (1 + a / b), 1 / (1 + a / b)] : [1 / (1 + b / a), b / a / (1 + b / a)];
}

/** The t that |T| exceeds with probability `twoSided`, by bisection: 1.96 for 0.05 and many degrees of freedom. */
export function studentQuantile(twoSided: number, degrees: number): number {
  assert(twoSided > 0 && twoSided < 1, "a probability is in (0, 1)");
  if (degrees === Number.POSITIVE_INFINITY) return -normalQuantile(twoSided / 2);
  let [low, high] = [0, 2];
  while (studentTwoSided(high, degrees) > twoSided) [low, high] = [high, 2 * high];
  for (let i = 0; i < 60 && high - low > 1e-15 * high; i++) {
    const middle = (low + high) / 2;
    if (studentTwoSided(middle, degrees) > twoSided) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
