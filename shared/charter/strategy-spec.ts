/** How a model is trained by many: the strategies of a training run and their parameters, as data. Pure. */
import { z } from "zod";
import { LIMITS } from "../protocol/limits.ts";
import { Schedule } from "./schedule-spec.ts";

const Rounds = z.int().min(1).max(LIMITS.roundsMax);
const Positive = z.number().positive().max(1e9);
const Decay = z.number().min(0).lt(1);

/**
 * The clipping bound follows a quantile of the units' gradient norms: each round it is multiplied by
 * e^(−η(share of units within it − quantile)), the share being a noisy sum like the gradient.
 *
 * @see Andrew, Thakkar, McMahan and Ramaswamy, Differentially Private Learning with Adaptive
 *   Clipping, NeurIPS 2021, §2.
 */
const AdaptiveClipping = z.strictObject({
  targetQuantile: z.number().gt(0).lt(1).default(0.5),
  learningRate: z.number().positive().max(2).default(0.2),
});

const schedules = {
  /** Of `learningRate`. Left out: it stays. */
  learningRateSchedule: Schedule.optional(),
  /** Of `clipNorm`. Left out: it stays. */
  clipSchedule: Schedule.optional(),
};

/**
 * Distributed DP-SGD: one round is one optimiser step on the sum of per-unit clipped gradients of a
 * Poisson sample of units. The only strategy that can carry a privacy guarantee per unit.
 */
const DpSgdStrategy = z.strictObject({
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
  momentum: Decay.default(0.9),
  ...schedules,
});

/** What the coordinator does with the members' mean update. Left out of a plan: it is added to the model. */
const adaptive = {
  learningRate: Positive,
  beta1: Decay.default(0.9),
  /** τ: how far from zero a coordinate's second moment must be to count. */
  tau: z.number().min(1e-8).max(1).default(1e-3),
};
const ServerSpec = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("momentum"),
    learningRate: Positive.default(1),
    momentum: Decay.default(0.9),
  }),
  z.strictObject({ kind: z.literal("adam"), ...adaptive, beta2: Decay.default(0.99) }),
  z.strictObject({ kind: z.literal("yogi"), ...adaptive, beta2: Decay.default(0.99) }),
  z.strictObject({ kind: z.literal("adagrad"), ...adaptive }),
]);

/** Members train for some epochs and send their row-weighted, clipped update. */
const local = {
  rounds: Rounds,
  localEpochs: z.int().min(1).max(100).default(1),
  batchSize: z.int().min(1).max(1_000_000).default(256),
  /** The members'. */
  learningRate: Positive,
  /** ℓ2 bound of one member's update. */
  clipNorm: Positive.default(10),
  /** So many layers, counted from the output, stay at each member and differ there. Left out: none. */
  personalLayers: z.int().min(1).max(8).optional(),
  ...schedules,
};

/**
 * Federated averaging. Secure aggregation hides each update in the sum; the sum itself carries no
 * privacy guarantee.
 */
const FedAvgStrategy = z.strictObject({
  kind: z.literal("fedAvg"),
  ...local,
  localOptimizer: z.enum(["sgd", "adam"]).default("adam"),
  server: ServerSpec.optional(),
});

/** As fedAvg, with μ/2 · ‖w − wᵗ‖² added to what members minimise. */
const FedProxStrategy = z.strictObject({
  kind: z.literal("fedProx"),
  ...local,
  /** μ. */
  proximal: Positive,
  localOptimizer: z.enum(["sgd", "adam"]).default("adam"),
  server: ServerSpec.optional(),
});

/** Local steps corrected by how a member's gradients differ from everybody's. */
const ScaffoldStrategy = z.strictObject({
  kind: z.literal("scaffold"),
  ...local,
  localOptimizer: z
    .literal("sgd", { error: "scaffold's control variates are gradients of plain steps: use sgd" })
    .default("sgd"),
  /** η_g: what the mean update is multiplied by. */
  serverLearningRate: Positive.default(1),
  /** ℓ2 bound of the distance of a member's control variate from the coordinator's. */
  controlClipNorm: Positive.default(10),
});

export const Strategy = z.discriminatedUnion("kind", [
  DpSgdStrategy,
  FedAvgStrategy,
  FedProxStrategy,
  ScaffoldStrategy,
]);
export type Strategy = z.infer<typeof Strategy>;
/** Those whose members train by themselves and send an update. */
export type LocalStrategy = Exclude<Strategy, { kind: "dpSgd" }>;
export type ServerSpec = z.infer<typeof ServerSpec>;
