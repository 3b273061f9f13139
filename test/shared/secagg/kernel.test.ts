/** The WebAssembly kernel does to the last bit what plain TypeScript does. */
import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { keystreamBytes, RING_BITS, type RingBits } from "../../../shared/base/ring-bits.ts";
import { hadamardInPlace } from "../../../shared/secagg/hadamard.ts";
import { KERNEL_BINARY } from "../../../shared/secagg/kernel/binary.ts";
import { BLOCK_BYTES, type Kernel } from "../../../shared/secagg/kernel/contract.ts";
import { kernel } from "../../../shared/secagg/kernel/kernel.ts";
import { plainKernel } from "../../../shared/secagg/kernel/plain.ts";
import {
  compileModule,
  HALVES_AT,
  openSpace,
  VALUES_AT,
  wipe,
} from "../../../shared/secagg/kernel/space.ts";
import { wasmKernel } from "../../../shared/secagg/kernel/wasm.ts";
import { packedBytes } from "../../../shared/secagg/ring.ts";

afterEach(() => vi.restoreAllMocks());

const width = fc.constantFrom(...RING_BITS);
const sign = fc.constantFrom<1 | -1>(1, -1);
/** Around the sixteen lanes, and around pieces and blocks. */
const LENGTHS = [...Array(71).keys(), 4096, 15_839, 16_383, 16_384, 16_385, 32_791, 65_537];

const wasm = fast();

function fast(): Kernel {
  const made = wasmKernel(KERNEL_BINARY);
  if (!made) throw new Error("this machine has no WebAssembly with SIMD: nothing is tested here");
  return made;
}

/** Numbers that look random and are the same every time. */
function noise(length: number, seed = 1): Uint32Array {
  let word = seed;
  return Uint32Array.from({ length }, () => {
    word = Math.imul(word ^ (word >>> 15), 0x2c1b_3c6d) + 0x9e37_79b9;
    return word;
  });
}

function noiseBytes(length: number, seed = 1): Uint8Array {
  return new Uint8Array(noise(Math.ceil(length / 4), seed).buffer).slice(0, length);
}

function same(one: ArrayBufferView, other: ArrayBufferView): boolean {
  const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
    new Uint8Array(buffer, byteOffset, byteLength);
  return Buffer.compare(bytes(one), bytes(other)) === 0;
}

/** Runs `use` with each kernel on its own copy; the copies must come out equal. */
function agree<T extends Uint32Array | Uint8Array>(
  target: T,
  use: (made: Kernel, copy: T) => void,
): void {
  const copies = [wasm, plainKernel].map((made) => {
    const copy = target.slice() as T;
    use(made, copy);
    return copy;
  });
  expect(same(copies[0] ?? target, copies[1] ?? target)).toBe(true);
  if (target.length > 8) expect(same(copies[0] ?? target, target)).toBe(false);
}

test("where there is SIMD it is used; where there is none, plain TypeScript is", () => {
  expect(kernel).not.toBe(plainKernel);
  const engine = (globalThis as unknown as { WebAssembly: { validate(): boolean } }).WebAssembly;
  vi.spyOn(engine, "validate").mockReturnValue(false);
  expect(wasmKernel(KERNEL_BINARY)).toBeNull();
});

test.each(RING_BITS)("%i bits: both kernels agree at every length", (bits) => {
  for (const length of LENGTHS) {
    const values = noise(length, length + 1);
    const packed = noiseBytes(packedBytes(length, bits), 3);
    agree(packed, (made, copy) => made.pack(values, copy, bits));
    agree(values, (made, copy) => made.unpack(packed, copy, bits));
    agree(values, (made, copy) => made.addPacked(copy, packed, bits, 1));
    agree(values, (made, copy) => made.addPacked(copy, packed, bits, -1));
    agree(values, (made, copy) => made.addVector(copy, noise(length, 5)));
    if (bits < 32) agree(values, (made, copy) => made.reduce(copy, bits));
  }
});

/** Blocks of keystream for each sign. */
function keystreams(counts: readonly [number, number], length: number, bits: RingBits) {
  const blocks = (count: number, seed: number): Uint8Array[] =>
    Array.from({ length: count }, (_, i) => noiseBytes(length * keystreamBytes(bits), seed + i));
  return { added: blocks(counts[0], 11), subtracted: blocks(counts[1], 77) };
}

test.each(
  RING_BITS,
)("%i bits: both kernels add keystreams alike, in blocks of any length", (bits) => {
  const lengths = [...Array(71).keys(), BLOCK_BYTES / keystreamBytes(bits)];
  for (const length of lengths) {
    for (const counts of [
      [1, 0],
      [0, 1],
      [2, 3],
    ] as const) {
      const blocks = keystreams(counts, length, bits);
      agree(noise(length), (made, copy) => made.addKeystreams(copy, blocks, bits));
      const room = noiseBytes(packedBytes(length, bits), 5);
      agree(room, (made, copy) => made.packMasked(noise(length), blocks, copy, bits));
    }
  }
});

