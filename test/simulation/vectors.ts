/** What each member contributes in a simulation, known to the test; and what the sums must come to. */
import { toHex, utf8, wordsToBytes } from "../../shared/base/bytes.ts";
import { type RingBits, ringMask } from "../../shared/base/ring-bits.ts";
import { sha256 } from "../../shared/crypto/hash.ts";

/** The quantised vector of the member at `index` in one attempt: uniform over the whole ring. */
export function knownVector(
  seed: string,
  index: number,
  attempt: number,
  dimension: number,
  bits: RingBits,
): Uint32Array {
  let state = 0x811c9dc5;
  for (const byte of utf8(`${seed}/${index}/${attempt}`))
    state = Math.imul(state ^ byte, 0x01000193);
  const vector = new Uint32Array(dimension);
  for (let k = 0; k < dimension; k++) {
    state = (state + 0x9e3779b9) | 0;
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    vector[k] = (z ^ (z >>> 15)) & ringMask(bits);
  }
  return vector;
}

/** Σ over members, mod 2^bits. */
export function integerSum(vectors: readonly Uint32Array[], bits: RingBits): Uint32Array {
  const sum = new Uint32Array(vectors[0]?.length ?? 0);
  for (const vector of vectors)
    for (let k = 0; k < sum.length; k++) sum[k] = (sum[k] ?? 0) + (vector[k] ?? 0);
  for (let k = 0; k < sum.length; k++) sum[k] = (sum[k] ?? 0) & ringMask(bits);
  return sum;
}

/** The hash under which the coordinator logs an opened sum. */
export function sumHash(sum: Uint32Array): string {
  return toHex(sha256(wordsToBytes(sum)));
}
