/** What a message schema lets through, field by field, so that a list can be held against it. Pure. */
import { z } from "zod";

/**
 * One line per leaf, "type.path: kind", sorted. Numbers that may be fractions are `float`, objects
 * that take unknown keys `open`, anything else unforeseen its zod name: none belong in a message.
 */
export function messageFields(schema: z.core.$ZodType): string[] {
  const { def } = schema._zod;
  if (def.type === "union" && "options" in def) {
    return (def.options as z.core.$ZodType[]).flatMap(messageFields).sort();
  }
  return walk(schema, typeNameOf(schema)).sort();
}

function typeNameOf(schema: z.core.$ZodType): string {
  const tag = schema instanceof z.ZodObject ? schema.shape["type"] : undefined;
  return tag instanceof z.ZodLiteral ? String(tag.value) : "?";
}

function walk(schema: z.core.$ZodType, place: string): string[] {
  if (schema instanceof z.ZodObject) {
    const strict = schema.def.catchall?._zod.def.type === "never";
    const fields = Object.entries(schema.shape as Record<string, z.core.$ZodType>);
    const inner = fields.flatMap(([name, field]) =>
      name === "type" ? [] : walk(field, `${place}.${name}`),
    );
    return strict ? inner : [`${place}: open`, ...inner];
  }
  if (schema instanceof z.ZodArray) return walk(schema.element, `${place}[]`);
  if (schema instanceof z.ZodNullable) return walk(schema.unwrap(), `${place}?`);
  if (schema instanceof z.ZodNumber) return [`${place}: ${schema.isInt ? "int" : "float"}`];
  if (schema instanceof z.ZodCustom) return [`${place}: bytes`];
  return [`${place}: ${schema._zod.def.type}`];
}
