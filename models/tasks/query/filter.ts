/** A question's conditions, made ready to be asked of encoded rows. Pure. */
import { badInput, type CloisterError } from "../../../shared/base/errors.ts";
import type { Condition } from "../../../shared/charter/query-spec.ts";
import type { DataSchema } from "../../../shared/charter/schema.ts";
import type { EncodedData } from "../../data.ts";
import { type CategoryReader, columnReader, type NumberReader } from "../columns.ts";

export type RowTest = (data: EncodedData, row: number) => boolean;

/**
 * Whether a row meets all conditions.
 *
 * @throws {CloisterError} If one of them does not fit its column; says what would.
 */
export function rowTest(schema: DataSchema, conditions: readonly Condition[]): RowTest {
  const tests = conditions.map((condition) => {
    const reader = columnReader(schema, condition.column);
    return reader.kind === "number"
      ? numberTest(reader, condition)
      : categoryTest(reader, condition);
  });
  return (data, row) => tests.every((test) => test(data, row));
}

/** Compared where rows hold them, so that equal values are equal. */
function numberTest(reader: NumberReader, condition: Condition): RowTest {
  const { place } = reader;
  switch (condition.is) {
    case "missing":
      return (data, row) => Number.isNaN(place(data, row));
    case "present":
      return (data, row) => !Number.isNaN(place(data, row));
    case "in":
      throw wrongTest(reader.name, "has numbers; use =, <, <=, >, >= or between");
    case "between": {
      const [low, high] = [placeIn(reader, condition.low), placeIn(reader, condition.high)];
      return (data, row) => place(data, row) >= low && place(data, row) <= high;
    }
    default: {
      const { is, value } = condition;
      if (typeof value !== "number")
        throw wrongTest(reader.name, `has numbers, and "${value}" is none`);
      const at = placeIn(reader, value);
      const compare = COMPARISONS[is];
      return (data, row) => {
        const own = place(data, row);
        return !Number.isNaN(own) && compare(own, at);
      };
    }
  }
}

const COMPARISONS: Readonly<
  Record<"=" | "!=" | "<" | "<=" | ">" | ">=", (a: number, b: number) => boolean>
> = {
  "=": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

/** Rows beyond the declared bounds are held as those, so nothing can be told of values out there. */
export function placeIn({ name, min, max, placeOf }: NumberReader, value: number): number {
  if (value >= min && value <= max) return placeOf(value);
  throw wrongTest(name, `is declared from ${min} to ${max}, and ${value} is outside`);
}

function categoryTest(reader: CategoryReader, condition: Condition): RowTest {
  const { read } = reader;
  switch (condition.is) {
    case "missing":
    case "present":
      throw wrongTest(reader.name, "has categories: what is missing counts as anything else there");
    case "=":
    case "!=": {
      const code = codeOf(reader, String(condition.value));
      const wanted = condition.is === "=";
      return (data, row) => (read(data, row) === code) === wanted;
    }
    case "in": {
      const codes = new Set(condition.values.map((value) => codeOf(reader, value)));
      return (data, row) => codes.has(read(data, row));
    }
    default:
      throw wrongTest(reader.name, `has categories; "${condition.is}" is for numbers`);
  }
}

function codeOf({ name, categories }: CategoryReader, value: string): number {
  const index = categories.findIndex((category) => category.trim() === value.trim());
  if (index >= 0) return index + 1;
  const some = categories.slice(0, 20).join(", ");
  const more = categories.length > 20 ? ", …" : "";
  throw wrongTest(name, `has no category "${value}"; it has ${some}${more}`);
}

function wrongTest(name: string, message: string): CloisterError {
  return badInput("question.condition", `column "${name}" ${message}`);
}
