/** A valid message of every kind that a schema knows, whatever the kinds are called. Pure. */
import { z } from "zod";
import { sha256 } from "../../shared/crypto/hash.ts";

/**
 * One message per option of a union of strict objects. Each field takes the first value that its schema
 * accepts: of `given` by the field's name, else of a few that fit most.
 *
 * @throws If a field accepts none of them.
 */
export function exampleMessages<T>(schema: z.ZodType<T>, given: Record<string, unknown>): T[] {
  const { def } = schema._zod;
  const options = "options" in def ? (def.options as z.ZodType<T>[]) : [schema];
  return options.map((option) => option.parse(example(option, "message", given)));
}

const COMMON = [
  0,
  "x",
  "a".repeat(64),
  [],
  null,
  new Uint8Array(),
  new Uint8Array(32),
  new Uint8Array(64),
];

function example(schema: z.core.$ZodType, name: string, given: Record<string, unknown>): unknown {
  if (schema instanceof z.ZodObject) {
    const fields = Object.entries(schema.shape as Record<string, z.core.$ZodType>);
    return Object.fromEntries(fields.map(([key, field]) => [key, example(field, key, given)]));
  }
  if (schema instanceof z.ZodLiteral) return schema.value;
  if (schema instanceof z.ZodEnum) return schema.options[0];
  if (schema instanceof z.ZodArray) {
    const one = [example(schema.element, name, given)];
    return z.safeParse(schema, one).success ? one : [];
  }
  const candidates = name in given ? [given[name], ...COMMON] : COMMON;
  const found = candidates.find((value) => z.safeParse(schema, value).success);
  if (found === undefined) throw new Error(`no example for the field ${name}`);
  return found;
}

/** The header of a vector without elements: its message is complete by itself. */
export const EMPTY_VECTOR = { byteLength: 0, sha256: sha256(new Uint8Array()) };
