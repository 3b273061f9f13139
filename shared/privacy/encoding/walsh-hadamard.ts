/**
 * The Walsh-Hadamard transform in plain TypeScript. Pure. Float64 only: under noise the rounding
 * errors of a whole sum must be small beside a single unit's part (`FLOAT_SLACK` of `grid.ts`).
 */
import { assert } from "../../base/assert.ts";

/** Overwrites x by Hx/√p: p is the length, a power of two, H = Hᵀ of entries ±1, H² = p. */
export type WalshHadamard = (values: Float64Array) => void;

/** 2^13 doubles are 64 KiB: the passes within a tile stay in the second-level cache. */
const TILE = 2 ** 13;

/**
 * Overwrites x by Hx/√p: H₁ = (1), H₂ₙ = (Hₙ Hₙ; Hₙ −Hₙ). p·log₂ p additions and one multiplication
 * an entry, by the same pairs in the same order as the textbook's loop: the same bits everywhere.
 *
 * @param values Shape [p], p a power of two. Overwritten.
 * @throws {InvariantError} If the length is not a power of two.
 */
export const walshHadamardInPlace: WalshHadamard = (values) => {
  const size = values.length;
  assert(size >= 1 && Number.isInteger(Math.log2(size)), "the length is a power of two");
  const tile = Math.min(size, TILE);
  for (let start = 0; start < size; start += tile) passes(values.subarray(start, start + tile), 1);
  passes(values, tile);
  const scale = 1 / Math.sqrt(size);
  for (let i = 0; i < size; i++) values[i] = (values[i] ?? 0) * scale;
};

/** The passes of stride `stride`, 2·stride, … : two at a time, for half of the memory traffic. */
function passes(values: Float64Array, stride: number): void {
  let h = stride;
  for (; 4 * h <= values.length; h *= 4) twoPasses(values, h);
  if (2 * h <= values.length) onePass(values, h);
}

function onePass(values: Float64Array, h: number): void {
  for (let start = 0; start < values.length; start += 2 * h) {
    for (let i = start; i < start + h; i++) {
      const a = values[i] ?? 0;
      const b = values[i + h] ?? 0;
      values[i] = a + b;
      values[i + h] = a - b;
    }
  }
}

function twoPasses(values: Float64Array, h: number): void {
  for (let start = 0; start < values.length; start += 4 * h) {
    for (let i = start; i < start + h; i++) {
      const a = values[i] ?? 0;
      const b = values[i + h] ?? 0;
      const c = values[i + 2 * h] ?? 0;
      const d = values[i + 3 * h] ?? 0;
      values[i] = a + b + (c + d);
      values[i + h] = a - b + (c - d);
      values[i + 2 * h] = a + b - (c + d);
      values[i + 3 * h] = a - b - (c - d);
    }
  }
}
