/**
 * Shamir's secret sharing over GF(2^8), byte by byte, with the AES polynomial x^8+x^4+x^3+x+1: values of a
 * polynomial at some points from those at others. A row holds the values of many polynomials at one point. Pure.
 * Table look-ups are indexed by secrets; they run on the secret's
 * own machine only.
 *
 * @see Shamir, How to Share a Secret, CACM 1979.
 */
import { assert } from "../base/assert.ts";

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

/**
 * Weights that take the values at `points` to the value at each target, of a polynomial of degree below the
 * number of points.
 *
 * @param points Distinct. The secret is at point 0.
 * @param targets None of them among the points.
 * @returns Of each target, one weight for each point.
 * @throws {InvariantError} If a point is repeated or a target, or above 255.
 * @see Berrut and Trefethen, Barycentric Lagrange Interpolation, SIAM Review 2004, §3, in logarithms.
 */
export function lagrangeWeights(
  points: readonly number[],
  targets: readonly number[],
): Uint8Array[] {
  const inverses = points.map((point, i) => {
    assert(Number.isInteger(point) && point >= 0 && point <= 255, "a point is out of range");
    return 255 - logOfProduct(point, points, i);
  });
  return targets.map((target) => {
    assert(Number.isInteger(target) && target >= 0 && target <= 255, "a point is out of range");
    const all = logOfProduct(target, points, -1);
    return Uint8Array.from(points, (point, i) => {
      const log = all + (inverses[i] ?? 0) + 255 - (LOG[target ^ point] ?? 0);
      return EXP[log % 255] ?? 0;
    });
  });
}

/** Logarithm of the product of all differences to a point, but the one at `except`. */
function logOfProduct(point: number, points: readonly number[], except: number): number {
  let log = 0;
  for (let i = 0; i < points.length; i++) {
    if (i === except) continue;
    const difference = point ^ (points[i] ?? 0);
    assert(difference !== 0, "a point is repeated");
    log += LOG[difference] ?? 0;
  }
  return log % 255;
}

/**
 * Σ weights[i]·rows[i], byte by byte.
 *
 * @throws {InvariantError} Unless there is a weight for each row, and all rows have one length.
 */
export function weightedSum(weights: Uint8Array, rows: readonly Uint8Array[]): Uint8Array {
  const length = rows[0]?.length ?? 0;
  assert(weights.length === rows.length, "a weight for each row");
  const sum = new Uint8Array(length);
  for (const [i, row] of rows.entries()) {
    assert(row.length === length, "rows differ in length");
    const products = PRODUCTS.subarray(256 * (weights[i] ?? 0), 256 * (weights[i] ?? 0) + 256);
    for (let at = 0; at < length; at++) sum[at] = (sum[at] ?? 0) ^ (products[row[at] ?? 0] ?? 0);
  }
  return sum;
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
  const points = shares.map(({ point }) => point);
  const [weights = new Uint8Array()] = lagrangeWeights(points, [0]);
  return weightedSum(
    weights,
    shares.map(({ share }) => share),
  );
}
