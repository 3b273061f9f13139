/**
 * The second implementation: GF(2^8) without tables, and Shamir's sharing over it. Products are carry-less
 * multiplications of polynomials, reduced by x^8+x^4+x^3+x+1; inverses are powers. Pure.
 *
 * @see FIPS 197, §4, for the field; Shamir, How to Share a Secret, CACM 1979.
 */
import { at, byteAt } from "./primitives.ts";

export function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 0; bit < 8; bit++) if ((b >> bit) & 1) product ^= a << bit;
  for (let bit = 14; bit >= 8; bit--) if ((product >> bit) & 1) product ^= 0x11b << (bit - 8);
  return product;
}

function power(base: number, exponent: number): number {
  let result = 1;
  for (let i = 0; i < exponent; i++) result = multiply(result, base);
  return result;
}

/** a^254, which is 1/a, for a^255 = 1; and 0 for 0. */
export function inverse(a: number): number {
  return power(a, 254);
}

/** f(point), where f = secret + coefficients[0]·x + coefficients[1]·x² + …, byte by byte. */
export function shareAt(
  secret: Uint8Array,
  coefficients: readonly Uint8Array[],
  point: number,
): Uint8Array {
  return secret.map((byte, i) =>
    coefficients.reduce(
      (sum, coefficient, k) => sum ^ multiply(byteAt(coefficient, i), power(point, k + 1)),
      byte,
    ),
  );
}

/** f(x) by Lagrange's formula: Σ f(x_i)·Π (x − x_j)/(x_i − x_j); subtraction is exclusive or. */
export function interpolate(
  points: readonly number[],
  shares: readonly Uint8Array[],
  x: number,
): Uint8Array {
  const value = new Uint8Array(at(shares, 0).length);
  for (const [i, point] of points.entries()) {
    let weight = 1;
    for (const [j, other] of points.entries())
      if (j !== i) weight = multiply(weight, multiply(x ^ other, inverse(point ^ other)));
    const share = at(shares, i);
    for (let k = 0; k < value.length; k++)
      value[k] = byteAt(value, k) ^ multiply(weight, byteAt(share, k));
  }
  return value;
}
