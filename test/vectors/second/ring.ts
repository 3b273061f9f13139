/**
 * The second implementation: masks and packing, over big integers. A vector on the wire is one number, whose
 * digits to the base 2^b are the elements. Pure.
 */
import { keystream } from "./cipher.ts";
import { byteAt, littleEndian } from "./primitives.ts";

/** Widths and the bytes of keystream that one element of a mask takes. */
export const MASK_BYTES: Readonly<Record<number, number>> = { 16: 2, 18: 3, 20: 3, 24: 3, 32: 4 };

/** Elements `first` … of a mask, each 0 … 2^bits − 1. */
export function maskElements(key: Uint8Array, bits: number, count: number, first = 0): number[] {
  const width = MASK_BYTES[bits];
  if (width === undefined) throw new Error(`no ring of ${bits} bits`);
  const bytes = keystream(key, count * width, first * width);
  return Array.from({ length: count }, (_, i) => {
    let value = 0;
    for (let k = width - 1; k >= 0; k--) value = 256 * value + byteAt(bytes, i * width + k);
    return value % 2 ** bits;
  });
}

/** (a + sign·b) mod 2^bits, element by element. */
export function added(a: readonly number[], b: readonly number[], sign: number, bits: number) {
  const modulus = 2 ** bits;
  return a.map((value, i) => (((value + sign * (b[i] ?? 0)) % modulus) + modulus) % modulus);
}

export function packed(values: readonly number[], bits: number): Uint8Array {
  let number = 0n;
  for (const [i, value] of values.entries()) number += BigInt(value) << BigInt(bits * i);
  return littleEndian(number, Math.ceil((values.length * bits) / 8));
}
