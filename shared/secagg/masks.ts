/**
 * Masks: a 32-byte key becomes a vector over Z_{2^b}: of the AES-256-CTR keystream from counter 0, each element
 * takes the low b bits of `keystreamBytes(b)` bytes, little-endian. A key is used for one vector only, which
 * its derivation guarantees (`keys.ts`). Pure.
 */
import { type Cipheriv, createCipheriv, createSecretKey } from "node:crypto";
import { assert } from "../base/assert.ts";
import { keystreamBytes, type RingBits } from "../base/ring-bits.ts";
import { addKeystream } from "./kernel/plain.ts";

/** One mask of a member's vector: added for +1, subtracted for −1. */
export interface Mask {
  readonly key: Uint8Array;
  readonly sign: 1 | -1;
}

/** Keystream per call of the cipher: larger blocks leave the cache, smaller ones cost calls. */
const BLOCK_BYTES = 65_536;
const ZEROS = new Uint8Array(BLOCK_BYTES);
const CIPHER_BLOCK_BYTES = 16;
/** Ciphers that are open at a time. */
const GROUP_MASKS = 32;

/**
 * Adds the masks to `vector`, in place, modulo 2^32. Reduce to the ring afterwards.
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
  for (let first = 0; first < masks.length; first += GROUP_MASKS) {
    applyGroupInPlace(vector, masks.slice(first, first + GROUP_MASKS), bits, firstElement);
  }
}

function applyGroupInPlace(
  vector: Uint32Array,
  masks: readonly Mask[],
  bits: RingBits,
  firstElement: number,
): void {
  const width = keystreamBytes(bits);
  const blockElements = blockElementsOf(width);
  const ciphers = masks.map(({ key }) => keystreamFrom(key, firstElement * width));
  for (let start = 0; start < vector.length; start += blockElements) {
    const block = vector.subarray(start, Math.min(vector.length, start + blockElements));
    const zeros = ZEROS.subarray(0, block.length * width);
    for (let i = 0; i < masks.length; i++) {
      const keystream = ciphers[i]?.update(zeros);
      assert(keystream?.length === zeros.length, "the cipher gave too little keystream");
      addKeystream(block, keystream, bits, masks[i]?.sign ?? 1);
      release(keystream);
    }
  }
}

/** Whole cipher blocks, and a multiple of 16 elements. */
function blockElementsOf(width: number): number {
  return Math.floor(BLOCK_BYTES / (16 * width)) * 16;
}

/** The keystream of `key` from byte `offset` on. A key object costs a quarter of what a key's bytes cost here. */
function keystreamFrom(key: Uint8Array, offset: number): Cipheriv {
  const iv = new Uint8Array(CIPHER_BLOCK_BYTES);
  const counter = new DataView(iv.buffer);
  counter.setBigUint64(8, BigInt(Math.floor(offset / CIPHER_BLOCK_BYTES)));
  const cipher = createCipheriv("aes-256-ctr", createSecretKey(key), iv);
  const skipped = offset % CIPHER_BLOCK_BYTES;
  if (skipped > 0) cipher.update(ZEROS.subarray(0, skipped));
  return cipher;
}

/**
 * Gives a block's memory back at once. Each call of the cipher allocates its result outside the heap; left to
 * the garbage collector these pile up, leave the caches and call it early: that halves the rate.
 */
function release(keystream: Buffer<ArrayBufferLike>): void {
  const { buffer } = keystream;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === keystream.length) buffer.transfer(0);
}
