/**
 * Vectors over Z_{2^b}: bit-packed bytes and back. Little-endian bit order, element after element; the last
 * byte is padded with zero bits. Pure.
 */
import { assert } from "../base/assert.ts";
import type { RingBits } from "../base/ring-bits.ts";
import { kernel } from "./kernel/kernel.ts";

export type { RingBits };

export function packedBytes(dimension: number, bits: RingBits): number {
  return Math.ceil((dimension * bits) / 8);
}

/** The fewest elements that fill whole bytes: chunks of a packed vector begin at multiples of it. */
function groupElements(bits: RingBits): 1 | 2 | 4 {
  if (bits === 18) return 4;
  return bits === 20 ? 2 : 1;
}

/**
 * How many elements go into one chunk of at most `bytesMax` bytes. Each chunk but the last holds this many, so
 * that all begin at a byte and can be added as they come.
 *
 * @throws {InvariantError} If not even one group of elements fits.
 */
export function chunkElements(bits: RingBits, bytesMax: number): number {
  const group = groupElements(bits);
  const groups = Math.floor(bytesMax / packedBytes(group, bits));
  assert(groups >= 1, "a chunk holds at least one group of elements");
  return groups * group;
}

/**
 * Zeros, shape [d], in memory of the arithmetic kernel: what is added to a long vector that lives here costs half
 * as much. Cloning and slicing give an ordinary vector; the buffer cannot be transferred.
 */
export function ringVector(dimension: number): Uint32Array {
  return kernel.vector(dimension);
}

/** @param values Shape [d]; only the low `bits` bits of each count. */
export function packRing(values: Uint32Array, bits: RingBits): Uint8Array {
  const packed = new Uint8Array(packedBytes(values.length, bits));
  packRingInto(packed, values, bits);
  return packed;
}

/**
 * Packs into bytes that are there already, such as a frame's: touching fresh memory takes longer than packing.
 *
 * @throws {InvariantError} If the lengths do not match.
 */
export function packRingInto(packed: Uint8Array, values: Uint32Array, bits: RingBits): void {
  assert(packed.length === packedBytes(values.length, bits), "packed vector has the wrong length");
  kernel.pack(values, packed, bits);
}

/**
 * The d elements of a packed vector. Bits of padding are ignored.
 *
 * @throws {InvariantError} If the length does not match.
 */
export function unpackRing(packed: Uint8Array, dimension: number, bits: RingBits): Uint32Array {
  assert(packed.length === packedBytes(dimension, bits), "packed vector has the wrong length");
  const values = new Uint32Array(dimension);
  kernel.unpack(packed, values, bits);
  return values;
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
  assert(packed.length === packedBytes(sum.length, bits), "packed vector has the wrong length");
  kernel.addPacked(sum, packed, bits, sign);
}

/**
 * Adds one chunk of a packed vector: its elements begin at `firstElement` and are as many as fit, which is a
 * whole number of groups unless the chunk ends the vector. Modulo 2^32; `sign` −1 takes it away again.
 *
 * @throws {InvariantError} If the chunk begins inside a byte, goes beyond the vector or has a broken end.
 */
export function addChunkInPlace(
  sum: Uint32Array,
  firstElement: number,
  packed: Uint8Array,
  bits: RingBits,
  sign: 1 | -1,
): void {
  const group = groupElements(bits);
  assert(firstElement % group === 0, "a chunk begins between two bytes of the vector");
  const elementsMax = sum.length - firstElement;
  const whole = Math.floor((packed.length * 8) / (bits * group)) * group;
  const count = packed.length === packedBytes(elementsMax, bits) ? elementsMax : whole;
  assert(count >= 0 && count <= elementsMax, "a chunk goes beyond the vector");
  addPackedInPlace(sum.subarray(firstElement, firstElement + count), packed, bits, sign);
}

/**
 * Adds `values` to `sum`, in place, modulo 2^32.
 *
 * @throws {InvariantError} If the lengths do not match.
 */
export function addVectorInPlace(sum: Uint32Array, values: Uint32Array): void {
  assert(values.length === sum.length, "the vectors differ in length");
  kernel.addVector(sum, values);
}

/** Reduces modulo 2^bits, in place. */
export function reduceInPlace(values: Uint32Array, bits: RingBits): void {
  if (bits !== 32) kernel.reduce(values, bits);
}
