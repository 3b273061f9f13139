/**
 * What the text of one cell means. Pure. One reading for schema inference, training and scoring.
 */

/** Spellings of "no value" in a number column, beside the empty cell. */
const MISSING = new Set(["", "NA", "N/A", "NaN", "nan", "NULL", "null", "None", "?"]);
/** Written so that no digit can be read in two ways: a long cell must not cause backtracking. */
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/** The cell without white space around it; the same string where there is none. */
export function trimCell(cell: string): string {
  const first = cell.charCodeAt(0);
  const last = cell.charCodeAt(cell.length - 1);
  return first <= 32 || last <= 32 || first === 0xa0 || last === 0xa0 ? cell.trim() : cell;
}

/**
 * Reads a trimmed cell as a decimal number: a point for the fraction, no thousands separators, no
 * hexadecimal, no infinity.
 *
 * @returns The number; NaN where the value is missing; null where the cell is some other text.
 */
export function parseNumber(cell: string): number | null {
  if (DECIMAL.test(cell)) {
    const value = Number(cell);
    return Number.isFinite(value) ? value : null;
  }
  return MISSING.has(cell) ? Number.NaN : null;
}

/**
 * sign(x)·ln(1 + |x|): nearly linear around zero, logarithmic in the tails, monotone everywhere.
 */
export function signedLog(x: number): number {
  return Math.sign(x) * Math.log1p(Math.abs(x));
}

/** A copy that does not keep alive the block of text that `text` was cut from. */
export function detachText(text: string): string {
  return new TextDecoder().decode(new TextEncoder().encode(text));
}
