/** The vectors of a training run: their lengths, bounds and sensitivities, from public context alone. Pure. */
import { badInput } from "../../../shared/base/errors.ts";
import { usesShare } from "../../../shared/charter/loss-spec.ts";
import { isAutoencoder } from "../../../shared/charter/model-spec.ts";
import type { LocalStrategy } from "../../../shared/charter/strategy-spec.ts";
import type { TrainTask } from "../../../shared/charter/task-spec.ts";
import { architectureOf, isGraph, type Network } from "../../engine/architecture.ts";
import type { PlannedAsk, ReleaseShape, TaskContext } from "../task.ts";
import { checkLabels, evaluationShape } from "./evaluation.ts";

export type TrainContext = TaskContext<TrainTask>;
export type TrainAskKind = "moments" | "counts" | "gradient" | "update" | "evaluate";

/** Bounds of a clipping bound that adapts: it is public input, and must be a number to divide by. */
const CLIP_NORM_MIN = 2 ** -30;
const CLIP_NORM_MAX = 2 ** 30;
/** σ of the count of units within the bound, as a share of the expected batch (Andrew et al. 2021, §3). */
const COUNT_NOISE = 1 / 20;

/** Weight of a unit's loss beside its gradient in one noised vector: costs √(1 + λ²) − 1 = 2 % more noise. */
export const LOSS_WEIGHT = 0.2;
/** A unit's or member's loss is cut off here. Nats; a coin toss has 0.69. */
export const LOSS_MAX = 2;

export function architectureFor(context: TrainContext): Network {
  return architectureOf(context.schema, context.spec.model);
}

/** Parameters that members share: all, or those before the first personal layer. Layers come last, in order. */
export function sharedCount({ spec }: TrainContext, network: Network): number {
  const { strategy } = spec;
  // A plan with a topology has no personal layers.
  if (isGraph(network)) return network.paramCount;
  const { layers, paramCount } = network;
  const personal = strategy.kind === "dpSgd" ? 0 : (strategy.personalLayers ?? 0);
  return layers[layers.length - personal]?.kernelOffset ?? paramCount;
}

/** Rounds of each kind that a run takes at most, all told. */
export function roundCounts({ spec, schema }: Pick<TrainContext, "spec" | "schema">): {
  readonly moments: number;
  readonly counts: number;
  readonly training: number;
  readonly evaluation: number;
} {
  const hasNumbers = schema.features.some((feature) => feature.type === "number");
  const { rounds } = spec.strategy;
  const { everyRounds } = spec.evaluation;
  return {
    moments: spec.scaling === "moments" && hasNumbers ? 1 : 0,
    counts: spec.loss && usesShare(spec.loss) && spec.loss.positiveShare === undefined ? 1 : 0,
    training: rounds,
    evaluation: everyRounds === null ? 1 : Math.ceil(rounds / everyRounds),
  };
}

export function plannedAsks(context: TrainContext): PlannedAsk[] {
  const { moments, counts, training, evaluation } = roundCounts(context);
  const asks: readonly PlannedAsk[] = [
    { kind: "moments", partition: "train", count: moments },
    { kind: "counts", partition: "train", count: counts },
    { kind: trainingAsk(context.spec), partition: "train", count: training },
    { kind: "evaluate", partition: "holdout", count: evaluation },
  ];
  return asks.filter(({ count }) => count > 0);
}

/** @throws {CloisterError} If the run needs labels that may be missing, or adds noise to what carries no guarantee. */
export function checkRun({ spec, schema, noise }: TrainContext): void {
  if (!isAutoencoder(spec.model)) checkLabels(schema);
  if (noise !== null) checkNoised({ spec, schema });
}

/** @throws {CloisterError} If the task asks for something that carries no guarantee per unit. */
export function checkNoised({ spec, schema }: Pick<TrainContext, "spec" | "schema">): void {
  const { strategy } = spec;
  if (spec.scaling === "moments") {
    const remedy = "Use scaling: bounds, which reads nothing from the records.";
    throw badInput("task.moments-not-private", `A noised run cannot open exact moments. ${remedy}`);
  }
  if (strategy.kind !== "dpSgd") {
    const remedy = "Use strategy: dpSgd, or privacy: none.";
    throw badInput(
      "task.strategy-not-private",
      `${strategy.kind} carries no guarantee per unit: members send updates${
        strategy.kind === "scaffold" ? " and control variates" : ""
      } whose sensitivity to one unit is not bounded. ${remedy}`,
    );
  }
  if (roundCounts({ spec, schema }).counts > 0) {
    const remedy = "Declare loss.positiveShare, a public estimate, in the plan.";
    throw badInput("task.counts-not-private", `A noised run cannot count positives. ${remedy}`);
  }
}

/** The ask of a training round. */
export function trainingAsk({ strategy }: TrainTask): "gradient" | "update" {
  return strategy.kind === "dpSgd" ? "gradient" : "update";
}

/** @throws {CloisterError} If a run of this specification never asks for `kind`. */
export function checkKind(context: TrainContext, kind: string): TrainAskKind {
  checkRun(context);
  const counts = roundCounts(context);
  if (kind === "moments" && counts.moments > 0) return kind;
  if (kind === "counts" && counts.counts > 0) return kind;
  if (kind === trainingAsk(context.spec)) return kind;
  if (kind === "evaluate") return kind;
  throw badInput("task.ask-unknown", `This training run never asks for "${kind}".`);
}

