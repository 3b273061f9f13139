/** The WebAssembly kernel of rounding does to the last bit what plain TypeScript does, and leaves nothing behind. */
import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import type { Rng } from "../../../../shared/base/env.ts";
import { reproducibleRng } from "../../../../shared/base/reproducible.ts";
import { RING_BITS, ringMask } from "../../../../shared/base/ring-bits.ts";
import { UniformSource } from "../../../../shared/base/uniform.ts";
import { LEVELS_BINARY } from "../../../../shared/privacy/encoding/kernel/binary.ts";
import { BLOCK_VALUES, type Levels } from "../../../../shared/privacy/encoding/kernel/contract.ts";
import { roundLevels, wasmRoundLevels } from "../../../../shared/privacy/encoding/kernel/kernel.ts";
import { plainRoundLevels } from "../../../../shared/privacy/encoding/kernel/plain.ts";
import { signedMax } from "../../../../shared/privacy/encoding/ring.ts";

const wasm = wasmRoundLevels(LEVELS_BINARY);
if (!wasm) throw new Error("this machine has no WebAssembly with SIMD: nothing is tested here");

/** Every draw is this word: fractions at the edge of what rounds up. */
const always = (word: number) => (): Rng => ({
  fill: (target) => new Uint32Array(target.buffer, target.byteOffset, target.length / 4).fill(word),
});

interface Engine {
  Memory: new (pages: object) => { readonly buffer: ArrayBuffer };
  validate(binary: Uint8Array): boolean;
}

afterEach(() => vi.restoreAllMocks());

/** What either makes of the same values and words, which coordinate it refuses, and the word after those it drew. */
function both(values: Float64Array, levels: Levels, rng: () => Rng) {
  return [wasm ?? plainRoundLevels, plainRoundLevels].map((round) => {
    const ring = new Uint32Array(values.length);
    const source = new UniformSource(rng());
    const bad = round(values, levels, source, ring);
    return { ring, bad, next: source.uint32() };
  });
}

const levels = fc
  .record({
    bits: fc.constantFrom(...RING_BITS),
    members: fc.integer({ min: 1, max: 255 }),
    magnitudeMax: fc.double({ min: 1e-290, max: 1e290, noNaN: true }),
    exact: fc.boolean(),
  })
  .map(({ bits, members, magnitudeMax, exact }): Levels => {
    const levelMax = Math.floor(signedMax(bits) / members);
    const whole = { magnitudeMax: levelMax, scale: 1 };
    const real = { magnitudeMax, scale: levelMax / magnitudeMax };
    return { ...(exact ? whole : real), levelMax, mask: ringMask(bits) };
  });
/** In levels: whole and halves, a step of the fraction to either side of them, beyond the bound, and nearly nothing. */
const steps = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ min: -1.01, max: 1.01, noNaN: true }).map((part) => ({ part })),
  fc
    .tuple(fc.integer({ min: -999, max: 999 }), fc.integer({ min: -3, max: 3 }))
    .map(([half, step]) => half / 2 + step / 2 ** 21),
);
const draws = fc.oneof(
  fc.constantFrom(0, 2047, 2048, 0x7fff_ffff, 0x8000_0000, 0xffff_f7ff, 0xffff_ffff).map(always),
  fc.string().map((seed) => () => reproducibleRng(seed)),
);

test("both kernels round alike, whatever the values, the bounds and the draws", () => {
  const cases = fc.array(steps, { minLength: 1, maxLength: 19 });
  fc.assert(
    fc.property(levels, cases, draws, (bounds, drawn, rng) => {
      const values = Float64Array.from(drawn, (value) =>
        typeof value === "number" ? value / bounds.scale : value.part * bounds.magnitudeMax,
      ).map((value) => (Number.isFinite(value) ? value : 0));
      const [fast, plain] = both(values, bounds, rng);
      expect(fast).toEqual(plain);
    }),
    { numRuns: 1000 },
  );
});

const SINE: Levels = { magnitudeMax: 0.9, scale: 1e6 / 0.9, levelMax: 1e6, mask: ringMask(24) };
const LENGTHS = [0, 1, 2, 3, 4, 5, 7, BLOCK_VALUES - 1, BLOCK_VALUES, BLOCK_VALUES + 1, 3 * 4099];

test.each(LENGTHS)("both kernels round %i values alike, wherever they lie", (length) => {
  const values = new Float64Array(length + 1).map((_, i) => Math.sin(i)).subarray(1);
  const [fast, plain] = both(values, SINE, () => reproducibleRng("lengths"));
  expect(fast).toEqual(plain);
  expect(plain?.bad).toBe(-1);
});

test("the first value that is not finite is named, wherever it is", () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    for (const at of [0, 1, 2, 3, 4, 6, BLOCK_VALUES + 5, BLOCK_VALUES + 6]) {
      const values = new Float64Array(BLOCK_VALUES + 7);
      values[at] = bad;
      values[BLOCK_VALUES + 6] = Number.NaN;
      const refused = both(values, SINE, always(0)).map(({ bad: coordinate }) => coordinate);
      expect(refused).toEqual([at, at]);
    }
  }
});

test("where there is SIMD it is used, and its memory holds nothing of what was rounded", () => {
  expect(roundLevels).not.toBe(plainRoundLevels);
  const { WebAssembly: engine } = globalThis as unknown as { WebAssembly: Engine };
  const { Memory } = engine;
  const buffers: ArrayBuffer[] = [];
  vi.spyOn(engine, "Memory").mockImplementation(function open(pages) {
    const memory = new Memory(pages);
    buffers.push(memory.buffer);
    return memory;
  });
  const round = wasmRoundLevels(LEVELS_BINARY);
  for (const value of [0.5, Number.NaN])
    round?.(Float64Array.of(0.3, value), SINE, new UniformSource(always(7)()), new Uint32Array(2));
  expect(buffers).toHaveLength(1);
  expect(new Uint8Array(buffers[0] ?? new ArrayBuffer(1)).every((byte) => byte === 0)).toBe(true);
  vi.spyOn(engine, "validate").mockReturnValue(false);
  expect(wasmRoundLevels(LEVELS_BINARY)).toBeNull();
});
