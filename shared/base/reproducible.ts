/**
 * A seeded generator for what must repeat and protects nobody: initial weights, shuffles of data
 * that stay inside, simulations, demo data, tests. Never for keys, masks, noise or the sampling of units of a real run. Pure.
 */

import { LITTLE_ENDIAN, utf8 } from "./bytes.ts";
import type { Rng } from "./env.ts";

/** xoshiro128** (Blackman and Vigna, 2018), seeded from text through FNV-1a and SplitMix32. */
export function reproducibleRng(seed: string): Rng {
  let hash = 0x811c9dc5;
  for (const byte of utf8(seed)) hash = Math.imul(hash ^ byte, 0x01000193);
  const next = (): number => {
    hash = (hash + 0x9e3779b9) | 0;
    let z = hash;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return z ^ (z >>> 15);
  };
  const state = Int32Array.of(next(), next(), next(), next() | 1);
  return {
    fill: (target) => fillFrom(state, target),
  };
}

/** The same bytes whatever way they are cut: a word serves one fill, its unused bytes are dropped. */
function fillFrom(state: Int32Array, target: Uint8Array): void {
  const wordCount = Math.ceil(target.length / 4);
  // Long vectors are rounded by this: four bytes are stored at once where they can be.
  const inPlace = target.length % 4 === 0 && target.byteOffset % 4 === 0 && LITTLE_ENDIAN;
  const words = inPlace
    ? new Int32Array(target.buffer, target.byteOffset, wordCount)
    : new Int32Array(wordCount);
  let [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = state; // In registers.
  for (let i = 0; i < wordCount; i++) {
    words[i] = Math.imul(rotate(Math.imul(s1, 5), 7), 9);
    const shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = rotate(s3, 11);
  }
  state.set([s0, s1, s2, s3]);
  if (inPlace) return;
  for (let i = 0; i < target.length; i++) target[i] = (words[i >> 2] ?? 0) >>> (8 * (i & 3));
}

function rotate(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}
