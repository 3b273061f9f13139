/**
 * The arithmetic kernel in plain TypeScript: the oracle of the WebAssembly one, and what runs where there is
 * no SIMD. Written to be read; speed is the other one's business. Pure.
 */
import { keystreamBytes, type RingBits, ringMask } from "../../base/ring-bits.ts";

/** Adds (or subtracts) one block of keystream, `keystreamBytes` an element, modulo 2^32. */
export function addKeystream(
  sum: Uint32Array,
  keystream: Uint8Array,
  bits: RingBits,
  sign: 1 | -1,
): void {
  const width = keystreamBytes(bits);
  for (let i = 0, at = 0; i < sum.length; i++, at += width) {
    let value = (keystream[at] ?? 0) | ((keystream[at + 1] ?? 0) << 8);
    if (width > 2) value |= (keystream[at + 2] ?? 0) << 16;
    if (width > 3) value |= (keystream[at + 3] ?? 0) << 24;
    sum[i] = (sum[i] ?? 0) + sign * value;
  }
}

/** Element i goes to bits b·i … b·i + b − 1 of `packed`, bit 0 being the lowest of byte 0. */
export function pack(values: Uint32Array, packed: Uint8Array, bits: RingBits): void {
  const mask = ringMask(bits);
  let at = 0;
  let pending = 0;
  let pendingBits = 0;
  for (let i = 0; i < values.length; i++) {
    pending |= ((values[i] ?? 0) & mask) << pendingBits;
    pendingBits += bits;
    for (; pendingBits >= 8; pendingBits -= 8) {
      packed[at++] = pending;
      pending >>>= 8;
    }
  }
  if (pendingBits > 0) packed[at] = pending;
}

/** Undoes `pack`. Padding bits are not looked at. */
export function unpack(packed: Uint8Array, values: Uint32Array, bits: RingBits): void {
  forEachPacked(packed, values.length, bits, (i, value) => {
    values[i] = value;
  });
}

/** Adds (or subtracts) packed elements, modulo 2^32. */
export function addPacked(
  sum: Uint32Array,
  packed: Uint8Array,
  bits: RingBits,
  sign: 1 | -1,
): void {
  forEachPacked(packed, sum.length, bits, (i, value) => {
    sum[i] = (sum[i] ?? 0) + sign * value;
  });
}

function forEachPacked(
  packed: Uint8Array,
  count: number,
  bits: RingBits,
  use: (index: number, value: number) => void,
): void {
  const mask = ringMask(bits);
  let at = 0;
  let pending = 0;
  let pendingBits = 0;
  for (let i = 0; i < count; i++) {
    for (; pendingBits < bits; pendingBits += 8) pending |= (packed[at++] ?? 0) << pendingBits;
    use(i, (pending & mask) >>> 0);
    pending = bits === 32 ? 0 : pending >>> bits;
    pendingBits -= bits;
  }
}

/** Keeps the low b bits of each value. */
export function reduce(values: Uint32Array, bits: RingBits): void {
  const mask = ringMask(bits);
  for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) & mask;
}
