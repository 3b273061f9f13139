/**
 * A set of identifiers as a signed count sketch: each identifier adds +1 or −1 to one slot, both by its hash. The dot
 * product of two sketches under the same hash is, on average, how many identifiers the sets share; where those of one
 * set add their values instead of 1, it is the sum of these. Pure.
 *
 * @see Alon, Matias and Szegedy, The space complexity of approximating the frequency moments, STOC 1996 (signs); Charikar,
 *   Chen and Farach-Colton, Finding frequent items in data streams, ICALP 2002 (one slot an identifier).
 */
import { assert } from "../../shared/base/assert.ts";
import { SLOTS_MAX } from "../../shared/charter/overlap-spec.ts";

/** Bytes of a hash that decide the slot; the lowest bit of the next is the sign. */
const SLOT_BYTES = 4;
/** Of the bytes that slot and sign are decided by. */
export const SKETCH_BYTES = SLOT_BYTES + 1;

/**
 * Adds one identifier. Each at most once: a second time would count it doubly.
 *
 * @param sketch Shape [m], m ≤ `SLOTS_MAX`. Changed. Some slots are likelier than others, by m·2^−32 of it at most; signs are
 *   even, so that adds no bias to an overlap.
 * @param hashes Uniform bytes, of which the identifier's begin at `at`: five are used.
 * @param value What is added with the identifier's sign.
 */
export function addToSketchInPlace(
  sketch: Float64Array,
  hashes: Uint8Array,
  at: number,
  value = 1,
): void {
  assert(sketch.length <= SLOTS_MAX && at + SLOT_BYTES < hashes.length, "no slot or no hash");
  const low = (hashes[at] ?? 0) + (hashes[at + 1] ?? 0) * 0x100;
  const word = low + (hashes[at + 2] ?? 0) * 0x10000 + (hashes[at + 3] ?? 0) * 0x1000000;
  const slot = Math.floor((word * sketch.length) / 0x100000000);
  const sign = 1 - 2 * ((hashes[at + SLOT_BYTES] ?? 0) & 1);
  sketch[slot] = (sketch[slot] ?? 0) + sign * value;
}
