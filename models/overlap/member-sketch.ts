/** One member's identifiers → its sketches: each identifier once, each unit's at most so many. Never leave unnoised. Pure. */
import { toHex } from "../../shared/base/bytes.ts";
import type { IdentifierHasher } from "../../shared/charter/identifier-hash.ts";
import { hashSet } from "./hash-set.ts";
import { type IdentifierRule, normalIdentifier } from "./identifiers.ts";
import { addToSketchInPlace } from "./sketch.ts";
import { valueTotals } from "./value-sketch.ts";

/** One column of identifiers, rows grouped by privacy unit. */
export interface IdentifiedRows {
  /** As they are in the table, by row. */
  readonly cells: readonly string[];
  /** Rows of unit u are unitStarts[u] … unitStarts[u + 1] − 1. */
  readonly unitStarts: Uint32Array;
  /** By row, where 1 is the most that an identifier may come to; NaN: there is none. Left out: nobody asks. */
  readonly values?: Float64Array;
}

export interface SketchOptions {
  readonly rule: IdentifierRule;
  readonly hasher: IdentifierHasher;
  /** q: of a unit with more identifiers so many are kept. */
  readonly perUnitMax: number;
  /** S: what an identifier adds to its slot, and a value of 1 to that of its value. An integer. */
  readonly steps: number;
}

/** Of the same slots. Shape [m] each. */
export interface Sketches {
  readonly counts: Float64Array;
  /** Null: nobody asks for values. */
  readonly values: Float64Array | null;
}

/** What was in the rows. For the member alone. */
export interface SketchedCounts {
  /** Different identifiers that were kept: what the sketch is of. */
  readonly identifiers: number;
  readonly missingRows: number;
  /** Rows whose cell is no identifier of the type. They match nothing. */
  readonly invalidRows: number;
  /** Units with an identifier whose rows come to more than the most, or to less than its negative. */
  readonly cutUnits: number;
}

/** Of one row, or of those rows of a unit that have the identifier. */
interface Identified {
  readonly hash: Uint8Array;
  readonly value: number;
}

/** Where in a hash the bytes for slot and sign begin: behind those that tell hashes apart. */
const SLOT_AT = 16;

/**
 * Adds every identifier that some unit keeps to a sketch, once; and, where rows have values, what its rows come to,
 * to another: cut to ±1 for each unit first, and again for all of them.
 *
 * One unit more or less changes which identifiers are kept by those q at most that no other unit has: which ones a unit
 * keeps is decided by its own rows and the hash alone. They might all fall into one slot, so the sketch moves by q·S in
 * ℓ2 norm at most. So does that of values: a unit moves the value of each identifier that it keeps by 1 at most, other
 * units' included (`value-sketch.ts`). The kept ones are those with the smallest hashes: members that know the same
 * customer by the same addresses keep the same ones.
 *
 * @param sketches Changed.
 */
export function sketchInPlace(
  { counts, values }: Sketches,
  sides: readonly IdentifiedRows[],
  { rule, hasher, perUnitMax, steps }: SketchOptions,
): SketchedCounts {
  const seen = hashSet();
  const totals = valueTotals();
  const found = { missingRows: 0, invalidRows: 0, cutUnits: 0 };
  for (const { cells, unitStarts, values: rowValues } of sides) {
    for (let unit = 0; unit + 1 < unitStarts.length; unit++) {
      const rows: Identified[] = [];
      for (let row = unitStarts[unit] ?? 0; row < (unitStarts[unit + 1] ?? 0); row++) {
        const text = normalIdentifier(cells[row] ?? "", rule);
        if (text === null) found.invalidRows += 1;
        else if (text === "") found.missingRows += 1;
        else rows.push({ hash: hasher(text), value: rowValues?.[row] || 0 }); // NaN is none.
      }
      const own = kept(rows, perUnitMax);
      if (own.some(({ value }) => Math.abs(value) > 1)) found.cutUnits += 1;
      for (const { hash, value } of own) {
        const before = seen.size;
        const index = seen.add(hash);
        if (index === before) addToSketchInPlace(counts, hash, SLOT_AT, steps);
        if (values === null) continue;
        addToSketchInPlace(values, hash, SLOT_AT, totals.add(index, value, hash, SLOT_AT, steps));
      }
    }
  }
  return { identifiers: seen.size, ...found };
}

/** Each identifier once, with all that its rows come to; of many, those with the smallest hashes. */
function kept(rows: readonly Identified[], perUnitMax: number): readonly Identified[] {
  if (rows.length <= 1) return rows;
  const byText = new Map<string, Identified>();
  for (const { hash, value } of rows) {
    const text = toHex(hash);
    byText.set(text, { hash, value: value + (byText.get(text)?.value ?? 0) });
  }
  if (byText.size <= perUnitMax) return [...byText.values()];
  const smallest = [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, perUnitMax);
  return smallest.map(([, one]) => one);
}
