/**
 * Shamir's secret sharing over GF(2^8), byte by byte, with the AES polynomial x^8+x^4+x^3+x+1.
 * Pure: randomness is an argument. Table look-ups are indexed by secrets; they run on the secret's
 * own machine only.
 *
 * @see Shamir, How to Share a Secret, CACM 1979.
 */
import { assert } from "../base/assert.ts";
import { type Rng, randomBytes } from "../base/env.ts";

const EXP = new Uint8Array(510);
const LOG = new Uint8Array(256);
/** a·b at 256·a + b: one look-up where logarithms take three and two branches. */
const PRODUCTS = new Uint8Array(65_536);
fillTables();

function fillTables(): void {
  let x = 1;
  for (let i = 0; i < 255; i++) {
    EXP[i] = x;
    EXP[i + 255] = x;
    LOG[x] = i;
    x ^= (x << 1) ^ (x & 0x80 ? 0x11b : 0); // Times the generator x + 1.
  }
  for (let a = 1; a < 256; a++)
    for (let b = 1; b < 256; b++) PRODUCTS[256 * a + b] = EXP[(LOG[a] ?? 0) + (LOG[b] ?? 0)] ?? 0;
}

function multiply(a: number, b: number): number {
  return PRODUCTS[256 * a + b] ?? 0;
}

function divide(a: number, b: number): number {
  assert(b !== 0, "division by zero in GF(2^8)");
  return a === 0 ? 0 : (EXP[(LOG[a] ?? 0) + 255 - (LOG[b] ?? 0)] ?? 0);
}

/**
 * Shares for the points 1 … shareCount; any `threshold` of them rebuild the secret and fewer tell nothing.
 *
 * @returns Share of point i + 1 at index i, each as long as the secret.
 * @throws {InvariantError} Unless 1 ≤ threshold ≤ shareCount ≤ 255.
 */
export function splitSecret(
  secret: Uint8Array,
  threshold: number,
  shareCount: number,
  rng: Rng,
): Uint8Array[] {
  assert(threshold >= 1 && threshold <= shareCount && shareCount <= 255, "threshold out of range");
  const coefficients = randomBytes(rng, secret.length * (threshold - 1));
  const shares: Uint8Array[] = [];
  for (let point = 1; point <= shareCount; point++) {
    const share = new Uint8Array(secret.length);
    const row = 256 * point;
    for (let i = 0; i < secret.length; i++) {
      let value = 0; // Horner, from the highest coefficient down.
      for (let at = (threshold - 2) * secret.length + i; at >= 0; at -= secret.length) {
        value = PRODUCTS[row + (value ^ (coefficients[at] ?? 0))] ?? 0;
      }
      share[i] = value ^ (secret[i] ?? 0);
    }
    shares.push(share);
  }
  coefficients.fill(0);
  return shares;
}

/** One share and the point it belongs to. */
export interface PointShare {
  readonly point: number;
  readonly share: Uint8Array;
}

/**
 * Rebuilds the secret by Lagrange interpolation at 0. Give exactly `threshold` shares: with fewer
 * the result is meaningless, and nothing here can tell.
 *
 * @throws {InvariantError} If a point is 0, above 255 or repeated, or the shares differ in length.
 */
export function combineShares(shares: readonly PointShare[]): Uint8Array {
  const length = shares[0]?.share.length ?? 0;
  const points = shares.map(({ point }) => point);
  assert(new Set(points).size === points.length, "a point is repeated");
  const secret = new Uint8Array(length);
  for (const { point, share } of shares) {
    assert(point >= 1 && point <= 255 && share.length === length, "malformed share");
    const weight = lagrangeWeight(point, points);
    for (let i = 0; i < length; i++) secret[i] = (secret[i] ?? 0) ^ multiply(weight, share[i] ?? 0);
  }
  return secret;
}

function lagrangeWeight(point: number, points: readonly number[]): number {
  let weight = 1;
  for (const other of points) {
    if (other !== point) weight = multiply(weight, divide(other, other ^ point));
  }
  return weight;
}
