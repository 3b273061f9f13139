/** What a run may compute, as data: the tasks and their parameters, named in a manifest. Pure. */
import { z } from "zod";
import { LIMITS } from "../protocol/limits.ts";
import { BoostTask } from "./boost-spec.ts";

const Rounds = z.int().min(1).max(LIMITS.roundsMax);
const Positive = z.number().positive().max(1e9);

/** A feed-forward net; `hidden: []` is logistic regression. */
export const ModelSpec = z.strictObject({
  hidden: z.array(z.int().min(1).max(4096)).max(8),
  activation: z.enum(["relu", "tanh"]).default("relu"),
  /** Seeds the initial weights. */
  seed: z.string().max(100).default("cloister"),
});

/**
 * The clipping bound follows a quantile of the units' gradient norms: each round it is multiplied by
 * e^(−η(share of units within it − quantile)), the share being a noisy sum like the gradient.
 *
 * @see Andrew, Thakkar, McMahan and Ramaswamy, Differentially Private Learning with Adaptive
 *   Clipping, NeurIPS 2021, §2.
 */
export const AdaptiveClipping = z.strictObject({
  targetQuantile: z.number().gt(0).lt(1).default(0.5),
  learningRate: z.number().positive().max(2).default(0.2),
});

/**
 * Distributed DP-SGD: one round is one optimiser step on the sum of per-unit clipped gradients of a
 * Poisson sample of units. The only strategy that can carry a privacy guarantee per unit.
 */
export const DpSgdStrategy = z.strictObject({
  kind: z.literal("dpSgd"),
  rounds: Rounds,
  samplingProbability: z.number().gt(0).max(1),
  /** ℓ2 bound of one unit's gradient; where it adapts, the first round's. */
  clipNorm: Positive,
  /** Left out: the bound stays. */
  adaptiveClipping: AdaptiveClipping.optional(),
  /** At most this many rows of one unit, chosen afresh at random each round. */
  rowsPerUnitMax: z.int().min(1).max(64).default(16),
  optimizer: z.enum(["momentum", "adam"]).default("momentum"),
  learningRate: Positive,
  momentum: z.number().min(0).lt(1).default(0.9),
});

/**
 * Federated averaging: members train for some epochs and send their row-weighted, clipped update.
 * Secure aggregation hides each update in the sum; the sum itself carries no privacy guarantee.
 */
export const FedAvgStrategy = z.strictObject({
  kind: z.literal("fedAvg"),
  rounds: Rounds,
  localEpochs: z.int().min(1).max(100).default(1),
  batchSize: z.int().min(1).max(1_000_000).default(256),
  localOptimizer: z.enum(["sgd", "adam"]).default("adam"),
  learningRate: Positive,
  /** ℓ2 bound of one member's update. */
  clipNorm: Positive.default(10),
});

export const TrainTask = z.strictObject({
  kind: z.literal("train"),
  model: ModelSpec,
  /** Where input centres and scales come from: the declared bounds, or a secure sum in the first round. */
  scaling: z.enum(["bounds", "moments"]),
  strategy: z.discriminatedUnion("kind", [DpSgdStrategy, FedAvgStrategy]),
  evaluation: z.strictObject({
    /** Evaluate after every so many training rounds, and always after the last; null: only after the last. */
    everyRounds: Rounds.nullable(),
    /** Score bins per label, equal in log-odds. */
    bins: z.int().min(2).max(4096),
    rowsPerUnitMax: z.int().min(1).max(64).default(16),
  }),
});

/** Secure sums of zeros: measures a room's latency, bytes and drop-outs without touching a record. */
export const ProbeTask = z.strictObject({
  kind: z.literal("probe"),
  dimension: z.int().min(1).max(LIMITS.dimensionMax),
  rounds: Rounds,
});

export const TaskSpec = z.discriminatedUnion("kind", [TrainTask, BoostTask, ProbeTask]);

export type ModelSpec = z.infer<typeof ModelSpec>;
export type DpSgdStrategy = z.infer<typeof DpSgdStrategy>;
export type FedAvgStrategy = z.infer<typeof FedAvgStrategy>;
export type TrainTask = z.infer<typeof TrainTask>;
export type ProbeTask = z.infer<typeof ProbeTask>;
export type TaskSpec = z.infer<typeof TaskSpec>;
