/**
 * The arithmetic kernel in plain TypeScript: the oracle of the WebAssembly one, and what runs where there is
 * no SIMD. Written to be read; speed is the other one's business. Pure.
 */
import { keystreamBytes, type RingBits, ringMask } from "../../base/ring-bits.ts";
import type { Kernel, SignedKeystreams } from "./contract.ts";

export const plainKernel: Kernel = {
  vector: (dimension) => new Uint32Array(dimension),
  addKeystreams,
  packMasked(values, keystreams, packed, bits) {
    const sum = values.slice();
    addKeystreams(sum, keystreams, bits);
    pack(sum, packed, bits);
  },
  pack,
  unpack(packed, values, bits) {
    values.fill(0);
    addPacked(values, packed, bits, 1);
  },
  addPacked,
  addVector(sum, values) {
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (values[i] ?? 0);
  },
  reduce,
  hadamard,
  wipe() {},
};

function addKeystreams(
  sum: Uint32Array,
  { added, subtracted }: SignedKeystreams,
  bits: RingBits,
): void {
  for (const keystream of added) addKeystream(sum, keystream, bits, 1);
  for (const keystream of subtracted) addKeystream(sum, keystream, bits, -1);
  reduce(sum, bits);
}

function addKeystream(sum: Uint32Array, bytes: Uint8Array, bits: RingBits, sign: 1 | -1): void {
  const width = keystreamBytes(bits);
  for (let i = 0, at = 0; i < sum.length; i++, at += width) {
    let value = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
    if (width > 2) value |= (bytes[at + 2] ?? 0) << 16;
    if (width > 3) value |= (bytes[at + 3] ?? 0) << 24;
    sum[i] = (sum[i] ?? 0) + sign * value;
  }
}

function pack(values: Uint32Array, packed: Uint8Array, bits: RingBits): void {
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

function addPacked(sum: Uint32Array, packed: Uint8Array, bits: RingBits, sign: 1 | -1): void {
  const mask = ringMask(bits);
  let at = 0;
  let pending = 0;
  let pendingBits = 0;
  for (let i = 0; i < sum.length; i++) {
    for (; pendingBits < bits; pendingBits += 8) pending |= (packed[at++] ?? 0) << pendingBits;
    sum[i] = (sum[i] ?? 0) + sign * (pending & mask);
    pending = bits === 32 ? 0 : pending >>> bits;
    pendingBits -= bits;
  }
}

function reduce(values: Uint32Array, bits: RingBits): void {
  const mask = ringMask(bits);
  for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) & mask;
}

/** @see Fino and Algazi, Unified matrix treatment of the fast Walsh-Hadamard transform, IEEE ToC 1976. */
function hadamard(values: Float32Array | Float64Array): void {
  const { length } = values;
  for (let stride = 1; stride < length; stride *= 2) {
    for (let block = 0; block < length; block += 2 * stride) {
      for (let i = block; i < block + stride; i++) {
        const a = values[i] ?? 0;
        const b = values[i + stride] ?? 0;
        values[i] = a + b;
        values[i + stride] = a - b;
      }
    }
  }
  const factor = 1 / Math.sqrt(length);
  const rounded = values instanceof Float32Array ? Math.fround(factor) : factor;
  for (let i = 0; i < length; i++) values[i] = (values[i] ?? 0) * rounded;
}
