/** What the arithmetic kernel offers, however it is made. Callers check lengths: `ring.ts` and `masks.ts` do. Pure. */
import type { RingBits } from "../../base/ring-bits.ts";

/**
 * Longest block of `addKeystreams`, in bytes of keystream: whole elements of 2, 3 and 4 bytes, sixteen at a time. About
 * 64 KiB, above which blocks leave the cache and below which calls count. Not a multiple of 4 KiB, and too long for the
 * holes that buffers of 64 KiB leave: Node.js copies a cipher's output from one buffer to the next, and if they lie 16
 * bytes apart modulo the page, each load waits for the store before it, and a third of the rate is left.
 */
export const BLOCK_BYTES = 67_200;

/** Blocks of keystream, `keystreamBytes` an element. Each is used up before the next one is asked for. */
export interface SignedKeystreams {
  readonly added: Iterable<Uint8Array>;
  readonly subtracted: Iterable<Uint8Array>;
}

export interface Kernel {
  /** A vector of zeros, kept where `addPacked` need not copy it. Shape [d]. */
  vector(dimension: number): Uint32Array;
  /**
   * Adds and subtracts blocks of keystream, at most `BLOCK_BYTES` each, modulo 2^b, and leaves `sum` reduced. Traces
   * of it stay in the kernel's own memory until `wipe`.
   */
  addKeystreams(sum: Uint32Array, keystreams: SignedKeystreams, bits: RingBits): void;
  /** The same sum, packed; `values` stay as they are. */
  packMasked(
    values: Uint32Array,
    keystreams: SignedKeystreams,
    packed: Uint8Array,
    bits: RingBits,
  ): void;
  /** Element i goes to bits b·i … b·i + b − 1 of `packed`, bit 0 being the lowest of byte 0; padding is zero. */
  pack(values: Uint32Array, packed: Uint8Array, bits: RingBits): void;
  /** Undoes `pack`. Padding bits are not looked at. */
  unpack(packed: Uint8Array, values: Uint32Array, bits: RingBits): void;
  /** Adds (or subtracts) packed elements, modulo 2^32. */
  addPacked(sum: Uint32Array, packed: Uint8Array, bits: RingBits, sign: 1 | -1): void;
  /** Adds element by element, modulo 2^32. */
  addVector(sum: Uint32Array, values: Uint32Array): void;
  /** Keeps the low b bits of each value. */
  reduce(values: Uint32Array, bits: RingBits): void;
  /** The orthonormal Walsh-Hadamard transform, in place. The length is a power of two. */
  hadamard(values: Float32Array | Float64Array): void;
  /** Forgets what blocks of up to `count` elements have left behind. Other methods do so themselves. */
  wipe(count: number): void;
}
