/**
 * One member's sketch of its customers' values: each identifier adds, with its sign, not 1 but its own value, in whole
 * steps. All sums are of integers, so that no rounding depends on who else is there. Pure.
 */
import { SKETCH_BYTES } from "./sketch.ts";

/** Values are first rounded to so many parts of the largest; the sums of millions are exact in float64. */
const PARTS = 2 ** 20;
const TOTALS_MIN = 1024;

/** The running values of a member's identifiers, each from −1 to 1. */
export interface ValueTotals {
  /**
   * Adds what one unit brings to an identifier's value: from −1 to 1, else the nearer of them.
   *
   * @param index Which identifier it is; new ones come in order.
   * @param hash The identifier's; the bytes that begin at `at` decide its slot, and those behind how it is rounded.
   * @param steps S, an integer: steps to 1.
   * @returns By how many steps the identifier's part of the sketch changes: over all units, and whatever their order,
   *   between −S and S. One unit more or less makes a difference of S at most.
   */
  add(index: number, value: number, hash: Uint8Array, at: number, steps: number): number;
}

export function valueTotals(): ValueTotals {
  let totals = new Float64Array(TOTALS_MIN);
  return {
    add(index, value, hash, at, steps) {
      if (index >= totals.length) totals = longer(totals);
      const before = totals[index] ?? 0;
      const after = before + Math.round(clipped(value) * PARTS);
      totals[index] = after;
      const dither = ditherOf(hash, at + SKETCH_BYTES);
      return inSteps(after, dither, steps) - inSteps(before, dither, steps);
    },
  };
}

/**
 * ⌊S·x + u⌋ of a value x, u uniform in [0, 1): on average S·x, so that values of less than a step are not lost. u is the
 * identifier's own, by its hash: the value is rounded once, however many units add to it. ⌊a + b⌋ − ⌊a⌋ ≤ S for b ≤ S,
 * an integer; so nothing changes it by more than S.
 */
function inSteps(total: number, dither: number, steps: number): number {
  const parts = Math.max(-PARTS, Math.min(PARTS, total));
  return Math.floor((parts * steps + dither) / PARTS);
}

/** Uniform from 0 to PARTS − 1. */
function ditherOf(hash: Uint8Array, at: number): number {
  const word =
    (hash[at] ?? 0) + (hash[at + 1] ?? 0) * 0x100 + ((hash[at + 2] ?? 0) & 0xf) * 0x10000;
  return word % PARTS;
}

function clipped(value: number): number {
  return Math.max(-1, Math.min(1, value));
}

function longer(totals: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(2 * totals.length);
  longer.set(totals);
  return longer;
}
