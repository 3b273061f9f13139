/**
 * One JSON object → numbers in [−1, 1] and category indices: what the row encoder is for cells. Pure.
 * Tells every field that does not fit, and never a value.
 */
import type { DataSchema } from "../../shared/charter/schema.ts";
import { parseNumber, trimCell } from "./cell.ts";
import { columnsOf, encodeNumber, type NumberColumn } from "./columns.ts";
import type { RowTarget } from "./row-encoder.ts";

export interface FieldFault {
  /** A name from the schema; empty where the row as a whole is at fault. */
  readonly field: string;
  readonly code: "row-not-object" | "field-absent" | "not-a-number" | "missing" | "not-a-category";
  readonly reason: string;
}

export interface RecordEncoder {
  readonly numberCount: number;
  readonly categoryCount: number;
  /**
   * Writes one row, and says what does not fit. Fields that the schema does not name are ignored; those
   * that it names must all be there. `null` is an empty cell; text is read as a cell of a table is.
   *
   * @returns Empty where the row fits; else what was written means nothing.
   */
  encode(record: unknown, into: RowTarget): readonly FieldFault[];
}

type Kind = Exclude<FieldFault["code"], "row-not-object">;

const REASONS: Readonly<Record<Kind, string>> = {
  "field-absent": "the field is absent; send every field of the schema, null where it is unknown",
  "not-a-number": "not a finite number",
  missing: 'empty; the schema has no missing: "indicator" here',
  "not-a-category": "not text, a number, true or false",
};

/** @throws {CloisterError} `data.bad-bounds`. */
export function recordEncoder(schema: DataSchema): RecordEncoder {
  const { numbers, categories } = columnsOf(schema);
  const encode = (record: object, into: RowTarget): readonly FieldFault[] => {
    const faults: FieldFault[] = [];
    const values = record as Readonly<Record<string, unknown>>;
    for (let i = 0; i < numbers.length; i++) {
      const column = numbers[i];
      if (column === undefined) continue;
      const value = own(values, column.name);
      const fault = numberFault(column, value, into, into.numbersAt + i);
      if (fault !== null) faults.push(faultOf(column.name, fault));
    }
    for (let i = 0; i < categories.length; i++) {
      const column = categories[i];
      if (column === undefined) continue;
      const text = categoryText(own(values, column.name));
      if (text === undefined) faults.push(categoryFault(values, column.name));
      else into.codes[into.codesAt + i] = column.codeOf.get(trimCell(text)) ?? 0;
    }
    return faults;
  };
  return {
    numberCount: numbers.length,
    categoryCount: categories.length,
    encode(record, into) {
      if (typeof record === "object" && record !== null && !Array.isArray(record))
        return encode(record, into);
      return [{ field: "", code: "row-not-object", reason: "the row is not a JSON object" }];
    },
  };
}

/** Not what an object inherits: a feature may be called "constructor". */
function own(record: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function numberFault(
  column: NumberColumn,
  value: unknown,
  into: RowTarget,
  at: number,
): Kind | null {
  if (value === undefined) return "field-absent";
  let number: number | null = null;
  if (typeof value === "number") number = Number.isFinite(value) ? value : null;
  else if (typeof value === "string") number = parseNumber(trimCell(value));
  else if (value === null) number = Number.NaN;
  if (number === null) return "not-a-number";
  if (Number.isNaN(number) && !column.mayBeMissing) return "missing";
  into.numbers[at] = Number.isNaN(number) ? Number.NaN : encodeNumber(column, number);
  return null;
}

/** What a table's cell would hold; undefined where nothing could. */
function categoryText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (value === null) return "";
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

function categoryFault(record: Readonly<Record<string, unknown>>, name: string): FieldFault {
  return faultOf(name, Object.hasOwn(record, name) ? "not-a-category" : "field-absent");
}

function faultOf(field: string, code: Kind): FieldFault {
  return { field, code, reason: REASONS[code] };
}
