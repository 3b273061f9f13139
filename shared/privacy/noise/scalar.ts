/**
 * Exact discrete Gaussian and discrete Laplace noise for single numbers, of any rational σ² or
 * scale. Pure: randomness is an argument. Whole numbers of any length only, so no case is too large
 * or too fine. (For vectors there is `gaussian.ts`: some twenty times as fast, and σ an integer.)
 */
import { assert } from "../../base/assert.ts";
import type { UniformSource } from "../../base/uniform.ts";

/** A positive rational number, in lowest terms or not. */
export interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/**
 * One draw of the discrete Gaussian, P(n) = e^(−n²/2σ²) / Σ_m e^(−m²/2σ²) over the integers n.
 *
 * Exact: if the source's words are uniform and independent, each draw has precisely this law. Not
 * constant-time.
 *
 * @param variance σ², not quite the variance of the draws when σ is small.
 * @throws {InvariantError} If σ² is not positive.
 * @see Canonne, Kamath and Steinke, The Discrete Gaussian for Differential Privacy, NeurIPS 2020,
 *   algorithm 3: a draw of the discrete Laplace of scale t, kept with probability
 *   e^(−(|n| − σ²/t)²/2σ²). Deviation: t is the power of two with σ/√2 < t ≤ √2·σ, or 1, instead of
 *   ⌊σ⌋ + 1. The law is the same for every t; this one needs no square root.
 */
export function discreteGaussian(variance: Fraction, source: UniformSource): bigint {
  assertPositive(variance);
  const { numerator: p, denominator: q } = variance;
  let t = 1n;
  while (2n * t * t * q <= p) t *= 2n;
  const scale = { numerator: t, denominator: 1n };
  const [slope, denominator] = [q * t, 2n * p * q * t * t];
  for (;;) {
    const n = discreteLaplace(scale, source);
    const excess = (n < 0n ? -n : n) * slope - p;
    if (coinExp(excess * excess, denominator, source)) return n;
  }
}

/**
 * One draw of the discrete Laplace, P(n) = e^(−|n|/b) · (e^(1/b) − 1)/(e^(1/b) + 1). Exact, as
 * `discreteGaussian`.
 *
 * @param scale b, in the unit of the draws: sensitivity/ε.
 * @throws {InvariantError} If b is not positive.
 * @see Canonne, Kamath and Steinke 2020, algorithm 2, with b = t/s.
 */
export function discreteLaplace(scale: Fraction, source: UniformSource): bigint {
  assertPositive(scale);
  const { numerator: t, denominator: s } = scale;
  for (;;) {
    const u = source.belowBig(t);
    if (!coinExp(u, t, source)) continue;
    let v = 0n;
    while (coinExpOne(source)) v += 1n;
    const magnitude = (u + t * v) / s;
    const negative = source.below(2) === 1;
    // Zero has one sign only, or it would be drawn twice as often as it should.
    if (negative && magnitude === 0n) continue;
    return negative ? -magnitude : magnitude;
  }
}

/**
 * True with probability e^(−γ), γ = a/b ≥ 0: coins of e^(−1) for the whole part of γ; for the rest,
 * coins of γ/1, γ/2, γ/3 … until the first that fails, whose number is odd with probability
 * 1 − γ + γ²/2! − … . A coin of γ/k is two coins: 1/k and γ.
 *
 * @see Canonne, Kamath and Steinke 2020, algorithm 1.
 */
function coinExp(a: bigint, b: bigint, source: UniformSource): boolean {
  let rest = a;
  for (; rest >= b; rest -= b) if (!coinExpOne(source)) return false;
  for (let k = 1; ; k++) {
    if (source.below(k) !== 0 || !source.chance(rest, b)) return (k & 1) === 1;
  }
}

/** True with probability e^(−1). */
function coinExpOne(source: UniformSource): boolean {
  for (let k = 2; ; k++) if (source.below(k) !== 0) return (k & 1) === 1;
}

function assertPositive({ numerator, denominator }: Fraction): void {
  assert(numerator > 0n && denominator > 0n, "σ² or the scale of noise is positive");
}
