/** Sets of members as bitmaps over a roster: bit i stands for the member at index i. Pure. */
import { assert } from "./assert.ts";

/** ⌈count/8⌉ bytes, the lowest bit of the first byte first. @throws {InvariantError} If an index is not in the roster. */
export function toBitmap(indices: Iterable<number>, count: number): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(count / 8));
  for (const index of indices) {
    assert(index >= 0 && index < count, "member index out of range");
    bitmap[index >> 3] = (bitmap[index >> 3] ?? 0) | (1 << (index & 7));
  }
  return bitmap;
}

/** The indices in ascending order, or null if the length is wrong or a bit beyond the roster is set. */
export function fromBitmap(bitmap: Uint8Array, count: number): number[] | null {
  if (bitmap.length !== Math.ceil(count / 8)) return null;
  const indices: number[] = [];
  for (let index = 0; index < 8 * bitmap.length; index++) {
    if (((bitmap[index >> 3] ?? 0) >> (index & 7)) & 1) {
      if (index >= count) return null;
      indices.push(index);
    }
  }
  return indices;
}
