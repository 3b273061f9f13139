/**
 * The JSON text of one plain row → numbers in [−1, 1] and category indices, without an object in between. Pure. It
 * only ever accepts what the record encoder accepts, with the same result; whatever else there is, it leaves alone.
 */
import type { DataSchema } from "../../shared/charter/schema.ts";
import { trimCell } from "./cell.ts";
import { type CategoryColumn, columnsOf, encodeNumber, type NumberColumn } from "./columns.ts";
import type { RowTarget } from "./row-encoder.ts";

/**
 * Writes one row. @returns Whether it did: false where the text is not one object with every field of the schema
 * once and no other, numbers as plain decimals, texts without escapes. Then what was written means nothing.
 */
export type RowText = (text: string, into: RowTarget) => boolean;

interface Field {
  /** As it stands in the text, with its colon. */
  readonly opening: string;
  /** Among those of its kind. */
  readonly index: number;
  readonly number: NumberColumn | null;
  readonly category: CategoryColumn | null;
}

/** Where in the text reading has come to, and the number read last. */
interface Cursor {
  readonly text: string;
  at: number;
  value: number;
}

const QUOTE = 34;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const BACKSLASH = 92;
const COMMA = 44;
const COLON = 58;
const OPEN = 123;
const CLOSE = 125;
/** A decimal of so many digits is a whole double over an exact power of ten: one rounding, the right one. */
const EXACT_DIGITS = 15;
const TENS = Float64Array.from({ length: EXACT_DIGITS + 1 }, (_, power) => 10 ** power);

/** @throws {CloisterError} `data.bad-bounds`. */
export function rowText(schema: DataSchema): RowText {
  const fields = fieldsOf(schema);
  const placeOf = new Map(schema.features.map(({ name }, place) => [name, place]));
  /** The row in which a field was seen last: twice in one row is nothing for us. */
  const seenIn = new Float64Array(fields.length);
  let row = 0;
  return (text, into) => {
    row += 1;
    const cursor = { text, at: 0, value: 0 };
    if (!skip(cursor, OPEN)) return false;
    for (let count = 0; count < fields.length; count++) {
      if (count > 0 && !skip(cursor, COMMA)) return false;
      // Mostly fields come in the schema's order.
      const place = nextPlace(cursor, fields, count, placeOf);
      const field = fields[place];
      if (field === undefined || seenIn[place] === row) return false;
      seenIn[place] = row;
      if (!readField(cursor, field, into)) return false;
    }
    if (!skip(cursor, CLOSE)) return false;
    skipSpace(cursor);
    return cursor.at === text.length;
  };
}

function fieldsOf(schema: DataSchema): Field[] {
  const { numbers, categories } = columnsOf(schema);
  let [number, category] = [0, 0];
  return schema.features.map(({ name, type }) => {
    const opening = `${JSON.stringify(name)}:`;
    const index = type === "number" ? number++ : category++;
    return {
      opening,
      index,
      number: type === "number" ? (numbers[index] ?? null) : null,
      category: type === "category" ? (categories[index] ?? null) : null,
    };
  });
}

/** Reads a field's name and its colon. @returns Its place in the schema; −1: not a plain name, or not known. */
function nextPlace(
  cursor: Cursor,
  fields: readonly Field[],
  expected: number,
  placeOf: ReadonlyMap<string, number>,
): number {
  skipSpace(cursor);
  const { text, at } = cursor;
  const opening = fields[expected]?.opening ?? "";
  if (text.startsWith(opening, at)) {
    cursor.at += opening.length;
    return expected;
  }
  const name = plainText(cursor);
  if (name === null || !skip(cursor, COLON)) return -1;
  return placeOf.get(name) ?? -1;
}

function readField(cursor: Cursor, { index, number, category }: Field, into: RowTarget): boolean {
  skipSpace(cursor);
  const isNull = cursor.text.startsWith("null", cursor.at);
  if (isNull) cursor.at += 4;
  if (number !== null) {
    if (isNull && !number.mayBeMissing) return false;
    if (!isNull && !plainNumber(cursor)) return false;
    const value = isNull ? Number.NaN : encodeNumber(number, cursor.value);
    into.numbers[into.numbersAt + index] = value;
    return true;
  }
  const name = isNull ? "" : plainText(cursor);
  if (name === null || category === null) return false;
  into.codes[into.codesAt + index] = category.codeOf.get(trimCell(name)) ?? 0;
  return true;
}

/** A text without escapes, from quote to quote; null: it is none. */
function plainText(cursor: Cursor): string | null {
  const { text, at } = cursor;
  if (text.charCodeAt(at) !== QUOTE) return null;
  for (let i = at + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      cursor.at = i + 1;
      return text.slice(at + 1, i);
    }
    // JSON has no control characters in texts.
    if (code === BACKSLASH || code < 32) return null;
  }
  return null;
}

/** A JSON number without an exponent, finite. The value is the double next to it, as everywhere. */
function plainNumber(cursor: Cursor): boolean {
  const { text, at: start } = cursor;
  const isNegative = text.charCodeAt(start) === MINUS;
  const first = isNegative ? start + 1 : start;
  let at = first;
  let digits = 0;
  for (let digit = digitAt(text, at); digit >= 0; digit = digitAt(text, ++at))
    digits = 10 * digits + digit;
  const whole = at - first;
  if (whole === 0 || (whole > 1 && text.charCodeAt(first) === ZERO)) return false;
  let fraction = 0;
  if (text.charCodeAt(at) === POINT) {
    at += 1;
    for (let digit = digitAt(text, at); digit >= 0; digit = digitAt(text, ++at)) {
      digits = 10 * digits + digit;
      fraction += 1;
    }
    if (fraction === 0) return false;
  }
  // An exponent is left to others: no number ends in a letter, and so neither comma nor bracket follows.
  cursor.at = at;
  if (whole + fraction > EXACT_DIGITS) cursor.value = Number(text.slice(start, at));
  else cursor.value = (isNegative ? -digits : digits) / (TENS[fraction] ?? 1);
  return Number.isFinite(cursor.value);
}

/** −1 where there is none. */
function digitAt(text: string, at: number): number {
  const digit = text.charCodeAt(at) - ZERO;
  return digit >= 0 && digit <= 9 ? digit : -1;
}

function skipSpace(cursor: Cursor): void {
  const { text } = cursor;
  let code = text.charCodeAt(cursor.at);
  while (code === 32 || code === 10 || code === 13 || code === 9)
    code = text.charCodeAt(++cursor.at);
}

/** White space, and one character; false where there is another. */
function skip(cursor: Cursor, character: number): boolean {
  skipSpace(cursor);
  if (cursor.text.charCodeAt(cursor.at) !== character) return false;
  cursor.at += 1;
  return true;
}
