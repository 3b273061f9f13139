/**
 * Public bytes from a public seed, the same for everyone who has the seed: they spread errors
 * evenly and protect nobody. Never for keys, masks, noise or the sampling of units. Pure.
 */
import { createCipheriv } from "node:crypto";
import { assert } from "../base/assert.ts";
import type { Rng } from "../base/env.ts";

const ZERO_IV = new Uint8Array(16);
const BLOCK = new Uint8Array(64 * 1024);

/** @param seed 32 bytes; the stream is the AES-256-CTR keystream under it, from counter 0. */
export function expandPublicSeed(seed: Uint8Array): Rng {
  assert(seed.length === 32, "a seed has 32 bytes");
  const cipher = createCipheriv("aes-256-ctr", seed, ZERO_IV);
  return {
    fill(target) {
      for (let start = 0; start < target.length; start += BLOCK.length) {
        const length = Math.min(BLOCK.length, target.length - start);
        target.set(cipher.update(BLOCK.subarray(0, length)), start);
      }
    },
  };
}
