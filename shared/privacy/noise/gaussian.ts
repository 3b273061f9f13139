/**
 * Exact discrete Gaussian noise N_Z(c, σ²) for integer σ, around zero or around a fraction. Pure:
 * randomness is an argument. Only integers and their comparisons: no logarithm, no exponential and
 * no rounding decides anything.
 */
import { assert } from "../../base/assert.ts";
import type { UniformSource } from "../../base/uniform.ts";

/** Largest σ, in grid steps. Everything below stays within 32-bit words. */
export const STD_DEV_MAX = 2 ** 26;

/** Parts of a grid step in which a centre that is not an integer is given. */
export const CENTRE_PARTS = 2 ** 24;
/** Largest σ of noise around such a centre: σ · CENTRE_PARTS stays within 32-bit words. */
const CENTRED_STD_DEV_MAX = 128;

/**
 * Overwrites `target` with independent draws of the discrete Gaussian,
 * P(n) = e^(−n²/2σ²) / Σ_m e^(−m²/2σ²) over the integers n.
 *
 * Exact: if the source's words are uniform and independent, each draw has precisely this law,
 * reduced to 32-bit two's complement (|n| ≥ 2^31 has probability below e^(−500) at the largest σ).
 * Not constant-time: the number of words used depends on the draws, so a caller draws all of a
 * release's noise in one go.
 *
 * @param target Shape [d]. Overwritten.
 * @param stdDev σ in grid steps, an integer in [1, 2^26]. A caller rounds a fractional σ up.
 * @throws {InvariantError} If σ is out of range.
 * @see Karney, Sampling exactly from the normal distribution, ACM TOMS 42(1), 2016, algorithm D,
 *   with μ = 0. Deviation: σ is an integer, so that algorithm's rounding of kσ + sμ falls away and
 *   x = j/σ with j uniform in 0 … σ−1.
 * @see Canonne, Kamath and Steinke, The Discrete Gaussian for Differential Privacy, NeurIPS 2020,
 *   algorithm 1: the coin of probability e^(−γ). Deviation: in place of Karney's algorithm B.
 */
export function discreteGaussianInto(
  target: Int32Array,
  stdDev: number,
  source: UniformSource,
): void {
  assertStdDev(stdDev);
  for (let i = 0; i < target.length; i++) target[i] = draw(stdDev, source);
}

/** Adds a draw to each entry, modulo 2^32 in two's complement. @see discreteGaussianInto */
export function addDiscreteGaussianInPlace(
  values: Int32Array,
  stdDev: number,
  source: UniformSource,
): void {
  assertStdDev(stdDev);
  for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) + draw(stdDev, source);
}

/**
 * Independent draws of the discrete Gaussian around each of `centres`, P(n) = e^(−(n−c)²/2σ²) / Σ_m
 * e^(−(m−c)²/2σ²) over the integers n. Exact, as `discreteGaussianInto`.
 *
 * @param centres c. Shape [d], multiples of 2^−24 with |c| < 2^28.
 * @param stdDev σ in grid steps, an integer in [1, 128].
 * @returns Shape [d].
 * @throws {InvariantError} If σ or a centre is out of range.
 */
export function discreteGaussianAround(
  centres: Float64Array,
  stdDev: number,
  source: UniformSource,
): Int32Array {
  assertStdDev(stdDev);
  assert(stdDev <= CENTRED_STD_DEV_MAX, "σ of noise around a fraction is at most 128 grid steps");
  const draws = new Int32Array(centres.length);
  for (let i = 0; i < centres.length; i++) {
    const centre = centres[i] ?? 0;
    const floor = Math.floor(centre);
    const parts = (centre - floor) * CENTRE_PARTS;
    assert(Number.isInteger(parts) && Math.abs(floor) < 2 ** 28, "a centre is out of range");
    draws[i] = floor + drawAround(parts, stdDev, source);
  }
  return draws;
}

function assertStdDev(stdDev: number): void {
  assert(
    Number.isInteger(stdDev) && stdDev >= 1 && stdDev <= STD_DEV_MAX,
    "σ is an integer number of grid steps in [1, 2^26]",
  );
}

