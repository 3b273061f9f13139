/** Canonical JSON: one text for one value, so that a hash or signature means one thing. Pure. */
import { assert } from "./assert.ts";

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/**
 * Serialises as RFC 8785 (JSON Canonicalization Scheme) does for our values: keys sorted by UTF-16
 * code units, no white space, ECMAScript number forms. Properties that are `undefined` are left out.
 *
 * @throws {InvariantError} If a number is not finite.
 */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") {
    return JSON.stringify(value);
  }
  if (typeof value === "number") {
    assert(Number.isFinite(value), "canonical JSON has no NaN or infinity");
    return JSON.stringify(value);
  }
  if (isList(value)) return `[${value.map(canonicalJson).join(",")}]`;
  let text = "";
  for (const key of Object.keys(value).sort()) {
    const item = value[key];
    if (item === undefined) continue;
    if (text !== "") text += ",";
    text += `${JSON.stringify(key)}:${canonicalJson(item)}`;
  }
  return `{${text}}`;
}

/** The value of a canonical text; undefined if the text is not canonical JSON, and so not the one of its value. */
export function parseCanonical(text: string): unknown {
  try {
    const value: Json = JSON.parse(text);
    return canonicalJson(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
