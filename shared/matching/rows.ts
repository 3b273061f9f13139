/** Rows of bytes in one array: shuffled, cut, and recognised when they come again. Pure: randomness is an argument. */
import { assert } from "../base/assert.ts";
import type { Rng } from "../base/env.ts";
import { UniformSource } from "../base/uniform.ts";

/** The rows in uniformly random order. A new array. */
export function shuffleRows(rows: Uint8Array, width: number, rng: Rng): Uint8Array {
  const order = new Uint32Array(rows.length / width);
  for (let i = 0; i < order.length; i++) order[i] = i;
  new UniformSource(rng).shuffleInPlace(order);
  const shuffled = new Uint8Array(rows.length);
  for (let i = 0; i < order.length; i++) {
    const at = (order[i] ?? 0) * width;
    shuffled.set(rows.subarray(at, at + width), i * width);
  }
  order.fill(0);
  return shuffled;
}

/** The first `kept` bytes of each row. A new array. */
export function cutRows(rows: Uint8Array, width: number, kept: number): Uint8Array {
  const cut = new Uint8Array((rows.length / width) * kept);
  for (let from = 0, to = 0; from < rows.length; from += width, to += kept)
    cut.set(rows.subarray(from, from + kept), to);
  return cut;
}

/**
 * Numbers rows in the order in which they first appear: equal rows have one number. Where a row goes in the table
 * depends on secret factors, so that nobody can choose rows that all go to one place.
 *
 * @see Dietzfelbinger et al., A reliable randomized algorithm for the closest-pair problem, J. Algorithms 1997, for
 *   hashing by multiplication.
 */
export class RowNumbers {
  readonly #words: number;
  readonly #rows: Uint32Array;
  readonly #slots: Int32Array;
  readonly #factors: Uint32Array;
  readonly #shift: number;
  #count = 0;

  /** @param width Of a row, a multiple of 4 bytes. @param capacity Different rows at most. */
  constructor(width: number, capacity: number, rng: Rng) {
    assert(width % 4 === 0 && capacity >= 1, "rows of whole words");
    this.#words = width / 4;
    this.#rows = new Uint32Array(capacity * this.#words);
    const bits = Math.ceil(Math.log2(2 * capacity));
    this.#slots = new Int32Array(2 ** bits).fill(-1);
    this.#shift = 32 - bits;
    this.#factors = new Uint32Array(this.#words);
    rng.fill(new Uint8Array(this.#factors.buffer));
    for (let i = 0; i < this.#words; i++) this.#factors[i] = (this.#factors[i] ?? 0) | 1;
  }

  /** How many different rows there were. */
  get count(): number {
    return this.#count;
  }

  /** All of them, by their numbers. Not a copy. */
  get rows(): Uint8Array {
    return new Uint8Array(this.#rows.buffer, 0, 4 * this.#words * this.#count);
  }

  /** The number of each row. A row seen for the first time has the number that `count` was before it. */
  add(rows: Uint8Array): Uint32Array {
    // Not `slice`: of a Buffer that is a view, and its memory is that of others too.
    const words = new Uint32Array(new Uint8Array(rows).buffer);
    const numbers = new Uint32Array(words.length / this.#words);
    for (let i = 0; i < numbers.length; i++) numbers[i] = this.#numberOf(words, i * this.#words);
    return numbers;
  }

  #numberOf(words: Uint32Array, at: number): number {
    let hash = 0;
    for (let i = 0; i < this.#words; i++)
      hash = Math.imul(hash ^ (words[at + i] ?? 0) ^ (hash >>> 15), this.#factors[i] ?? 0);
    const last = this.#slots.length - 1;
    for (let slot = hash >>> this.#shift; ; slot = (slot + 1) & last) {
      const number = this.#slots[slot] ?? -1;
      if (number < 0) return this.#append(slot, words, at);
      if (this.#isRow(number, words, at)) return number;
    }
  }

  #isRow(number: number, words: Uint32Array, at: number): boolean {
    const from = number * this.#words;
    for (let i = 0; i < this.#words; i++) if (this.#rows[from + i] !== words[at + i]) return false;
    return true;
  }

  #append(slot: number, words: Uint32Array, at: number): number {
    const number = this.#count++;
    assert(number * this.#words < this.#rows.length, "no more rows than there is room for");
    this.#rows.set(words.subarray(at, at + this.#words), number * this.#words);
    this.#slots[slot] = number;
    return number;
  }
}