/** How the vector of an ask of this kind leaves a member. */
export function shapeOf(context: TrainContext, askKind: string): ReleaseShape {
  const kind = checkKind(context, askKind);
  const { rowsMax } = context;
  const architecture = architectureFor(context);
  switch (kind) {
    case "moments":
      return bounded(3 * architecture.numberCount, rowsMax, 32);
    case "gradient":
      return gradientShape(context, architecture.paramCount);
    case "counts": {
      const release = {
        kind: "bounded",
        magnitudeMax: rowsMax,
        ringBits: 32,
        exact: true,
      } as const;
      return { dimension: 2, release };
    }
    case "update":
      return updateShape(localStrategy(context), sharedCount(context, architecture));
    case "evaluate":
      return evaluationShape(context);
  }
}

function bounded(dimension: number, magnitudeMax: number, ringBits: 24 | 32): ReleaseShape {
  return { dimension, release: { kind: "bounded", magnitudeMax, ringBits, exact: false } };
}

/** @throws {CloisterError} If members send gradients. */
export function localStrategy({ spec }: TrainContext): LocalStrategy {
  if (spec.strategy.kind !== "dpSgd") return spec.strategy;
  throw badInput("task.ask-unknown", "dpSgd asks for no updates.");
}

/** [w·clipped update | w·clipped control update, with scaffold | w | w·loss] with a weight w of at most 1. */
function updateShape(strategy: LocalStrategy, shared: number): ReleaseShape {
  const { clipNorm } = strategy;
  const controlNorm = strategy.kind === "scaffold" ? strategy.controlClipNorm : 0;
  return {
    dimension: updateTail(strategy, shared) + 2,
    release: {
      kind: "bounded",
      magnitudeMax: Math.max(clipNorm, controlNorm, 1, LOSS_MAX),
      l2NormMax: Math.sqrt(clipNorm ** 2 + controlNorm ** 2 + 1 + LOSS_MAX ** 2),
      ringBits: 24,
      exact: false,
    },
    isModelVector: true,
  };
}

/** Where the weight stands in an update's vector; the loss follows it. */
export function updateTail({ kind }: LocalStrategy, shared: number): number {
  return kind === "scaffold" ? 2 * shared : shared;
}

/** A clipping bound that a round may be asked with. */
export function isClipNorm(value: number): boolean {
  return value >= CLIP_NORM_MIN && value <= CLIP_NORM_MAX;
}

/**
 * How a unit's part of the gradient's vector is put together: [gradient · g | loss | count]. Where the
 * clipping bound stays, gradients are in their own unit. Where it moves they are in units of the round's
 * bound, so that the release's sensitivity is the same in every round, whatever bound is asked for.
 */
export interface GradientLayout {
  /** Whether the bound follows the norms: then the count is part of the vector, and the bound of the ask. */
  readonly adaptive: boolean;
  /** Whether gradients are in units of the round's bound: it adapts, or has a schedule. */
  readonly relative: boolean;
  /** ℓ2 bound of the gradient's part. */
  readonly gradientNorm: number;
  /** Magnitude of the loss's coordinate; 0: it has none of its own weight (no noise, exact sums). */
  readonly lossWeight: number;
  /** A unit within the bound adds +½ of this, another −½. 0: no such coordinate. */
  readonly countWeight: number;
}

/** @throws {CloisterError} If the strategy has no gradients. */
export function gradientLayout({ spec, noise }: TrainContext): GradientLayout {
  const { strategy } = spec;
  if (strategy.kind !== "dpSgd")
    throw badInput("task.ask-unknown", `${strategy.kind} asks for no gradients.`);
  const adaptive = strategy.adaptiveClipping !== undefined;
  const relative = adaptive || strategy.clipSchedule !== undefined;
  const gradientNorm = relative ? 1 : strategy.clipNorm;
  const common = { adaptive, relative, gradientNorm };
  if (noise === null) return { ...common, lossWeight: 0, countWeight: adaptive ? 2 : 0 };
  const unitsPerRound = strategy.samplingProbability * noise.unitsExpected;
  const countWeight = Math.min(1, noise.trainMultiplier / (COUNT_NOISE * unitsPerRound));
  const lossWeight = LOSS_WEIGHT * gradientNorm;
  return { ...common, lossWeight, countWeight: adaptive ? countWeight : 0 };
}

function gradientShape(context: TrainContext, paramCount: number): ReleaseShape {
  const { spec, noise, rowsMax } = context;
  const { strategy } = spec;
  const { adaptive, gradientNorm, lossWeight, countWeight } = gradientLayout(context);
  if (noise === null || strategy.kind !== "dpSgd") {
    // Every unit has a row at least, so no member has more than `rowsMax` units. That bound is loose
    // for most members: 24 bits would round a small member's sum away, as would 16 by a norm as loose.
    const magnitudeMax = rowsMax * Math.max(gradientNorm, 1, LOSS_MAX);
    const dimension = paramCount + (adaptive ? 3 : 2);
    return { ...bounded(dimension, magnitudeMax, 32), isModelVector: true };
  }
  return {
    dimension: paramCount + (adaptive ? 2 : 1),
    release: {
      kind: "noised",
      sensitivity: Math.hypot(gradientNorm, lossWeight, countWeight / 2),
      samplingProbability: strategy.samplingProbability,
      noiseMultiplier: noise.trainMultiplier,
      partition: "train",
    },
    isModelVector: true,
  };
}
