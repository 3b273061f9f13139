/** Tests of `shared/crypto/expand.ts`. */
import { createCipheriv } from "node:crypto";
import { expect, test } from "vitest";
import { InvariantError } from "../../../shared/base/assert.ts";
import { randomBytes } from "../../../shared/base/env.ts";
import { expandPublicSeed } from "../../../shared/crypto/expand.ts";

const SEED = Uint8Array.from({ length: 32 }, (_, i) => i);

/** AES-256 of the counter, block by block, without the mode of operation under test. */
function blocks(from: number, count: number): Uint8Array {
  const counters = new Uint8Array(16 * count);
  const view = new DataView(counters.buffer);
  for (let i = 0; i < count; i++) view.setUint32(16 * i + 12, from + i);
  const cipher = createCipheriv("aes-256-ecb", SEED, null);
  return new Uint8Array(cipher.update(counters));
}

test("a seed becomes AES-256 of 0, 1, 2, …, the same however it is taken", () => {
  const length = 200_000;
  const whole = randomBytes(expandPublicSeed(SEED), length);
  expect(whole.slice(0, 64)).toEqual(blocks(0, 4));
  expect(whole.slice(16 * 9000, 16 * 9004)).toEqual(blocks(9000, 4));
  const rng = expandPublicSeed(SEED);
  const parts = [1, 15, 70_000, 3, length - 70_019].map((part) => randomBytes(rng, part));
  expect(Buffer.concat(parts).equals(whole)).toBe(true);
});

test("half of its bits are ones", () => {
  const ones = randomBytes(expandPublicSeed(SEED), 100_000).reduce(
    (sum, byte) => sum + [...byte.toString(2)].filter((bit) => bit === "1").length,
    0,
  );
  expect(Math.abs(ones - 400_000)).toBeLessThan(5 * Math.sqrt(800_000 / 4));
});

test("a seed of another length is refused", () => {
  expect(() => expandPublicSeed(new Uint8Array(31))).toThrow(InvariantError);
});
