/** EDGE: results so far, kept in a file, so that a measurement that was stopped can go on. */
import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { TaskSpec } from "../../shared/charter/task-spec.ts";
import { MODELS, type TrialResult } from "./trials.ts";

const Results = z.array(
  z.object({
    trial: z.object({
      set: z.string(),
      model: z.enum(MODELS),
      epsilon: z.number().nullable(),
      seed: z.string(),
    }),
    task: TaskSpec,
    members: z.number(),
    trainRows: z.number(),
    testRows: z.number(),
    metrics: z
      .object({
        rocAuc: z.number(),
        prAuc: z.number(),
        recallAt1pctFpr: z.number(),
        recallAt5pctFpr: z.number(),
        counts: z.object({ positives: z.number(), negatives: z.number() }).optional(),
      })
      .nullable(),
    seconds: z.number(),
  }),
);

/** @throws {Error} If the file holds something else. */
export function readResults(path: string | undefined): TrialResult[] {
  if (path === undefined || !existsSync(path)) return [];
  return Results.parse(JSON.parse(readFileSync(path, "utf8")));
}
