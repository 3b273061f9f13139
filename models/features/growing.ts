/** Typed arrays for a row count that is not known in advance: grown by half as needed. Pure. */

const ROWS_FIRST = 1024;

/**
 * Encoded rows as they arrive, all arrays longer than used. Numbers have shape
 * [capacity × numberCount], codes [capacity × categoryCount], row-major.
 */
export interface GrowingRows {
  readonly numberCount: number;
  readonly categoryCount: number;
  capacity: number;
  rowCount: number;
  numbers: Float32Array;
  codes: Uint16Array;
}

export function growingRows(numberCount: number, categoryCount: number): GrowingRows {
  const capacity = ROWS_FIRST;
  const numbers = new Float32Array(capacity * numberCount);
  const codes = new Uint16Array(capacity * categoryCount);
  return { numberCount, categoryCount, capacity, rowCount: 0, numbers, codes };
}

/** Makes room for one more row. May replace `numbers` and `codes`. */
export function reserveRowInPlace(rows: GrowingRows): void {
  if (rows.rowCount < rows.capacity) return;
  rows.capacity = Math.ceil(rows.capacity * 1.5);
  const numbers = new Float32Array(rows.capacity * rows.numberCount);
  numbers.set(rows.numbers);
  rows.numbers = numbers;
  const codes = new Uint16Array(rows.capacity * rows.categoryCount);
  codes.set(rows.codes);
  rows.codes = codes;
}

/** @returns `values`, or a longer copy that has an element `index`. */
export function withRoomFor(values: Uint32Array, index: number): Uint32Array {
  if (index < values.length) return values;
  const longer = new Uint32Array(Math.max(ROWS_FIRST, Math.ceil(values.length * 1.5), index + 1));
  longer.set(values);
  return longer;
}
