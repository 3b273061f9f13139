/** A set of hashes, of each 16 bytes and nothing besides: for a million, a set of text takes ten times the memory. Pure. */
import { assert } from "../../shared/base/assert.ts";

/** Bytes kept of a hash: 2^64 of them before two are likely to share as many. */
const KEY_BYTES = 16;
const WORDS = KEY_BYTES / 4;
const PLACES_MIN = 1024;

export interface HashSet {
  /** How many there are. */
  readonly size: number;
  /**
   * @param hash Uniform bytes, at least 16.
   * @returns Which one it is, counted from 0 in the order in which they came: where it is new, as many as there were.
   */
  add(hash: Uint8Array): number;
}

/** Open, and at most half full. The first word of a hash is its place. Zeros are an empty place. */
interface Places {
  /** Shape [places × WORDS]. */
  readonly keys: Uint32Array;
  /** Which one is there. Shape [places]. */
  readonly numbers: Uint32Array;
}

export function hashSet(): HashSet {
  let places = emptyPlaces(PLACES_MIN);
  let size = 0;
  const key = new Uint32Array(WORDS);
  const keyBytes = new Uint8Array(key.buffer);
  return {
    get size() {
      return size;
    },
    add(hash) {
      assert(hash.length >= KEY_BYTES, "a hash is too short for the set");
      for (let i = 0; i < KEY_BYTES; i++) keyBytes[i] = hash[i] ?? 0;
      const number = addInPlace(places, key, 0, size);
      if (number < size) return number;
      size += 1;
      if (2 * size > places.numbers.length) places = doubled(places);
      return number;
    },
  };
}

function emptyPlaces(count: number): Places {
  return { keys: new Uint32Array(count * WORDS), numbers: new Uint32Array(count) };
}

/** @param number The key's, if it is new. @returns Its own, or that of the one that is there already. */
function addInPlace(
  { keys: table, numbers }: Places,
  keys: Uint32Array,
  from: number,
  number: number,
): number {
  const count = numbers.length;
  for (let place = (keys[from] ?? 0) % count; ; place = (place + 1) % count) {
    const at = place * WORDS;
    if (isEmptyAt(table, at)) {
      for (let i = 0; i < WORDS; i++) table[at + i] = keys[from + i] ?? 0;
      numbers[place] = number;
      return number;
    }
    if (isEqualAt(table, at, keys, from)) return numbers[place] ?? 0;
  }
}

function doubled({ keys, numbers }: Places): Places {
  const larger = emptyPlaces(2 * numbers.length);
  for (const [place, number] of numbers.entries()) {
    const at = place * WORDS;
    if (!isEmptyAt(keys, at)) addInPlace(larger, keys, at, number);
  }
  return larger;
}

function isEmptyAt(words: Uint32Array, at: number): boolean {
  for (let i = 0; i < WORDS; i++) if (words[at + i] !== 0) return false;
  return true;
}

function isEqualAt(a: Uint32Array, at: number, b: Uint32Array, from: number): boolean {
  for (let i = 0; i < WORDS; i++) if (a[at + i] !== b[from + i]) return false;
  return true;
}
