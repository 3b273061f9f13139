/** Conditions as typed become conditions of a question, by the type that the charter gives each column. Pure. */
import { columnReader } from "../../../models/tasks/columns.ts";
import { rowTest } from "../../../models/tasks/query/filter.ts";
import { badInput, CloisterError } from "../../../shared/base/errors.ts";
import { nearest } from "../../../shared/base/nearest.ts";
import type { Condition as Asked } from "../../../shared/charter/query-spec.ts";
import type { DataSchema } from "../../../shared/charter/schema.ts";
import { checkColumn } from "./columns.ts";
import { parseNumber } from "./reader.ts";
import type { Condition, Value } from "./where.ts";
import { syntaxFault } from "./words.ts";

export interface Understood {
  readonly where: readonly Asked[];
  /** What was left out, for it changes nothing. */
  readonly warnings: readonly string[];
}

/**
 * A category that the charter does not know counts nothing: it is left out with a warning, where rows remain that
 * can be counted.
 *
 * @throws {CloisterError} If a column is not declared, a comparison does not fit it, or no row can meet a condition.
 */
export function understood(schema: DataSchema, conditions: readonly Condition[]): Understood {
  const warnings: string[] = [];
  const where = conditions.flatMap((condition) => {
    const name = checkColumn(schema, "--where", condition.column, condition);
    const reader = columnReader(schema, name);
    const asked =
      reader.kind === "number"
        ? numberCondition(condition)
        : categoryCondition(condition, reader.categories, warnings);
    if (asked) checkFits(schema, condition, asked);
    return asked ?? [];
  });
  return { where, warnings };
}

function numberCondition({ column, test, source, at }: Condition): Asked {
  switch (test.kind) {
    case "missing":
    case "present":
      return { column, is: test.kind };
    case "between": {
      const [low, high] = [numberOf(column, test.low), numberOf(column, test.high)];
      if (low <= high) return { column, is: "between", low, high };
      const why = `nothing is between ${low} and ${high}; write the lower end first`;
      throw syntaxFault("--where", source, at, why);
    }
    case "in":
      throw syntaxFault(
        "--where",
        source,
        at,
        `column "${column}" has numbers, and "in" is for categories; use = or between`,
      );
    case "compare":
      return { column, is: test.operator, value: numberOf(column, test.value) };
  }
}

function numberOf(column: string, { text, source, at }: Value): number {
  const value = parseNumber(text);
  if (value !== null) return value;
  throw syntaxFault("--where", source, at, `column "${column}" has numbers, and "${text}" is none`);
}

/** @returns Null: every row meets it. */
function categoryCondition(
  { column, test, source, at }: Condition,
  categories: readonly string[],
  warnings: string[],
): Asked | null {
  const isKnown = ({ text }: Value): boolean => {
    if (categories.some((category) => category.trim() === text.trim())) return true;
    warnings.push(`${unknownCategory(column, text, categories)}: it counts nothing`);
    return false;
  };
  if (test.kind === "compare" && (test.operator === "=" || test.operator === "!=")) {
    const { operator, value } = test;
    if (isKnown(value)) return { column, is: operator, value: value.text };
    if (operator === "!=") return null;
    throw nothing(value, unknownCategory(column, value.text, categories));
  }
  if (test.kind === "in") {
    const [first] = test.values;
    const values = test.values.filter(isKnown).map(({ text }) => text);
    if (values.length > 0 || !first) return { column, is: "in", values };
    throw nothing(first, unknownCategory(column, first.text, categories));
  }
  const operator = test.kind === "compare" ? test.operator : test.kind;
  const why = `column "${column}" has categories, and "${operator}" is for numbers; use =, != or in`;
  throw syntaxFault("--where", source, at, why);
}

function unknownCategory(column: string, text: string, categories: readonly string[]): string {
  const meant = nearest(text, categories);
  const hint =
    meant === null ? `it has ${categories.slice(0, 20).join(", ")}` : `did you mean "${meant}"?`;
  return `column "${column}" has no category "${text}" (${hint})`;
}

function nothing({ source, at }: Value, why: string): CloisterError {
  return syntaxFault("--where", source, at, `${why}, so no row can be counted; nothing was asked`);
}

/** What the task itself would say, at the place. */
function checkFits(schema: DataSchema, { source }: Condition, asked: Asked): void {
  try {
    rowTest(schema, [asked]);
  } catch (error) {
    if (!(error instanceof CloisterError)) throw error;
    throw badInput(error.code, `--where ${JSON.stringify(source)}: ${error.message}`);
  }
}
