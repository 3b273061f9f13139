/** Masks are AES-256-CTR keystream, element by element, from any place on, and cancel. */
import { createCipheriv } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  keystreamBytes,
  RING_BITS,
  type RingBits,
  ringMask,
} from "../../../shared/base/ring-bits.ts";
import { BLOCK_BYTES } from "../../../shared/secagg/kernel/contract.ts";
import { applyMasksInPlace, type Mask, packMasked } from "../../../shared/secagg/masks.ts";
import { reduceInPlace, unpackRing } from "../../../shared/secagg/ring.ts";

const width = fc.constantFrom(...RING_BITS);
const mask: fc.Arbitrary<Mask> = fc.record({
  key: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  sign: fc.constantFrom<1 | -1>(1, -1),
});
const blockElements = (bits: RingBits): number => BLOCK_BYTES / keystreamBytes(bits);

/** Another way to the keystream: each counter enciphered by itself, in ECB mode. */
function keystreamOf(key: Uint8Array, bytes: number): Uint8Array {
  const counters = Buffer.alloc(Math.ceil(bytes / 16) * 16);
  for (let i = 0; i < counters.length / 16; i++) counters.writeUInt32BE(i, 16 * i + 12);
  return createCipheriv("aes-256-ecb", key, null).setAutoPadding(false).update(counters);
}

/** Σ sign·mask for elements first … first + length − 1, one number at a time. */
function maskSum(masks: readonly Mask[], bits: RingBits, first: number, length: number): number[] {
  const bytes = keystreamBytes(bits);
  const sums = new Array<number>(length).fill(0);
  for (const { key, sign } of masks) {
    const keystream = Buffer.from(keystreamOf(key, (first + length) * bytes));
    for (let i = 0; i < length; i++) {
      const value = keystream.readUIntLE((first + i) * bytes, bytes) & ringMask(bits);
      sums[i] = ((sums[i] ?? 0) + sign * (value >>> 0)) & ringMask(bits);
    }
  }
  return sums.map((sum) => sum >>> 0);
}

/** Masked in place, and from the front also by way of the packed bytes. */
function masked(vector: Uint32Array, masks: readonly Mask[], bits: RingBits, first = 0): number[] {
  const copy = vector.slice();
  applyMasksInPlace(copy, masks, bits, first);
  if (first === 0)
    expect(unpackRing(packMasked(vector.slice(), masks, bits), copy.length, bits)).toEqual(copy);
  return [...copy];
}

test("a mask is the keystream of AES-256 in counter mode, whatever the place it starts at", () => {
  fc.assert(
    fc.property(
      width,
      fc.array(mask, { maxLength: 5 }),
      fc.nat(70),
      fc.nat(100),
      (bits, masks, length, first) => {
        const zeros = new Uint32Array(length);
        expect(masked(zeros, masks, bits, first)).toEqual(maskSum(masks, bits, first, length));
      },
    ),
  );
});

test.each(RING_BITS)("%i bits: nothing breaks at the edges of blocks", (bits) => {
  const masks: Mask[] = [
    { key: new Uint8Array(32).fill(5), sign: -1 },
    { key: new Uint8Array(32).fill(6), sign: 1 },
  ];
  const block = blockElements(bits);
  for (const length of [block - 1, block, block + 1, 2 * block + 17]) {
    const expected = maskSum(masks, bits, 0, length);
    expect(masked(new Uint32Array(length), masks, bits)).toEqual(expected);
  }
});

test.each(RING_BITS)("%i bits: a vector cut anywhere is masked as if it were whole", (bits) => {
  const masks: Mask[] = [{ key: new Uint8Array(32).fill(8), sign: 1 }];
  const length = blockElements(bits) + 100;
  const whole = new Uint32Array(length).fill(9);
  applyMasksInPlace(whole, masks, bits);
  for (const cut of [0, 1, 5, 16, 21, 16_383, length - 1, length]) {
    const parts = new Uint32Array(length).fill(9);
    applyMasksInPlace(parts.subarray(0, cut), masks, bits);
    applyMasksInPlace(parts.subarray(cut), masks, bits, cut);
    expect(Buffer.compare(new Uint8Array(parts.buffer), new Uint8Array(whole.buffer))).toBe(0);
  }
});

test("masks with both signs cancel; one alone hides the vector", () => {
  fc.assert(
    fc.property(
      width,
      fc.array(mask, { minLength: 1, maxLength: 4 }),
      fc.uint32Array({ minLength: 16, maxLength: 75 }),
      (bits, masks, vector) => {
        const opposite = masks.map(({ key, sign }): Mask => ({ key, sign: sign === 1 ? -1 : 1 }));
        reduceInPlace(vector, bits);
        expect(masked(vector, masks.slice(0, 1), bits)).not.toEqual([...vector]);
        expect(masked(vector, [...masks, ...opposite], bits)).toEqual([...vector]);
      },
    ),
  );
});

test("more masks than are open at a time are all applied", () => {
  const masks = Array.from({ length: 300 }, (_, i): Mask => {
    return { key: new Uint8Array(32).fill(i).fill(i >> 8, 0, 1), sign: i % 3 === 0 ? -1 : 1 };
  });
  expect(masked(new Uint32Array(50), masks, 20)).toEqual(maskSum(masks, 20, 0, 50));
});
