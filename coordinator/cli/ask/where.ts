/**
 * The little language of `--where`: conditions such as `amount > 100 and country in DE,FR`, as data. What columns
 * there are, and of which type, is not its business. Pure.
 */
import { Reader } from "./reader.ts";

export type Operator = "=" | "!=" | "<" | "<=" | ">" | ">=";

interface Place {
  /** As it was typed, and where this is in it, for errors. */
  readonly source: string;
  readonly at: number;
}

export interface Value extends Place {
  readonly text: string;
}

export interface Condition extends Place {
  readonly column: string;
  readonly test:
    | { readonly kind: "compare"; readonly operator: Operator; readonly value: Value }
    | { readonly kind: "in"; readonly values: readonly Value[] }
    | { readonly kind: "between"; readonly low: Value; readonly high: Value }
    | { readonly kind: "missing" | "present" };
}

const OPERATORS: Readonly<Record<string, Operator>> = {
  "=": "=",
  "==": "=",
  "!=": "!=",
  "<>": "!=",
  "≠": "!=",
  "<": "<",
  "<=": "<=",
  "≤": "<=",
  ">": ">",
  ">=": ">=",
  "≥": ">=",
};
const HOW = "=, !=, <, <=, >, >=, in, between, or is missing";

/**
 * @returns Conditions that hold all together, at least one.
 * @throws {CloisterError} `ask.syntax`, which points at the place.
 */
export function parseWhere(source: string): Condition[] {
  const reader = new Reader("--where", source);
  const conditions = [condition(reader)];
  while (!reader.isAtEnd()) {
    if (!reader.takes("and")) throw reader.fault(`expected "and" or nothing more${hint(reader)}`);
    conditions.push(condition(reader));
  }
  return conditions;
}

/** What people most often mean by something that cannot follow a condition. */
function hint(reader: Reader): string {
  const { before, next } = reader;
  if (next?.kind === "bare" && next.text.toLowerCase() === "or")
    return '; there is no "or": several values of one column are "in a, b", anything else is a question of its own';
  if (next?.kind === "sign" && next.text === ",")
    return '; several values are "in a, b", and numbers are written without separators';
  if (before?.kind !== "bare" || next?.kind !== "bare") return "";
  return `; a value with a space needs quotation marks: "${before.text} ${next.text}"`;
}

function condition(reader: Reader): Condition {
  const column = reader.word("a column's name");
  const place = { source: reader.source, at: column.at, column: column.text };
  const sign = reader.next;
  const operator = sign?.kind === "sign" ? OPERATORS[sign.text] : undefined;
  if (operator !== undefined) {
    reader.skip();
    return { ...place, test: { kind: "compare", operator, value: value(reader) } };
  }
  if (reader.takes("in")) return { ...place, test: { kind: "in", values: values(reader) } };
  if (reader.takes("between")) return { ...place, test: between(reader) };
  if (reader.takes("is")) {
    const isNot = reader.takes("not");
    if (reader.takes("missing")) return { ...place, test: { kind: isNot ? "present" : "missing" } };
    throw reader.fault('expected "missing" or "not missing"; for a value write =');
  }
  const isTwoWords = column.kind === "bare" && sign?.kind === "bare";
  const name = isTwoWords
    ? `; a column with a space needs quotation marks: "${column.text} …"`
    : "";
  throw reader.fault(`expected ${HOW} after the column "${column.text}"${name}`);
}

function between(reader: Reader): Condition["test"] {
  const low = value(reader);
  if (!reader.takes("and")) throw reader.fault('expected "and" and the upper end');
  return { kind: "between", low, high: value(reader) };
}

/** With or without parentheses. */
function values(reader: Reader): Value[] {
  const isEnclosed = reader.takesSign("(");
  const found = [value(reader)];
  while (reader.takesSign(",")) found.push(value(reader));
  if (isEnclosed && !reader.takesSign(")")) throw reader.fault('expected "," or ")"');
  return found;
}

function value(reader: Reader): Value {
  const { text, at } = reader.word("a value");
  return { text, source: reader.source, at };
}
