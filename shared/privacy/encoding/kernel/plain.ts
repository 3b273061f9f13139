/**
 * Rounding to levels in plain TypeScript: the oracle of the WebAssembly kernel, and what runs where there is no SIMD.
 * Pure.
 */
import { BLOCK_VALUES, type RoundLevels } from "./contract.ts";

export const plainRoundLevels: RoundLevels = (values, levels, source, ring) => {
  const { magnitudeMax, scale, levelMax, mask } = levels;
  const words = new Uint32Array(Math.min(BLOCK_VALUES, values.length));
  for (let start = 0; start < values.length; start += BLOCK_VALUES) {
    source.fill(words);
    const end = Math.min(values.length, start + BLOCK_VALUES);
    for (let i = start; i < end; i++) {
      const value = values[i] ?? 0;
      if (!(value - value === 0)) return i;
      const clamped = Math.max(-magnitudeMax, Math.min(magnitudeMax, value));
      // Up with the probability of the fraction, never where there is none: below 2^31 levels plus 21 bits are exact.
      const level = Math.floor(clamped * scale + ((words[i - start] ?? 0) >>> 11) / 2 ** 21);
      ring[i] = Math.max(-levelMax, Math.min(levelMax, level)) & mask;
    }
  }
  return -1;
};
