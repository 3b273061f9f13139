/**
 * The feature schema of a room: what every member's table must look like. Part of the charter, so
 * it is declared by people and known to all; nothing in it is ever computed from pooled records. Pure.
 */
import { z } from "zod";
import { LIMITS } from "../protocol/limits.ts";

/** Of a column that is called like an object's prototype no rule could be kept: `columns` would lose it. */
const ColumnName = z
  .string()
  .min(1)
  .max(200)
  .refine((name) => name !== "__proto__", "no column may be called __proto__");

/** A number, clamped to declared public bounds (which apply after `transform`'s input, in raw units). */
export const NumberFeature = z.strictObject({
  name: ColumnName,
  type: z.literal("number"),
  /** Declared public bounds in the column's own unit. Values outside are clamped. */
  min: z.number(),
  max: z.number(),
  /** `log`: sign(x)·ln(1+|x|), for amounts and counts with long tails. */
  transform: z.enum(["none", "log"]).default("none"),
  /** What an empty cell means: an error, or "unknown" (encoded as the centre plus an indicator input). */
  missing: z.enum(["refuse", "indicator"]).default("refuse"),
});

/** A category from a declared list. Index 0 is reserved for "anything else"; it never is an error. */
export const CategoryFeature = z.strictObject({
  name: ColumnName,
  type: z.literal("category"),
  categories: z.array(z.string().max(200)).min(1).max(LIMITS.categoriesMax),
  encoding: z.enum(["onehot", "embedding"]).default("onehot"),
  /** Width of the embedding; only with `encoding: embedding`. */
  dimension: z.int().min(1).max(64).default(8),
});

export const Feature = z.discriminatedUnion("type", [NumberFeature, CategoryFeature]);

/** A column that customers may be matched by. Its values never leave, not even as a sum. */
const Identifier = z.strictObject({
  name: ColumnName,
  /** Decides how spellings of one identifier are made alike. */
  type: z.enum(["email", "phone", "iban", "text"]),
});

/** A label is taken for settled once its row is so old. */
const LabelDelay = z.strictObject({
  /** When the row happened. */
  column: ColumnName,
  days: z.number().positive().max(3650),
  format: z.enum(["iso", "unixSeconds"]).default("iso"),
  /** The moment to count from: when the tables were exported. Left out: when an agent reads its table. */
  asOf: z
    .string()
    .regex(
      /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/,
      "must be a date such as 2026-01-31; in YAML in quotation marks",
    )
    .optional(),
});

export const DataSchema = z
  .strictObject({
    /** The target column and the cell text that means "positive". */
    label: z.strictObject({
      column: ColumnName,
      positive: z.string().default("1"),
      negative: z.string().default("0"),
      /**
       * `allow`: cells may be empty, and tables may lack the column. Only an autoencoder trains then; it reads no label,
       * and labels that are there serve to evaluate it. Left out: refuse.
       */
      missing: z.enum(["refuse", "allow"]).optional(),
      /** Rows whose label may still change are left out of training and evaluation. Left out: none is. */
      delay: LabelDelay.optional(),
    }),
    /** The privacy unit: all rows with one value of this column belong to one person. Null: each row is a unit. */
    unit: z.strictObject({ column: ColumnName }).nullable(),
    features: z.array(Feature).min(1).max(LIMITS.featuresMax),
    /** Columns that questions may read and no model does. */
    others: z.array(Feature).max(LIMITS.featuresMax).optional(),
    identifiers: z.array(Identifier).max(16).optional(),
  })
  .superRefine((schema, context) => {
    const described = [...schema.features, ...(schema.others ?? [])];
    const names = [schema.label.column, ...described.map(({ name }) => name)];
    names.push(...(schema.identifiers ?? []).map(({ name }) => name));
    // Customers may be matched by what tells them apart.
    const isMatchedBy = schema.identifiers?.some(({ name }) => name === schema.unit?.column);
    if (schema.unit && !isMatchedBy) names.push(schema.unit.column);
    const { delay } = schema.label;
    if (delay && (delay.column === schema.label.column || delay.column === schema.unit?.column))
      context.addIssue(`label.delay: column "${delay.column}" is not a time`);
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) !== index) context.addIssue(`column "${name}" is used twice`);
    }
    for (const feature of described) {
      if (feature.type === "number" && !(feature.min < feature.max)) {
        context.addIssue(`feature "${feature.name}": min must be below max`);
      }
    }
  });

export type NumberFeature = z.infer<typeof NumberFeature>;
export type CategoryFeature = z.infer<typeof CategoryFeature>;
export type Feature = z.infer<typeof Feature>;
export type Identifier = z.infer<typeof Identifier>;
export type DataSchema = z.infer<typeof DataSchema>;
