/** A question to all members' tables, as data: which rows, broken down by what, and which number of them. Pure. */
import { z } from "zod";
import { MemberId } from "../protocol/messages.ts";

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
const Group = z.strictObject(
  { column: Column, edges: z.array(Finite).min(1).max(1000).optional() },
  {
    error: ({ code }) =>
      code === "invalid_type"
        ? "write { column: NAME }, and for numbers also edges: [A, B, …]"
        : undefined,
  },
);

/** Bands of equal width over a number column's declared range (of its logarithm where the schema says so). */
const Bins = z.int().min(2).max(1000);

const Statistic = z.discriminatedUnion("kind", [
  /** How many rows. */
  z.strictObject({ kind: z.literal("count") }),
  /** How many units have such a row, each once in a cell: under noise in at most `rowsPerUnitMax` of them. */
  z.strictObject({ kind: z.literal("units") }),
  /** Sum, mean and variance of a number column. */
  z.strictObject({ kind: z.literal("moments"), column: Column }),
  z.strictObject({ kind: z.literal("histogram"), column: Column, bins: Bins.default(20) }),
  /** To within a bin; its number is a power of two. */
  z.strictObject({
    kind: z.literal("quantiles"),
    column: Column,
    shares: z.array(z.number().min(0).max(1)).min(1).max(100).default([0.25, 0.5, 0.75]),
    bins: z.union([16, 32, 64, 128, 256, 512, 1024].map((bins) => z.literal(bins))).default(256),
  }),
  /** Counts by two to four columns, with a test of each pair. */
  z.strictObject({ kind: z.literal("crosstab"), columns: z.array(Group).min(2).max(4) }),
  /** Of rows in which no column is missing. */
  z.strictObject({ kind: z.literal("correlation"), columns: z.array(Column).min(2).max(30) }),
  /** Means of a number column by group: t-tests of two groups, analysis of variance of more. */
  z.strictObject({ kind: z.literal("means"), column: Column, groups: Group }),
  /** The population stability index of a column between rows of two kinds, or between members. */
  z
    .strictObject({
      kind: z.literal("drift"),
      column: Column,
      /** Of a number column. */
      bins: Bins.default(10),
      /** What the rows are like that are compared. Rows of both kinds count for neither. */
      before: z.array(Condition).min(1).max(20).optional(),
      after: z.array(Condition).min(1).max(20).optional(),
      /** Each member against all others together, or one against another. Under noise only. */
      between: z.union([z.literal("members"), z.tuple([MemberId, MemberId])]).optional(),
    })
    .refine(({ before, after, between }) => (between ? !before && !after : before && after), {
      message:
        "a drift is from before to after, or between members: say both of the former, or the latter",
    }),
  /** Kaplan-Meier curves, and the log-rank test of several groups. */
  z.strictObject({
    kind: z.literal("survival"),
    time: Column,
    /** What a row is like at whose time the event came; at any other's it was withdrawn. */
    event: z.array(Condition).min(1).max(20),
    /** Where the curve is told: times that ascend. */
    grid: z.array(Finite).min(1).max(1000),
    group: Group.optional(),
  }),
  /** The categories with the most rows. */
  z.strictObject({
    kind: z.literal("top"),
    column: Column,
    k: z.int().min(1).max(1000).default(10),
  }),
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

/** What is asked, of one kind. */
export type StatisticSpec<Kind extends z.infer<typeof Statistic>["kind"]> = Extract<
  z.infer<typeof Statistic>,
  { kind: Kind }
>;
export type Condition = z.infer<typeof Condition>;
export type Group = z.infer<typeof Group>;
export type QueryTask = z.infer<typeof QueryTask>;