/** One draw, ±(kσ + j): with x = j/σ, weight e^(−k²/2)·e^(−x(2k+x)/2) = e^(−(k+x)²/2). */
function draw(stdDev: number, source: UniformSource): number {
  for (;;) {
    const k = halfNormalInteger(source);
    const j = below(stdDev, source);
    const negative = source.uint32() < 0x8000_0000;
    // Zero has one sign only, or it would be drawn twice as often as it should.
    if (negative && k === 0 && j === 0) continue;
    if (!acceptFraction(k, j, stdDev, source)) continue;
    const magnitude = k * stdDev + j;
    return negative ? -magnitude : magnitude;
  }
}

/**
 * One draw around f = parts/2^24, 0 ≤ f < 1: n = kσ + 1 + j above f, or n = −(kσ + j) at or below
 * it, j uniform in 0 … σ−1. With |n − f| = (k + x)σ, x is (1 − f + j)/σ above and (f + j)/σ below:
 * every integer is one (k, j) on one side, and 0 ≤ x ≤ 1, so it is kept with weight
 * e^(−k²/2)·e^(−x(2k+x)/2) as above.
 *
 * @see Karney 2016, algorithm D, steps D3 to D7. Deviation: x is a fraction of whole parts of
 *   σ·2^24.
 */
function drawAround(parts: number, stdDev: number, source: UniformSource): number {
  for (;;) {
    const k = halfNormalInteger(source);
    const j = below(stdDev, source);
    const isBelow = source.uint32() < 0x8000_0000;
    const distance = j * CENTRE_PARTS + (isBelow ? parts : CENTRE_PARTS - parts);
    if (!acceptFraction(k, distance, stdDev * CENTRE_PARTS, source)) continue;
    return isBelow ? -(k * stdDev + j) : k * stdDev + 1 + j;
  }
}

/** k ≥ 0 with weight e^(−k²/2): k with weight e^(−k/2), kept with probability e^(−k(k−1)/2). */
function halfNormalInteger(source: UniformSource): number {
  for (;;) {
    let k = 0;
    while (coinExpHalf(source)) k += 1;
    let left = k * (k - 1);
    while (left > 0 && coinExpHalf(source)) left -= 1;
    if (left <= 0) return k;
  }
}

/** True with probability e^(−x(2k+x)/2), x = j/m: k + 1 coins of e^(−γ), γ = x(2k+x)/(2k+2) < 1. */
function acceptFraction(k: number, j: number, m: number, source: UniformSource): boolean {
  for (let coin = 0; coin <= k; coin++) {
    if (!coinExpGamma(k, j, m, source)) return false;
  }
  return true;
}

/**
 * True with probability e^(−γ): coins of γ/1, γ/2, γ/3 … until the first that fails; its number is
 * odd with probability 1 − γ + γ²/2! − … . A coin of γ/i is three coins: 1/i, x and (2k+x)/(2k+2).
 */
function coinExpGamma(k: number, j: number, m: number, source: UniformSource): boolean {
  for (let i = 1; ; i++) {
    const succeeds =
      (i === 1 || below(i, source) === 0) && below(m, source) < j && coinSlope(k, j, m, source);
    if (!succeeds) return (i & 1) === 1;
  }
}

/** True with probability (2k + x)/(2k + 2): 2k of 2k + 2 parts always, one with probability x. */
function coinSlope(k: number, j: number, m: number, source: UniformSource): boolean {
  const part = below(2 * k + 2, source);
  return part < 2 * k || (part === 2 * k && below(m, source) < j);
}

/** True with probability e^(−1/2): as `coinExpGamma` with γ = 1/2. */
function coinExpHalf(source: UniformSource): boolean {
  for (let i = 1; ; i++) {
    if (below(2 * i, source) !== 0) return (i & 1) === 1;
  }
}

/** Uniform on 0 … bound − 1, without division: top bits of a word, drawn again if too large. */
function below(bound: number, source: UniformSource): number {
  if (bound === 1) return 0;
  const shift = Math.clz32(bound - 1);
  for (;;) {
    const value = source.uint32() >>> shift;
    if (value < bound) return value;
  }
}
