/** A question to all members' tables, as data: which rows, broken down by what, and which number of them. Pure. */
import { z } from "zod";

const Column = z.string().min(1).max(200);
const Text = z.string().max(200);
const Finite = z.number();

/** What a row must be like to be counted. A value that is missing is like nothing but `missing`. */
export const Condition = z.discriminatedUnion("is", [
  z.strictObject({ column: Column, is: z.literal("="), value: z.union([Text, Finite]) }),
  z.strictObject({ column: Column, is: z.literal("!="), value: z.union([Text, Finite]) }),
  z.strictObject({ column: Column, is: z.enum(["<", "<=", ">", ">="]), value: Finite }),
  /** From `low` to `high`, both included. */
  z.strictObject({ column: Column, is: z.literal("between"), low: Finite, high: Finite }),
  z.strictObject({ column: Column, is: z.literal("in"), values: z.array(Text).min(1).max(1000) }),
  z.strictObject({ column: Column, is: z.enum(["missing", "present"]) }),
]);

/** A category column, or a number column in bands: below the first edge, from there below the second, and so on. */
const Group = z.strictObject({
  column: Column,
  edges: z.array(Finite).min(1).max(1000).optional(),
});

const Statistic = z.discriminatedUnion("kind", [
  /** How many rows. */
  z.strictObject({ kind: z.literal("count") }),
]);

export const QueryTask = z.strictObject({
  kind: z.literal("query"),
  /** All of them must hold. */
  where: z.array(Condition).max(20).default([]),
  by: z.array(Group).max(3).default([]),
  /** Under noise, so many rows of a unit take part at most; the noise grows with it. */
  rowsPerUnitMax: z.int().min(1).max(64).default(1),
  statistic: Statistic,
});

export type Condition = z.infer<typeof Condition>;
export type Group = z.infer<typeof Group>;
export type QueryTask = z.infer<typeof QueryTask>;
