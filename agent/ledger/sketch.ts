/**
 * A keyed sketch of a population's units: the k smallest of their keyed hashes. Two sketches with one
 * hash in common have a unit in common. It says nothing without the key, and never leaves. Pure.
 *
 * @see Cohen and Kaplan, Summarizing Data using Bottom-k Sketches, PODC 2007.
 */
import { deriveKey, macKey, textMac } from "../../shared/crypto/hash.ts";
import { LABELS } from "../../shared/crypto/labels.ts";

/** An extract of m of a population's n units is noticed with probability 1 − (1 − k/n)^m, or nearly. */
export const SKETCH_UNITS = 1024;
/** Hexadecimal digits of a hash: 64 bits, so that chance agreement is out of the question. */
const DIGITS = 16;

/** Ascending and without repetition. */
export type Sketch = readonly string[];

export interface SketchBuilder {
  add(unitId: string): void;
  finish(): Sketch;
}

/** @param secret 32 bytes; the same for every population of a ledger. */
export function sketchBuilder(secret: Uint8Array): SketchBuilder {
  const key = macKey(deriveKey(secret, LABELS.ledgerUnitKey));
  let smallest: string[] = [];
  let bound = "g"; // Above every hexadecimal text.
  return {
    add(unitId) {
      const hash = textMac(key, unitId).slice(0, DIGITS);
      if (hash >= bound) return;
      smallest.push(hash);
      if (smallest.length < 2 * SKETCH_UNITS) return;
      smallest = bottom(smallest);
      bound = smallest[SKETCH_UNITS - 1] ?? bound;
    },
    finish: () => bottom(smallest),
  };
}

/** The sketch of all units of both. */
export function mergeSketches(a: Sketch, b: Sketch): Sketch {
  return bottom([...a, ...b]);
}

/** How many units two populations are seen to share. */
export function sharedUnits(a: Sketch, b: Sketch): number {
  const known = new Set(a);
  return b.filter((hash) => known.has(hash)).length;
}

function bottom(hashes: readonly string[]): string[] {
  return [...new Set(hashes)].sort().slice(0, SKETCH_UNITS);
}

export const sketchText = (sketch: Sketch): string => sketch.join("");

export function sketchOf(text: string): Sketch {
  return Array.from({ length: text.length / DIGITS }, (_, i) =>
    text.slice(i * DIGITS, (i + 1) * DIGITS),
  );
}
