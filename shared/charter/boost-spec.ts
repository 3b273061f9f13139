/** Boosted trees as data: what a run of the task `boost` may be told. Pure. */
import { z } from "zod";
import { LIMITS } from "../protocol/limits.ts";

/** Bins of known values of one feature: with one for missing values they fit a byte. */
const BINS_MAX = 255;
/** Sums of one level of a tree: what one vector holds. */
export const LEVEL_SUMS_MAX = LIMITS.dimensionMax;
/** A feature name of the schema. */
const Name = z.string().min(1).max(200);

/** Which trees are grown. Everything public; a tree follows from these and the opened sums alone. */
export const TreesSpec = z.strictObject({
  /** Trees at most; fewer where `evaluation.patience` runs out. */
  trees: z.int().min(1).max(10_000),
  /** Splits between the root and a leaf, at most. Each level of a tree is one secure sum. */
  depth: z.int().min(1).max(12).default(6),
  /** The leaves of a tree, at most: the splits that gain most are kept. Left out: 2^depth. */
  leavesMax: z.int().min(2).max(4096).optional(),
  learningRate: z.number().gt(0).max(1).default(0.1),
  /** λ: added to the Hessian of every leaf. */
  l2: z.number().min(0).max(1e6).default(1),
  /** Hessian that each side of a split must have. */
  minChildWeight: z.number().gt(0).max(1e9).default(1e-3),
  /** Rows that each side of a split must have, over all members. */
  minRows: z.int().min(1).max(1_000_000_000).default(20),
  /** Loss that a split must save. */
  minGain: z.number().min(0).max(1e9).default(0),
  /** Bins of each number; categories have one bin each, missing values one more. */
  bins: z.int().min(2).max(BINS_MAX).default(64),
  /** Where bins end: equal steps between the declared bounds, or quantiles by a secure sum in the first round. */
  edges: z.enum(["bounds", "quantiles"]).default("quantiles"),
  /** Weight of a positive row; `balanced`: negatives over positives, counted in the first round. */
  positiveWeight: z.union([z.number().gt(0).max(1e6), z.literal("balanced")]).default(1),
  /** Numbers whose score may only rise (1) or only fall (−1) with them. */
  monotone: z.record(Name, z.union([z.literal(-1), z.literal(0), z.literal(1)])).default({}),
  /** Share of the features that each tree may use, drawn by `seed`. */
  columnShare: z.number().gt(0).max(1).default(1),
  seed: z.string().max(100).default("cloister"),
});

/** Federated histogram boosting for a yes-or-no label. */
export const BoostTask = z.strictObject({
  kind: z.literal("boost"),
  model: TreesSpec,
  /** Who takes part in a noised sum. Without noise every row does, in every sum. */
  sampling: z
    .strictObject({
      /** Each unit takes part in each sum with this probability. */
      probability: z.number().gt(0).max(1).default(1),
      /** At most this many rows of one unit, chosen afresh for each sum and averaged. */
      rowsPerUnitMax: z.int().min(1).max(64).default(16),
    })
    .default({ probability: 1, rowsPerUnitMax: 16 }),
  evaluation: z.strictObject({
    /** Evaluate after every so many trees, and always after the last; null: only after the last. */
    everyTrees: z.int().min(1).max(LIMITS.roundsMax).nullable(),
    /** Score bins per label, equal in log-odds. */
    bins: z.int().min(2).max(4096),
    rowsPerUnitMax: z.int().min(1).max(64).default(16),
    /** Stop after so many evaluations without a better one, and keep the best; null: grow all trees. */
    patience: z.int().min(1).max(10_000).nullable().default(null),
    /** What better means. */
    metric: z.enum(["rocAuc", "prAuc"]).default("rocAuc"),
  }),
});

export type TreesSpec = z.infer<typeof TreesSpec>;
export type BoostTask = z.infer<typeof BoostTask>;
