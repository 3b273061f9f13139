/**
 * What is wrong with data that does not fit its schema: one fault, its place, and what to write instead, in plain words.
 * The validator's own texts never reach a person. Pure.
 */
import type { z } from "zod";
import { nearest } from "./nearest.ts";

export interface Fault {
  /** Of the first offending field, joined by dots; empty: the whole. */
  readonly path: string;
  readonly reason: string;
}

type Issue = z.core.$ZodIssue;

/** The validator's own words; any other message is of whoever wrote the schema, and stays. */
const OWN_WORDS = /^(?:Invalid|Too |Unrecognized )/;

/**
 * @param value That was checked: small scalars of it are named, never texts beyond a word.
 * @returns Of several faults the one that tells most.
 */
export function faultOf({ issues: found }: z.ZodError, value: unknown): Fault {
  const issues = found.map(innermost);
  // A misspelt field is also a missing one: the word that is there tells more than the one that is not.
  const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0];
  if (!issue) return { path: "", reason: "is not valid" };
  const path = issue.path.map(String).join(".");
  if (!OWN_WORDS.test(issue.message)) return { path, reason: issue.message };
  return { path, reason: inWords(issue, at(value, issue.path), missingBeside(issue, issues)) };
}

/**
 * Where a value has one of several shapes: what is wrong with the one that it is nearest to, by how much is wrong. Of
 * those that it is not at all, none is nearer than another.
 */
function innermost(issue: Issue): Issue {
  if (issue.code !== "invalid_union") return issue;
  const alike = issue.errors.filter(
    ([first]) => first && (first.path.length > 0 || first.code === "unrecognized_keys"),
  );
  const [near] = [...alike].sort((a, b) => a.length - b.length);
  const inner = near?.find(({ code }) => code === "unrecognized_keys") ?? near?.[0];
  return inner ? innermost({ ...inner, path: [...issue.path, ...inner.path] }) : issue;
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined,
    value,
  );
}

/** Required fields that the same object lacks. */
function missingBeside({ path }: Issue, issues: readonly Issue[]): string[] {
  const place = path.join(".");
  return issues.flatMap((other) => {
    const isMissing = other.message.endsWith("received undefined");
    return isMissing && other.path.slice(0, -1).join(".") === place
      ? [String(other.path.at(-1))]
      : [];
  });
}

function inWords(issue: Issue, given: unknown, missing: readonly string[]): string {
  switch (issue.code) {
    case "invalid_type":
      return expected(nameOf(issue.expected), given);
    case "too_small":
      return bound(issue.origin, issue.minimum, issue.inclusive ?? true, given, "least");
    case "too_big":
      return bound(issue.origin, issue.maximum, issue.inclusive ?? true, given, "most");
    case "invalid_value":
      return choice(issue.values.map(String), given);
    case "invalid_union":
      return unionInWords(issue, given);
    case "unrecognized_keys":
      return unknownKeys(issue.keys, missing);
    case "invalid_format":
      return `does not have the form ${issue.pattern ?? issue.format}`;
    default:
      return issue.message;
  }
}

function unionInWords(issue: Extract<Issue, { code: "invalid_union" }>, given: unknown): string {
  if ("options" in issue && issue.options) return choice(issue.options.map(String), given);
  const inner = issue.errors.flatMap(([first]) => first ?? []);
  const values = inner.flatMap((one) => (one.code === "invalid_value" ? one.values : []));
  const types = inner.flatMap((one) => (one.code === "invalid_type" ? nameOf(one.expected) : []));
  const all = [...new Set([...values.map(String), ...types])];
  if (types.length === 0) return choice(all, given);
  return expected(all.join(" or "), given);
}

const NAMES: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "fields with values",
  record: "fields with values",
  null: "null",
};
const nameOf = (type: string): string => NAMES[type] ?? type;

function expected(what: string, given: unknown): string {
  if (given === undefined) return `is missing; write ${what}`;
  const isMarked =
    typeof given === "string" && given.trim() !== "" && Number.isFinite(Number(given));
  if (isMarked && /\bnumber\b/.test(what)) return `write ${what}, without quotation marks`;
  const marks = what === "a text" && typeof given === "number" ? ", in quotation marks" : "";
  return `write ${what}${marks}, not ${shown(given)}`;
}

/** Short scalars as they are. */
function shown(given: unknown): string {
  if (Array.isArray(given)) return "a list";
  if (typeof given === "object" && given !== null) return "fields with values";
  if (typeof given !== "string") return String(given);
  return given.length <= 40 ? JSON.stringify(given) : "such a text";
}

function choice(known: readonly string[], given: unknown): string {
  const list = known.length === 1 ? `write ${known[0]}` : `write one of ${known.join(", ")}`;
  if (given === undefined) return `is missing; ${list}`;
  if (typeof given === "object") return `${list}, not ${shown(given)}`;
  // Signs are too short to resemble one another.
  const meant = typeof given === "string" && given.length > 2 ? nearest(given, known) : null;
  const hint = meant === null ? "" : `; did you mean ${meant}?`;
  return `${shown(given)} cannot be; ${list}${hint}`;
}

function bound(
  origin: string,
  limit: number | bigint,
  isInclusive: boolean,
  given: unknown,
  end: "least" | "most",
): string {
  if (origin === "array" || origin === "string") {
    const unit = origin === "array" ? "entries" : "characters";
    const count = Array.isArray(given) || typeof given === "string" ? given.length : 0;
    const what = `${count} ${count === 1 ? unit.replace(/ies$/, "y").replace(/s$/, "") : unit}`;
    return `has ${what}, and ${limit} ${Number(limit) === 1 ? "is" : "are"} the ${end}`;
  }
  const isLow = end === "least";
  if (!isInclusive) return `${shown(given)} is not ${isLow ? "above" : "below"} ${limit}`;
  return `${shown(given)} is ${isLow ? "below" : "above"} ${limit}, the ${end}`;
}

function unknownKeys(keys: readonly string[], missing: readonly string[]): string {
  const [first = ""] = keys;
  const meant = nearest(first, missing);
  const names = keys.map((key) => JSON.stringify(key)).join(", ");
  const what = keys.length === 1 ? `${names} is no field here` : `${names} are no fields here`;
  if (meant !== null) return `${what}; did you mean "${meant}"?`;
  return `${what}; remove ${keys.length === 1 ? "it or correct its" : "them or correct their"} spelling`;
}
