/**
 * Masks: a 32-byte key becomes a vector over Z_{2^b}, the AES-256-CTR keystream from counter 0. A key
 * is used for one vector only, which its derivation guarantees (`keys.ts`). Pure.
 */
import { createCipheriv } from "node:crypto";
import { addPackedInPlace, type RingBits } from "./ring.ts";

/** One mask of a member's vector: added for +1, subtracted for −1. */
export interface Mask {
  readonly key: Uint8Array;
  readonly sign: 1 | -1;
}

const ZERO_IV = new Uint8Array(16);
/** 64 KiB of keystream at a time: larger blocks cost page faults, smaller ones calls. Divisible by 3 and 4. */
const BLOCK_ELEMENTS = 16_384;
const ZEROS = new Uint8Array(BLOCK_ELEMENTS * 4);

/**
 * Adds the masks to `vector`, in place, modulo 2^32. Reduce to the ring afterwards.
 *
 * @param vector Shape [d]. Overwritten.
 * @see Bonawitz et al., Practical Secure Aggregation, CCS 2017, §4, round 2 (MaskedInputCollection).
 */
export function applyMasksInPlace(
  vector: Uint32Array,
  masks: readonly Mask[],
  bits: RingBits,
): void {
  const ciphers = masks.map(({ key }) => createCipheriv("aes-256-ctr", key, ZERO_IV));
  for (let start = 0; start < vector.length; start += BLOCK_ELEMENTS) {
    const block = vector.subarray(start, Math.min(vector.length, start + BLOCK_ELEMENTS));
    const zeros = ZEROS.subarray(0, block.length * (bits / 8));
    for (let i = 0; i < masks.length; i++) {
      const keystream = ciphers[i]?.update(zeros);
      if (keystream) addPackedInPlace(block, keystream, bits, masks[i]?.sign ?? 1);
    }
  }
}
