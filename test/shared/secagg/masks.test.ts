/** Masks are the AES-CTR keystream, and cancel when added once with each sign. */
import { createCipheriv } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { applyMasksInPlace } from "../../../shared/secagg/masks.ts";
import {
  addPackedInPlace,
  packedBytes,
  packRing,
  reduceInPlace,
  ringMask,
} from "../../../shared/secagg/ring.ts";

const bits = fc.constantFrom(24 as const, 32 as const);
const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const values = fc.array(fc.integer({ min: 0, max: 0xffff_ffff }), { maxLength: 40 });

test("masks added and subtracted leave the vector; added alone they hide it", () => {
  fc.assert(
    fc.property(
      bits,
      fc.array(key, { minLength: 1, maxLength: 4 }),
      values,
      (width, keys, list) => {
        const vector = Uint32Array.from(list, (value) => (value & ringMask(width)) >>> 0);
        const before = vector.slice();
        applyMasksInPlace(
          vector,
          keys.map((one) => ({ key: one, sign: 1 })),
          width,
        );
        if (keys.length === 1 && list.length > 8) expect(vector).not.toEqual(before);
        applyMasksInPlace(
          vector,
          keys.map((one) => ({ key: one, sign: -1 })),
          width,
        );
        reduceInPlace(vector, width);
        expect(vector).toEqual(before);
      },
    ),
  );
});

test("the mask is one keystream from start to end, across blocks", () => {
  const secret = new Uint8Array(32).fill(5);
  for (const width of [24, 32] as const) {
    const vector = new Uint32Array(40_001);
    applyMasksInPlace(vector, [{ key: secret, sign: 1 }], width);
    const zeros = Buffer.alloc(packedBytes(vector.length, width));
    const expected = createCipheriv("aes-256-ctr", secret, Buffer.alloc(16)).update(zeros);
    expect(Buffer.compare(packRing(vector, width), expected)).toBe(0);
  }
});

test("packed vectors add up modulo the ring", () => {
  fc.assert(
    fc.property(bits, values, values, (width, left, right) => {
      const length = Math.min(left.length, right.length);
      const sum = Uint32Array.from(left.slice(0, length));
      addPackedInPlace(sum, packRing(Uint32Array.from(right.slice(0, length)), width), width, 1);
      reduceInPlace(sum, width);
      const modulus = 2n ** BigInt(width);
      for (let i = 0; i < length; i++) {
        expect(BigInt(sum[i] ?? 0)).toBe((BigInt(left[i] ?? 0) + BigInt(right[i] ?? 0)) % modulus);
      }
    }),
  );
  expect(() => addPackedInPlace(new Uint32Array(2), new Uint8Array(7), 32, 1)).toThrow("length");
});
