/** One member's identifiers → its sketch: each identifier once, each unit's at most so many. Never leaves unnoised. Pure. */
import { assert } from "../../shared/base/assert.ts";
import {
  DIGEST_BYTES,
  type IdentifierHasher,
  SHORT_HASH_BYTES,
} from "../../shared/charter/identifier-hash.ts";
import { digestSet } from "./digest-set.ts";
import { addToSketchInPlace } from "./sketch.ts";

/** Rows of one column of identifiers, grouped by privacy unit. */
export interface IdentifiedRows {
  /** Shape [rows × 16]; all zeros: the row has no identifier, or none that is valid. */
  readonly digests: Uint8Array;
  /** Rows of unit u are unitStarts[u] … unitStarts[u + 1] − 1. */
  readonly unitStarts: Uint32Array;
}

export interface SketchOptions {
  readonly hasher: IdentifierHasher;
  /** q: of a unit with more identifiers so many are kept. */
  readonly perUnitMax: number;
}

/**
 * Adds every identifier that some unit keeps to a sketch, once.
 *
 * One unit more or less changes which identifiers are kept by those q at most that no other unit has: which ones a unit
 * keeps is decided by its own rows and the hash alone. They might all fall into one slot, so the sketch moves by q in
 * ℓ2 norm at most. The kept ones are those with the smallest hashes: members that know the same customer by the same
 * addresses keep the same ones.
 *
 * @param sketch Shape [m]. Changed.
 * @returns How many identifiers were added.
 */
export function sketchInPlace(
  sketch: Float64Array,
  sides: readonly IdentifiedRows[],
  { hasher, perUnitMax }: SketchOptions,
): number {
  const seen = digestSet();
  const hash = new Uint8Array(SHORT_HASH_BYTES);
  for (const { digests, unitStarts } of sides) {
    for (let unit = 0; unit + 1 < unitStarts.length; unit++) {
      for (const row of keptRows(digests, unitStarts, unit, { hasher, perUnitMax })) {
        const at = row * DIGEST_BYTES;
        if (!seen.add(digests, at)) continue;
        hasher.shortInto(hash, 0, digests.subarray(at, at + DIGEST_BYTES));
        addToSketchInPlace(sketch, hash, 0);
      }
    }
  }
  return seen.size;
}

/** Rows that hold the identifiers a unit keeps; of equal ones perhaps several. */
function keptRows(
  digests: Uint8Array,
  unitStarts: Uint32Array,
  unit: number,
  { hasher, perUnitMax }: SketchOptions,
): number[] {
  const end = unitStarts[unit + 1] ?? 0;
  const rows: number[] = [];
  for (let row = unitStarts[unit] ?? 0; row < end; row++) {
    const from = row * DIGEST_BYTES;
    assert(from + DIGEST_BYTES <= digests.length, "a row without a place for its identifier");
    for (let i = 0; i < DIGEST_BYTES; i++) {
      if (digests[from + i] === 0) continue;
      rows.push(row);
      break;
    }
  }
  if (rows.length <= perUnitMax) return rows;
  const byHash = new Map<string, number>();
  for (const row of rows) byHash.set(hashText(digests, row, hasher), row);
  const smallest = [...byHash.keys()].sort().slice(0, perUnitMax);
  return smallest.map((text) => byHash.get(text) ?? 0);
}

function hashText(digests: Uint8Array, row: number, hasher: IdentifierHasher): string {
  const from = row * DIGEST_BYTES;
  return String.fromCharCode(...hasher.whole(digests.subarray(from, from + DIGEST_BYTES)));
}
