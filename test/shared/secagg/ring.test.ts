/** Packing is little-endian in bits, exact, and adds up modulo the ring, also chunk by chunk. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { RING_BITS, type RingBits, ringMask } from "../../../shared/base/ring-bits.ts";
import {
  addChunkInPlace,
  addPackedInPlace,
  addVectorInPlace,
  chunkElements,
  packedBytes,
  packRing,
  packRingInto,
  reduceInPlace,
  ringVector,
  unpackRing,
} from "../../../shared/secagg/ring.ts";

const width = fc.constantFrom(...RING_BITS);
const word = fc.integer({ min: 0, max: 0xffff_ffff });
const words = fc.uint32Array({ maxLength: 75 });

/** The packed vector as one large integer: element i is its digit i to the base 2^bits. */
function asInteger(values: Uint32Array, bits: RingBits): bigint {
  const digits = [...values].map((value) => BigInt((value & ringMask(bits)) >>> 0));
  return digits.reduceRight((sum, digit) => (sum << BigInt(bits)) | digit, 0n);
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

test("a packed vector is the little-endian integer whose digits are the elements", () => {
  fc.assert(
    fc.property(width, words, (bits, values) => {
      const packed = packRing(values, bits);
      expect(packed.length).toBe(packedBytes(values.length, bits));
      expect(littleEndian(packed)).toBe(asInteger(values, bits));
    }),
  );
});

test("packing into given bytes overwrites them, padding too, and wants exactly enough", () => {
  for (const bits of RING_BITS) {
    const values = Uint32Array.of(0xffff_ffff, 0, 0x1234_5678, 7, 9);
    const packed = new Uint8Array(packedBytes(5, bits)).fill(0xff);
    packRingInto(packed, values, bits);
    expect(littleEndian(packed)).toBe(asInteger(values, bits));
    expect(() => packRingInto(packed.subarray(1), values, bits)).toThrow("wrong length");
  }
});

test("ten elements take 20, 23, 25, 30 and 40 bytes", () => {
  expect(RING_BITS.map((bits) => packedBytes(10, bits))).toEqual([20, 23, 25, 30, 40]);
});

test.each(RING_BITS)("%i bits: unpacking undoes packing for every length to 70", (bits) => {
  for (let length = 0; length <= 70; length++) {
    const values = Uint32Array.from({ length }, (_, i) => (0x9e37_79b9 * (i + length)) >>> 0);
    const unpacked = unpackRing(packRing(values, bits), length, bits);
    reduceInPlace(values, bits);
    expect(unpacked).toEqual(values);
  }
});

test("padding bits are ignored, and no length but the right one is taken", () => {
  for (const bits of [18, 20] as const) {
    const packed = packRing(Uint32Array.of(1, 2, 3), bits);
    const padded = packed.slice();
    padded[packed.length - 1] = (padded[packed.length - 1] ?? 0) | 0xc0;
    expect(unpackRing(padded, 3, bits)).toEqual(Uint32Array.of(1, 2, 3));
    expect(() => unpackRing(packed.subarray(1), 3, bits)).toThrow("wrong length");
  }
  expect(() => addPackedInPlace(new Uint32Array(2), new Uint8Array(7), 32, 1)).toThrow("length");
});

test("packed vectors add up modulo the ring, and are taken away again", () => {
  fc.assert(
    fc.property(width, fc.array(fc.tuple(word, word), { maxLength: 75 }), (bits, pairs) => {
      const left = Uint32Array.from(pairs, ([one]) => one);
      const packed = packRing(
        Uint32Array.from(pairs, ([, other]) => other),
        bits,
      );
      const sum = left.slice();
      addPackedInPlace(sum, packed, bits, 1);
      const expected = pairs.map(([one, other]) =>
        Number((BigInt(one) + BigInt(other)) % 2n ** BigInt(bits)),
      );
      const reduced = sum.slice();
      reduceInPlace(reduced, bits);
      expect([...reduced]).toEqual(expected);
      addPackedInPlace(sum, packed, bits, -1);
      expect(sum).toEqual(left);
    }),
  );
});

test("chunks added in any order give what the whole vector gives", () => {
  fc.assert(
    fc.property(width, words, fc.integer({ min: 9, max: 60 }), (bits, values, bytesMax) => {
      const packed = packRing(values, bits);
      const size = chunkElements(bits, bytesMax);
      const chunks: [first: number, bytes: Uint8Array][] = [];
      for (let first = 0; first < values.length; first += size) {
        const count = Math.min(size, values.length - first);
        const from = packedBytes(first, bits);
        chunks.push([first, packed.subarray(from, from + packedBytes(count, bits))]);
      }
      expect(chunks.every(([, { length }]) => length <= bytesMax)).toBe(true);
      const whole = new Uint32Array(values.length).fill(7);
      addPackedInPlace(whole, packed, bits, 1);
      const sum = new Uint32Array(values.length).fill(7);
      for (const [first, bytes] of chunks.toReversed()) addChunkInPlace(sum, first, bytes, bits, 1);
      expect(sum).toEqual(whole);
      for (const [first, bytes] of chunks) addChunkInPlace(sum, first, bytes, bits, -1);
      expect(sum).toEqual(new Uint32Array(values.length).fill(7));
    }),
  );
});

test("a chunk holds whole groups, and as many as fit", () => {
  expect(RING_BITS.map((bits) => chunkElements(bits, 1000))).toEqual([500, 444, 400, 333, 250]);
  expect(() => chunkElements(18, 8)).toThrow("one group");
});

test("a chunk that begins inside a byte, ends in one, or goes too far is refused", () => {
  const sum = new Uint32Array(10);
  expect(() => addChunkInPlace(sum, 2, new Uint8Array(9), 18, 1)).toThrow("between two bytes");
  expect(() => addChunkInPlace(sum, 4, new Uint8Array(10), 18, 1)).toThrow("wrong length");
  expect(() => addChunkInPlace(sum, 8, new Uint8Array(9), 18, 1)).toThrow("beyond");
  expect(() => addChunkInPlace(sum, 12, new Uint8Array(9), 18, 1)).toThrow("beyond");
  expect(sum).toEqual(new Uint32Array(10));
});

test.each([10, 100_000])("a sum of %i elements begins at zero and takes vectors in", (length) => {
  const sum = ringVector(length);
  expect(sum.length).toBe(length);
  const values = Uint32Array.from({ length }, (_, i) => 0xffff_ffff - i);
  addVectorInPlace(sum, values);
  addPackedInPlace(sum, packRing(values, 32), 32, -1);
  addVectorInPlace(sum, values);
  expect(Buffer.compare(packRing(sum, 32), packRing(values, 32))).toBe(0);
  expect(() => addVectorInPlace(sum, values.subarray(1))).toThrow("length");
});
