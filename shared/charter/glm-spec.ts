/** A regression as data: what a run of the task `glm` may be told. Pure. */
import { z } from "zod";
import { Condition } from "./query-spec.ts";

const Column = z.string().min(1).max(200);

/** A generalised linear model over all members' rows, told as a table of coefficients. */
export const GlmTask = z
  .strictObject({
    kind: z.literal("glm"),
    /** logistic: odds of a label. linear: mean of a number. poisson: mean of a count. */
    family: z.enum(["logistic", "linear", "poisson"]),
    /** What is explained. Left out: the label. */
    target: Column.optional(),
    /** What it is explained by: columns of the schema, features or not. */
    columns: z.array(Column).min(1).max(200),
    /** Of a category column, what the others are compared with. Left out: its first category. */
    reference: z.record(Column, z.string().max(200)).default({}),
    /** poisson: a column of positive numbers that counts are proportional to, such as years at risk. */
    exposure: Column.optional(),
    /** Only rows that meet all of these. */
    where: z.array(Condition).max(20).default([]),
    /** Per unit of the column (of its logarithm where the schema says so), or per half of its declared range. */
    per: z.enum(["unit", "halfRange"]).default("unit"),
    /** λ: the log-likelihood less λ/2 times the squared coefficients per half range, the intercept's left out. */
    ridge: z.number().min(0).max(1e9).default(0),
    /** Rounds of Newton's method: at most so many; under noise exactly so many. Left out: 25, under noise 6. */
    rounds: z.int().min(1).max(100).optional(),
    /** A fit has settled once no coefficient would move by so many of its standard errors. Without noise. */
    tolerance: z.number().gt(0).max(1e-3).default(1e-7),
    /** Under noise, so many rows of a unit take part at most; the noise grows with it. */
    rowsPerUnitMax: z.int().min(1).max(64).default(1),
  })
  .superRefine((task, context) => {
    const { columns, target, exposure, family, reference } = task;
    const fault = (path: string, message: string): void =>
      context.addIssue({ code: "custom", path: [path], message });
    if (exposure !== undefined && family !== "poisson")
      fault(
        "exposure",
        "only counts are proportional to an exposure: leave it out, or use poisson",
      );
    for (const [i, name] of columns.entries()) {
      if (columns.indexOf(name) !== i) fault("columns", `"${name}" is listed twice`);
      if (name === target || name === exposure)
        fault("columns", `"${name}" is also the target or the exposure`);
    }
    for (const name of Object.keys(reference))
      if (!columns.includes(name)) fault("reference", `"${name}" is none of the columns`);
  });

export type GlmTask = z.infer<typeof GlmTask>;
