/** A set of identifiers' digests, 16 bytes each and nothing besides: of a million, a hash table of text takes ten times the memory. Pure. */
import { assert } from "../../shared/base/assert.ts";
import { DIGEST_BYTES } from "../../shared/charter/identifier-hash.ts";

const WORDS = DIGEST_BYTES / 4;
const PLACES_MIN = 1024;

export interface DigestSet {
  /** How many there are. */
  readonly size: number;
  /** @param digests The digest begins at `at`; not all zeros. @returns Whether it is new. */
  add(digests: Uint8Array, at: number): boolean;
}

/** An open hash table, at most half full. Digests are uniform already: their first word is their place. */
export function digestSet(): DigestSet {
  let table = new Uint32Array(PLACES_MIN * WORDS);
  let size = 0;
  const key = new Uint32Array(WORDS);
  const keyBytes = new Uint8Array(key.buffer);
  return {
    get size() {
      return size;
    },
    add(digests, at) {
      for (let i = 0; i < DIGEST_BYTES; i++) keyBytes[i] = digests[at + i] ?? 0;
      assert(!isEmptyAt(key, 0), "a digest of zeros stands for none");
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
  return (
    (words[at] ?? 0) + (words[at + 1] ?? 0) + (words[at + 2] ?? 0) + (words[at + 3] ?? 0) === 0
  );
}

function isEqualAt(a: Uint32Array, at: number, b: Uint32Array, from: number): boolean {
  for (let i = 0; i < WORDS; i++) if (a[at + i] !== b[from + i]) return false;
  return true;
}
