/** An evaluation of a released model, as data: which model, by the hash of its numbers, on which rows, for which figures. Pure. */
import { z } from "zod";
import { float32ToBytes, toHex } from "../base/bytes.ts";
import { sha256 } from "../crypto/hash.ts";
import { TreesSpec } from "./boost-spec.ts";
import { ModelSpec } from "./model-spec.ts";

const Share = z.number().gt(0).lt(1);
const Hash = z.string().regex(/^[0-9a-f]{64}$/);

/** The model's own specification, as its run's manifest has it. */
const Made = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("net"), spec: ModelSpec }),
  z.strictObject({ kind: z.literal("trees"), spec: TreesSpec }),
]);

const EvaluatedModel = z.strictObject({
  /** The run that made it. */
  run: Hash,
  made: Made,
  /** SHA-256 of the input that members are asked with: who approves the run approves this very model. */
  inputHash: Hash,
});

const figures = {
  /** `all` only where the model saw none of the rows: a row that it was trained on must not judge it. */
  rows: z.enum(["holdout", "all"]).default("holdout"),
  /** Score bins per label, equal in log-odds. */
  bins: z
    .int()
    .min(2)
    .max(4096)
    .refine((bins) => 2 ** Math.round(Math.log2(bins)) === bins, "must be a power of two")
    .default(64),
  /** Under noise, so many rows of one unit take part at most: noise grows with it. */
  rowsPerUnitMax: z.int().min(1).max(64).default(1),
  /** A column with categories: the same figures for each of them. */
  by: z.string().min(1).max(200).optional(),
  /** Scores at which rows are taken for positives. */
  thresholds: z.array(Share).max(20).default([0.5]),
  falsePositiveRates: z.array(Share).max(20).default([0.01, 0.05]),
  /** Rows that can be looked at: below 1 a share of all rows, else so many. */
  alertBudgets: z.array(z.number().gt(0).max(1e9)).max(20).default([0.01]),
};

export const EvaluateTask = z.strictObject({
  kind: z.literal("evaluate"),
  model: EvaluatedModel,
  ...figures,
});

/** As a plan names it: the coordinator looks the model up. */
export const EvaluateRequest = z.strictObject({
  kind: z.literal("evaluate"),
  /** The id of the run that made it, or the beginning of one. */
  model: z.string().regex(/^[0-9a-f]{4,64}$/, "must be a run's id or its beginning, in lower case"),
  ...figures,
});

/** What the manifest says of the model that a member is asked with. */
export function inputHashOf(input: Float32Array): string {
  return toHex(sha256(float32ToBytes(input)));
}

export type EvaluatedModel = z.infer<typeof EvaluatedModel>;
export type EvaluateTask = z.infer<typeof EvaluateTask>;
export type EvaluateRequest = z.infer<typeof EvaluateRequest>;
