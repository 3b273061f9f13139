/**
 * Masks: a 32-byte key becomes a vector over Z_{2^b}: of the AES-256-CTR keystream from counter 0, each element
 * takes the low b bits of `keystreamBytes(b)` bytes, little-endian. A key is used for one vector only, which
 * its derivation guarantees (`keys.ts`). Pure.
 */
import { type Cipheriv, createCipheriv, createSecretKey } from "node:crypto";
import { assert } from "../base/assert.ts";
import { giveBack } from "../base/bytes.ts";
import { keystreamBytes, type RingBits } from "../base/ring-bits.ts";
import { BLOCK_BYTES, type SignedKeystreams } from "./kernel/contract.ts";
import { kernel } from "./kernel/kernel.ts";
import { packedBytes } from "./ring.ts";

/** One mask of a member's vector: added for +1, subtracted for −1. */
export interface Mask {
  readonly key: Uint8Array;
  readonly sign: 1 | -1;
}

/** Masks end to end, as one thread hands them to another: copying an object for each takes many times as long. */
export interface PackedMasks {
  /** 32 bytes a mask. */
  readonly keys: Uint8Array<ArrayBuffer>;
  /** 1 or −1 a mask. */
  readonly signs: Int8Array<ArrayBuffer>;
}

const KEY_BYTES = 32;

export function packMasks(masks: readonly Mask[]): PackedMasks {
  const keys = new Uint8Array(KEY_BYTES * masks.length);
  for (const [i, { key }] of masks.entries()) {
    assert(key.length === KEY_BYTES, "a mask's key has 32 bytes");
    keys.set(key, KEY_BYTES * i);
  }
  return { keys, signs: Int8Array.from(masks, ({ sign }) => sign) };
}

/** Views of what was packed. */
export function unpackMasks({ keys, signs }: PackedMasks): Mask[] {
  return Array.from(signs, (sign, i): Mask => {
    return { key: keys.subarray(KEY_BYTES * i, KEY_BYTES * (i + 1)), sign: sign === 1 ? 1 : -1 };
  });
}

const ZEROS = new Uint8Array(BLOCK_BYTES);
const CIPHER_BLOCK_BYTES = 16;
const FIRST_BLOCK = new Uint8Array(CIPHER_BLOCK_BYTES);
/** Ciphers that are open at a time. */
const GROUP_MASKS = 128;

/**
 * Adds the masks to `vector`, in place, modulo 2^b: whatever was there, what remains is reduced to the ring.
 *
 * @param vector Elements `firstElement` … of the masked vector. Overwritten.
 * @param firstElement Where in the masks to begin: the counter of the cipher is set, nothing is skipped over.
 * @see Bonawitz et al., Practical Secure Aggregation, CCS 2017, §4, round 2 (MaskedInputCollection).
 */
export function applyMasksInPlace(
  vector: Uint32Array,
  masks: readonly Mask[],
  bits: RingBits,
  firstElement = 0,
): void {
  const { length } = vector;
  for (let first = 0; first === 0 || first < masks.length; first += GROUP_MASKS) {
    const group = masks.slice(first, first + GROUP_MASKS);
    forEachBlock(length, group, bits, firstElement, (start, end, keystreams) =>
      kernel.addKeystreams(vector.subarray(start, end), keystreams, bits),
    );
  }
  kernel.wipe(blockOf(length, bits));
}

/**
 * The vector with the masks added, packed: what a member sends. Less memory is gone through than by one after the other.
 *
 * @param vector Shape [d]; only the low b bits of each count. Overwritten where there are more masks than ciphers may be
 *   open.
 * @see packRing for the bytes.
 */
export function packMasked(
  vector: Uint32Array,
  masks: readonly Mask[],
  bits: RingBits,
): Uint8Array<ArrayBuffer> {
  const { length } = vector;
  const beforeLast = Math.max(0, Math.ceil(masks.length / GROUP_MASKS) - 1) * GROUP_MASKS;
  if (beforeLast > 0) applyMasksInPlace(vector, masks.slice(0, beforeLast), bits);
  const packed = new Uint8Array(packedBytes(length, bits));
  forEachBlock(length, masks.slice(beforeLast), bits, 0, (start, end, keystreams) => {
    const bytes = packed.subarray((start / 8) * bits, packedBytes(end, bits));
    kernel.packMasked(vector.subarray(start, end), keystreams, bytes, bits);
  });
  kernel.wipe(blockOf(length, bits));
  return packed;
}

/** Elements of the longest block, which are whole bytes in every ring. */
function blockOf(length: number, bits: RingBits): number {
  return Math.min(length, BLOCK_BYTES / keystreamBytes(bits));
}

/** Calls `use` for each block of a vector, with the masks' keystreams for it. @param masks One group. */
function forEachBlock(
  length: number,
  masks: readonly Mask[],
  bits: RingBits,
  firstElement: number,
  use: (start: number, end: number, keystreams: SignedKeystreams) => void,
): void {
  const width = keystreamBytes(bits);
  const ciphersOf = (wanted: 1 | -1): Cipheriv[] =>
    masks.filter(({ sign }) => sign === wanted).map(({ key }) => open(key, firstElement * width));
  const plus = ciphersOf(1);
  const minus = ciphersOf(-1);
  const step = blockOf(length, bits);
  for (let start = 0; start < length; start += step) {
    const end = Math.min(length, start + step);
    const byteCount = (end - start) * width;
    const added = keystreams(plus, byteCount);
    use(start, end, { added, subtracted: keystreams(minus, byteCount) });
  }
}

/** The next `byteCount` bytes of each cipher. Each block is given back as soon as the next one is asked for. */
function* keystreams(ciphers: readonly Cipheriv[], byteCount: number): Generator<Uint8Array> {
  const zeros = ZEROS.subarray(0, byteCount);
  for (const cipher of ciphers) {
    const bytes = cipher.update(zeros);
    assert(bytes.length === byteCount, "the cipher gave too little keystream");
    yield bytes;
    giveBack(bytes);
  }
}

/** The keystream of `key` from byte `offset` on. A key object costs a quarter of what a key's bytes cost here. */
function open(key: Uint8Array, offset: number): Cipheriv {
  if (offset === 0) return createCipheriv("aes-256-ctr", createSecretKey(key), FIRST_BLOCK);
  const iv = new Uint8Array(CIPHER_BLOCK_BYTES);
  const counter = new DataView(iv.buffer);
  counter.setBigUint64(8, BigInt(Math.floor(offset / CIPHER_BLOCK_BYTES)));
  const cipher = createCipheriv("aes-256-ctr", createSecretKey(key), iv);
  const skipped = offset % CIPHER_BLOCK_BYTES;
  if (skipped > 0) cipher.update(ZEROS.subarray(0, skipped));
  return cipher;
}
