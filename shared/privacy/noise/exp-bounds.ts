/**
 * e^(−p/q) between two whole numbers of 2^−bits: what the samplers fall back on when a quick look
 * does not tell on which side of it a uniform number lies. Pure; integers only.
 */
import { assert } from "../../base/assert.ts";

/** A real number times 2^bits. Invariant: lower ≤ it ≤ upper. */
export interface Bounds {
  readonly lower: bigint;
  readonly upper: bigint;
}

/** Beyond the precision asked for, so that what rounding loses is small beside a unit of it. */
const GUARD_BITS = 16n;

/**
 * Bounds of e^(−p/q)·2^bits, from 1/Σ tⁱ/i! with t = p/q: every term is rounded down for one sum
 * and up for the other, and nothing is negative. Once i ≥ 2t a term is at most half of the one
 * before, so the terms that are left out are together at most the last.
 *
 * @param numerator p ≥ 0.
 * @param denominator q > 0.
 * @param bits Of precision; upper − lower is 0 or 1 or, rarely, 2.
 */
export function expNegBounds(numerator: bigint, denominator: bigint, bits: bigint): Bounds {
  assert(numerator >= 0n && denominator > 0n && bits >= 0n, "the exponent is a fraction ≥ 0");
  const one = 1n << (bits + GUARD_BITS);
  const [term, sum] = [
    { lower: one, upper: one },
    { lower: one, upper: one },
  ];
  for (let i = 1n; term.upper > 1n || i * denominator < 2n * numerator; i++) {
    term.lower = (term.lower * numerator) / (denominator * i);
    term.upper = ceilDivide(term.upper * numerator, denominator * i);
    sum.lower += term.lower;
    sum.upper += term.upper;
  }
  sum.upper += term.upper;
  const scale = one << bits;
  return { lower: scale / sum.upper, upper: ceilDivide(scale, sum.lower) };
}

/** ⌈a/b⌉ for a ≥ 0 and b > 0. */
export function ceilDivide(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}
