/** A set of hashes, of each 16 bytes and nothing besides: for a million, a set of text takes ten times the memory. Pure. */
import { assert } from "../../shared/base/assert.ts";

/** Bytes kept of a hash: 2^64 of them before two are likely to share as many. */
const KEY_BYTES = 16;
const WORDS = KEY_BYTES / 4;
const PLACES_MIN = 1024;

export interface HashSet {
  /** How many there are. */
  readonly size: number;
  /** @param hash Uniform bytes, at least 16. @returns Whether it is new. */
  add(hash: Uint8Array): boolean;
}

/** An open hash table, at most half full. The first word of a hash is its place. Zeros are an empty place. */
export function hashSet(): HashSet {
  let table = new Uint32Array(PLACES_MIN * WORDS);
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
      if (!addInPlace(table, key, 0)) return false;
      size += 1;
      if (2 * size * WORDS > table.length) table = doubled(table);
      return true;
    },
  };
}

/** @returns False where it is there already. */
function addInPlace(table: Uint32Array, keys: Uint32Array, from: number): boolean {
  const places = table.length / WORDS;
  for (let place = (keys[from] ?? 0) % places; ; place = (place + 1) % places) {
    const at = place * WORDS;
    if (isEmptyAt(table, at)) {
      for (let i = 0; i < WORDS; i++) table[at + i] = keys[from + i] ?? 0;
      return true;
    }
    if (isEqualAt(table, at, keys, from)) return false;
  }
}

function doubled(table: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * table.length);
  for (let at = 0; at < table.length; at += WORDS)
    if (!isEmptyAt(table, at)) addInPlace(larger, table, at);
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
