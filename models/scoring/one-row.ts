/** One encoded row as a table of its own, for what takes tables. Pure; nothing is copied. */
import type { EncodedData } from "../data.ts";

/** @returns The row given as to `RowScorer.logit`. It has no label to speak of. */
export function oneRow(
  { numberCount, categoryCount }: { readonly numberCount: number; readonly categoryCount: number },
  numbers: Float32Array,
  numbersAt: number,
  codes: Uint16Array,
  codesAt: number,
): EncodedData {
  return {
    rowCount: 1,
    numbers: numbers.subarray(numbersAt, numbersAt + numberCount),
    codes: codes.subarray(codesAt, codesAt + categoryCount),
    labels: NO_LABEL,
    unitStarts: ONE_UNIT,
  };
}

/** The choice of a table's first row. */
export const FIRST_ROW = Uint32Array.of(0);

const NO_LABEL = new Uint8Array(1);
const ONE_UNIT = Uint32Array.of(0, 1);
