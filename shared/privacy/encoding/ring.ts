/** The rings Z_{2^b} of secure aggregation, and their signed reading. Pure. */
import { type RingBits, ringMask } from "../../base/ring-bits.ts";

export type { RingBits };

/** Largest signed value of the ring: 2^(b−1) − 1. The most negative value is never used. */
export function signedMax(ringBits: RingBits): number {
  return 2 ** (ringBits - 1) - 1;
}

/** The residues of `values` modulo 2^b, each in 0 … 2^b − 1. Shape [d] both. */
export function toRing(values: Int32Array, ringBits: RingBits): Uint32Array {
  const mask = ringMask(ringBits);
  const residues = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) residues[i] = (values[i] ?? 0) & mask;
  return residues;
}

/**
 * The centred lift: of each residue, the representative in −2^(b−1) … 2^(b−1) − 1. Undoes `toRing`
 * of a sum exactly when the true sum lies in that range. Bits above b are ignored. Shape [d] both.
 */
export function fromRing(residues: Uint32Array, ringBits: RingBits): Int32Array {
  const unused = 32 - ringBits;
  const values = new Int32Array(residues.length);
  for (let i = 0; i < residues.length; i++) values[i] = ((residues[i] ?? 0) << unused) >> unused;
  return values;
}
