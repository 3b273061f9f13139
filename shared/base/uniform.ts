/** Numbers and choices from uniform bytes, drawn in blocks. The quality is that of the `Rng` behind. Pure. */
import { assert } from "./assert.ts";
import type { Rng } from "./env.ts";

const BLOCK_WORDS = 4096;

/** Draws 32-bit words from an `Rng` a block at a time: one call to the generator per 16 KiB. */
export class UniformSource {
  readonly #rng: Rng;
  readonly #words = new Uint32Array(BLOCK_WORDS);
  #next = BLOCK_WORDS;

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  /** Uniform on 0 … 2^32 − 1. */
  uint32(): number {
    if (this.#next === BLOCK_WORDS) {
      this.#rng.fill(new Uint8Array(this.#words.buffer));
      this.#next = 0;
    }
    const word = this.#words[this.#next] ?? 0;
    this.#words[this.#next] = 0;
    this.#next += 1;
    return word;
  }

  /** Overwrites `target` with uniform words, straight from the generator. */
  fill(target: Uint32Array): void {
    this.#rng.fill(new Uint8Array(target.buffer, target.byteOffset, target.byteLength));
  }

  /** Uniform on [0, 1) in steps of 2^−53. */
  unit(): number {
    return ((this.uint32() >>> 5) * 0x4000000 + (this.uint32() >>> 6)) / 0x20000000000000;
  }

  /** Uniform on 0 … bound − 1, without bias (rejection). `bound` is at most 2^32. */
  below(bound: number): number {
    assert(Number.isInteger(bound) && bound >= 1 && bound <= 0x1_0000_0000, "bound out of range");
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % bound);
    for (;;) {
      const word = this.uint32();
      if (word < limit) return word % bound;
    }
  }

  /** Uniform on 0 … bound − 1 for a bound of any length, without bias (rejection). */
  belowBig(bound: bigint): bigint {
    if (bound <= 0x1_0000_0000n) return BigInt(this.below(Number(bound)));
    let range = 0x1_0000_0000n;
    while (range < bound) range <<= 32n;
    const limit = range - (range % bound);
    for (;;) {
      let value = 0n;
      for (let drawn = 1n; drawn < range; drawn <<= 32n) {
        value = (value << 32n) | BigInt(this.uint32());
      }
      if (value < limit) return value % bound;
    }
  }

  /**
   * True with probability a/b, 0 ≤ a ≤ b: a uniform number is compared with a/b digit by digit, to
   * base 2^32, until they differ.
   */
  chance(a: bigint, b: bigint): boolean {
    for (let rest = a; ; rest %= b) {
      rest <<= 32n;
      const digit = Number(rest / b);
      const word = this.uint32();
      if (word !== digit) return word < digit;
    }
  }

  /** Standard normal by Box and Muller, in doubles. For initial weights and demo data only, never for noise. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.unit()));
    return radius * Math.cos(2 * Math.PI * this.unit());
  }

  /** Fisher-Yates, in place. */
  shuffleInPlace(values: Uint32Array): void {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const swapped = values[i] ?? 0;
      values[i] = values[j] ?? 0;
      values[j] = swapped;
    }
  }
}
