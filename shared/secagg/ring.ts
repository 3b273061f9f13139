/** Vectors over Z_{2^b}: bit-packed bytes and back. Little-endian, coordinate after coordinate. Pure. */
import { assert } from "../base/assert.ts";

/** Bits per ring element on the wire. */
export type RingBits = 24 | 32;

/** The mask of b one-bits. */
export function ringMask(bits: RingBits): number {
  return bits === 32 ? 0xffff_ffff : 2 ** bits - 1;
}

export function packedBytes(dimension: number, bits: RingBits): number {
  return dimension * (bits / 8);
}

/** @param values Shape [d]; only the low `bits` bits of each count. */
export function packRing(values: Uint32Array, bits: RingBits): Uint8Array {
  const width = bits / 8;
  const packed = new Uint8Array(values.length * width);
  for (let i = 0, at = 0; i < values.length; i++, at += width) {
    const value = values[i] ?? 0;
    packed[at] = value;
    packed[at + 1] = value >>> 8;
    packed[at + 2] = value >>> 16;
    if (width === 4) packed[at + 3] = value >>> 24;
  }
  return packed;
}

/**
 * Adds packed ring elements to `sum`, in place, modulo 2^32 (and so modulo 2^bits).
 *
 * @throws {InvariantError} If the lengths do not match.
 */
export function addPackedInPlace(
  sum: Uint32Array,
  packed: Uint8Array,
  bits: RingBits,
  sign: 1 | -1,
): void {
  const width = bits / 8;
  assert(packed.length === sum.length * width, "packed vector has the wrong length");
  for (let i = 0, at = 0; i < sum.length; i++, at += width) {
    const low = (packed[at] ?? 0) | ((packed[at + 1] ?? 0) << 8) | ((packed[at + 2] ?? 0) << 16);
    const value = width === 4 ? low | ((packed[at + 3] ?? 0) << 24) : low;
    sum[i] = sign === 1 ? (sum[i] ?? 0) + value : (sum[i] ?? 0) - value;
  }
}

/** Reduces modulo 2^bits, in place. */
export function reduceInPlace(values: Uint32Array, bits: RingBits): void {
  if (bits === 32) return;
  const mask = ringMask(bits);
  for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) & mask;
}
