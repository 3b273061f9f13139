/**
 * A seeded generator for what must repeat and protects nobody: initial weights, shuffles of data
 * that stay inside, simulations, demo data, tests. Never for keys, masks, noise or the sampling of units of a real run. Pure.
 */

import { utf8 } from "./bytes.ts";
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
    fill(target) {
      for (let i = 0; i < target.length; i += 4) {
        const word = xoshiro(state);
        for (let k = 0; k < 4 && i + k < target.length; k++) target[i + k] = word >>> (8 * k);
      }
    },
  };
}

function xoshiro(s: Int32Array): number {
  const s0 = s[0] ?? 0;
  const s1 = s[1] ?? 0;
  const s2 = (s[2] ?? 0) ^ s0;
  const s3 = (s[3] ?? 0) ^ s1;
  const scrambled = Math.imul(rotate(Math.imul(s1, 5), 7), 9);
  s[0] = s0 ^ s3;
  s[1] = s1 ^ s2;
  s[2] = s2 ^ (s1 << 9);
  s[3] = rotate(s3, 11);
  return scrambled >>> 0;
}

function rotate(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}