test("vectors and bytes may begin anywhere, and what lies beside them is not touched", () => {
  fc.assert(
    fc.property(
      width,
      sign,
      fc.record({ first: fc.nat(20), length: fc.integer({ min: 9, max: 90 }), at: fc.nat(20) }),
      (bits, withSign, { first, length, at }) => {
        const byteCount = packedBytes(length, bits);
        const packed = noiseBytes(at + byteCount, 7).subarray(at);
        const blocks = keystreams([1, 2], length, bits);
        const part = (whole: Uint32Array): Uint32Array => whole.subarray(first, first + length);
        const values = noise(first + length + 20);
        agree(values, (made, copy) => made.addPacked(part(copy), packed, bits, withSign));
        agree(values, (made, copy) => made.unpack(packed, part(copy), bits));
        agree(values, (made, copy) => made.addKeystreams(part(copy), blocks, bits));
        agree(noiseBytes(at + byteCount + 20, 5), (made, copy) =>
          made.pack(part(values), copy.subarray(at, at + byteCount), bits),
        );
        agree(noiseBytes(at + byteCount + 20, 5), (made, copy) =>
          made.packMasked(part(values), blocks, copy.subarray(at, at + byteCount), bits),
        );
      },
    ),
  );
});

test.each(RING_BITS)("%i bits: a vector in the kernel's memory adds up like any other", (bits) => {
  const length = 70_003;
  const vectors = [wasm.vector(length), new Uint32Array(length)] as const;
  expect(vectors[0]).toEqual(vectors[1]);
  const packed = noiseBytes(packedBytes(length, bits), 2);
  const chunk = noiseBytes(packedBytes(8004, bits), 4);
  for (const [made, vector] of [
    [wasm, vectors[0]],
    [plainKernel, vectors[1]],
  ] as const) {
    made.addPacked(vector, packed, bits, 1);
    made.addPacked(vector.subarray(12, 12 + 8004), chunk, bits, 1);
    made.addPacked(vector.subarray(20_000, 20_000 + 8004), chunk, bits, -1);
    made.addVector(vector, noise(length));
  }
  expect(same(vectors[0], vectors[1])).toBe(true);
});

type Floats = Float32Array | Float64Array;
const PRECISIONS: [name: string, make: (values: number[]) => Floats, relativeError: number][] = [
  ["single", (values) => Float32Array.from(values), 1e-5],
  ["double", (values) => Float64Array.from(values), 1e-14],
];

test.each(
  PRECISIONS,
)("%s precision: both kernels transform alike, to the last bit", (_, make, bound) => {
  for (let power = 0; power <= 18; power++) {
    const spread = Array.from(noise(2 ** power, 9), (word) => (word | 0) / 2 ** (word & 31));
    const [once, plain] = [make(spread), make(spread)];
    wasm.hadamard(once);
    plainKernel.hadamard(plain);
    expect(same(once, plain), `2^${power}`).toBe(true);
    wasm.hadamard(once);
    const wrong = spread.findIndex(
      (value, i) => Math.abs(value - (once[i] ?? 0)) > bound * 2 ** 31,
    );
    expect(wrong, `2^${power}: transformed twice`).toBe(-1);
  }
});

test("the transform is the matrix of signs (−1)^popcount(i & j), divided by √d", () => {
  const values = Float64Array.from(noise(64), (word) => word / 2 ** 32);
  const expected = Float64Array.from(values, (_, i) => {
    const parity = (word: number): number => (word === 0 ? 0 : 1 - parity(word & (word - 1)));
    return values.reduce((sum, value, j) => sum + (parity(i & j) ? -value : value), 0) / 8;
  });
  hadamardInPlace(values);
  for (let i = 0; i < 64; i++) expect(values[i]).toBeCloseTo(expected[i] ?? 0, 12);
  for (const length of [0, 3, 96]) {
    expect(() => hadamardInPlace(new Float64Array(length))).toThrow("power of two");
  }
});

test("wiping leaves nothing of a block behind, in any room of the kernel's memory", () => {
  const module = compileModule(KERNEL_BINARY);
  if (!module) throw new Error("this machine has no WebAssembly with SIMD: nothing is tested here");
  const space = openSpace(module, 65_536);
  const halvesFrom = (HALVES_AT - VALUES_AT) / 4;
  const zero = (part: Uint8Array | Uint32Array): boolean => part.every((value) => value === 0);
  for (const count of [BLOCK_BYTES / 4, BLOCK_BYTES / 2]) {
    new Uint8Array(space.buffer).fill(0xff);
    wipe(space, count);
    expect(zero(space.bytes.subarray(0, BLOCK_BYTES))).toBe(true);
    expect(zero(space.moreBytes.subarray(0, BLOCK_BYTES))).toBe(true);
    expect(zero(space.values.subarray(0, count))).toBe(true);
    expect(zero(space.values.subarray(halvesFrom, halvesFrom + count / 2))).toBe(true);
  }
});
