/** The rings Z_{2^b} in which secure sums are taken: the widths there are, and what each costs. Pure. */

/** Bits of a ring element: what travels, and the modulus 2^b of every sum. */
export type RingBits = 16 | 18 | 20 | 24 | 32;

/** Every width, ascending. */
export const RING_BITS: readonly RingBits[] = [16, 18, 20, 24, 32];

/** The mask of b one-bits. */
export function ringMask(bits: RingBits): number {
  return bits === 32 ? 0xffff_ffff : 2 ** bits - 1;
}

/**
 * Bytes of mask keystream spent on one element. An element of a mask is the low b bits of this many
 * little-endian bytes, which are uniform because 2^b divides 256^bytes. Whole bytes, unlike the wire:
 * a mask is never sent, and expanding it is quicker when elements begin at bytes.
 */
export function keystreamBytes(bits: RingBits): 2 | 3 | 4 {
  if (bits === 16) return 2;
  return bits === 32 ? 4 : 3;
}
