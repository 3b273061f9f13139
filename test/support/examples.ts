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

const COMMON = [0, 1, "x", "a".repeat(64), [], null, new Uint8Array()];

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
  return found === undefined ? bytesFor(schema, name) : found;
}

/** As many zero bytes as the schema's own complaint asks for. */
function bytesFor(schema: z.core.$ZodType, name: string): Uint8Array {
  const complaint = JSON.stringify(z.safeParse(schema, null).error?.issues ?? []);
  const bytes = new Uint8Array(Number(/(\d+) bytes/.exec(complaint)?.[1] ?? 0));
  if (!z.safeParse(schema, bytes).success) throw new Error(`no example for the field ${name}`);
  return bytes;
}

/** The header of a vector without elements: its message is complete by itself. */
export const EMPTY_VECTOR = { byteLength: 0, sha256: sha256(new Uint8Array()) };
