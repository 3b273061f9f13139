/** Tests of `shared/base/uniform.ts`: whole numbers and chances of any length. */
import { expect, test } from "vitest";
import { toHex } from "../../../shared/base/bytes.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { ScriptedSource, wordsOf } from "../privacy/noise/scripted.ts";

/** A generator that returns the bytes it is told to, over and over. */
function repeating(words: readonly number[]): UniformSource {
  return new UniformSource({
    fill(target) {
      const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
      for (let i = 0; i < target.length / 4; i++) {
        view.setUint32(4 * i, words[i % words.length] ?? 0, true);
      }
    },
  });
}

test("the generator's words are handed out in order, each once", () => {
  const source = repeating([7, 8, 9]);
  expect(Array.from({ length: 5000 }, () => source.uint32())).toEqual(
    Array.from({ length: 5000 }, (_, i) => 7 + ((i < 4096 ? i : i - 4096) % 3)),
  );
});

test("a seeded generator's bytes are the same wherever they are put, and however they are cut", () => {
  const at = (first: number, length: number): Uint8Array => {
    const room = new Uint8Array(first + length + 3);
    const rng = reproducibleRng("bytes");
    rng.fill(room.subarray(first, first + 8));
    rng.fill(room.subarray(first + 8, first + length));
    expect([...room.subarray(0, first), ...room.subarray(first + length)].some(Boolean)).toBe(
      false,
    );
    return room.slice(first, first + length);
  };
  expect(toHex(at(0, 16))).toBe("e39f84a95a9c7189a76a275354ee9404");
  for (let length = 8; length < 24; length++)
    for (const first of [0, 1, 2, 3]) expect(at(first, length)).toEqual(at(0, 24).slice(0, length));
});

test.each([
  [1n, 0n],
  [6n, 5n],
  [1n << 32n, 0xffff_fffen],
])("below %i one word is enough", (bound, expected) => {
  const word = bound === 6n ? 11 : 0xffff_fffe;
  expect(repeating([word]).belowBig(bound)).toBe(expected);
});

test("beyond 2^32, words are digits, and what would favour small numbers is drawn again", () => {
  const bound = (1n << 64n) - 5n;
  const source = new ScriptedSource([0xffff_ffff, 0xffff_fffb, 1, 2]);
  expect(source.belowBig(bound)).toBe((1n << 32n) + 2n);
  expect(source.taken).toBe(4);
  expect(new ScriptedSource([0xffff_ffff, 0xffff_fffa]).belowBig(bound)).toBe(bound - 1n);
});

test("numbers below a long bound are spread evenly", () => {
  const source = new ScriptedSource([]);
  const bound = 3n * (1n << 70n);
  const counts = [0, 0, 0];
  for (let i = 0; i < 30_000; i++) {
    const third = Number(source.belowBig(bound) >> 70n);
    counts[third] = (counts[third] ?? 0) + 1;
  }
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(5 * 82);
});

test.each([
  [1n, 3n],
  [2n, 7n],
  [10n ** 20n, 3n * 10n ** 20n + 1n],
])("a chance of %i/%i changes sides at that number's first 96 bits", (a, b) => {
  const bits = (a << 96n) / b;
  expect(new ScriptedSource(wordsOf(bits - 1n, 3)).chance(a, b)).toBe(true);
  expect(new ScriptedSource(wordsOf(bits + 1n, 3)).chance(a, b)).toBe(false);
});

test("a chance of 0 never comes, a chance of 1 always", () => {
  const source = new ScriptedSource([0, 0, 1, 0xffff_ffff]);
  expect(source.chance(0n, 5n)).toBe(false);
  expect(source.chance(5n, 5n)).toBe(true);
});
