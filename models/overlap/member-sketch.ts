/** One member's identifiers → its sketch: each identifier once, each unit's at most so many. Never leaves unnoised. Pure. */
import { toHex } from "../../shared/base/bytes.ts";
import type { IdentifierHasher } from "../../shared/charter/identifier-hash.ts";
import { type HashSet, hashSet } from "./hash-set.ts";
import { type IdentifierRule, normalIdentifier } from "./identifiers.ts";
import { addToSketchInPlace } from "./sketch.ts";

/** One column of identifiers, rows grouped by privacy unit. */
export interface IdentifiedRows {
  /** As they are in the table, by row. */
  readonly cells: readonly string[];
  /** Rows of unit u are unitStarts[u] … unitStarts[u + 1] − 1. */
  readonly unitStarts: Uint32Array;
}

export interface SketchOptions {
  readonly rule: IdentifierRule;
  readonly hasher: IdentifierHasher;
  /** q: of a unit with more identifiers so many are kept. */
  readonly perUnitMax: number;
}

/** What was in the rows. For the member alone. */
export interface SketchedCounts {
  /** Different identifiers that were kept: what the sketch is of. */
  readonly identifiers: number;
  readonly missingRows: number;
  /** Rows whose cell is no identifier of the type. They match nothing. */
  readonly invalidRows: number;
}

/** Where in a hash the bytes for slot and sign begin: behind those that tell hashes apart. */
const SLOT_AT = 16;

/**
 * Adds every identifier that some unit keeps to a sketch, once.
 *
 * One unit more or less changes which identifiers are kept by those q at most that no other unit has: which ones a unit
 * keeps is decided by its own rows and the hash alone. They might all fall into one slot, so the sketch moves by q in
 * ℓ2 norm at most. The kept ones are those with the smallest hashes: members that know the same customer by the same
 * addresses keep the same ones.
 *
 * @param sketch Shape [m]. Changed.
 */
export function sketchInPlace(
  sketch: Float64Array,
  sides: readonly IdentifiedRows[],
  options: SketchOptions,
): SketchedCounts {
  const seen = hashSet();
  const counts = { missingRows: 0, invalidRows: 0 };
  for (const { cells, unitStarts } of sides) {
    for (let unit = 0; unit + 1 < unitStarts.length; unit++) {
      const hashes: Uint8Array[] = [];
      for (let row = unitStarts[unit] ?? 0; row < (unitStarts[unit + 1] ?? 0); row++) {
        const value = normalIdentifier(cells[row] ?? "", options.rule);
        if (value === null) counts.invalidRows += 1;
        else if (value === "") counts.missingRows += 1;
        else hashes.push(options.hasher(value));
      }
      addUnitInPlace(sketch, seen, kept(hashes, options.perUnitMax));
    }
  }
  return { identifiers: seen.size, ...counts };
}

function addUnitInPlace(sketch: Float64Array, seen: HashSet, hashes: readonly Uint8Array[]): void {
  for (const hash of hashes) if (seen.add(hash)) addToSketchInPlace(sketch, hash, SLOT_AT);
}

/** Of different hashes the smallest; where there are few, all, perhaps repeated. */
function kept(hashes: readonly Uint8Array[], perUnitMax: number): readonly Uint8Array[] {
  if (hashes.length <= perUnitMax) return hashes;
  const byText = new Map(hashes.map((hash) => [toHex(hash), hash] as const));
  const smallest = [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, perUnitMax);
  return smallest.map(([, hash]) => hash);
}
