/** The vectors of a training run: their lengths, bounds and sensitivities, from public context alone. Pure. */
import { badInput } from "../../shared/base/errors.ts";
import type { TrainTask } from "../../shared/charter/task-spec.ts";
import { type Architecture, architectureOf } from "../engine/architecture.ts";
import type { PlannedAsk, ReleaseShape, TaskContext } from "./task.ts";

export type TrainContext = TaskContext<TrainTask>;
export type TrainAskKind = "moments" | "gradient" | "update" | "evaluate";

/** Bounds of a clipping bound that adapts: it is public input, and must be a number to divide by. */
const CLIP_NORM_MIN = 2 ** -30;
const CLIP_NORM_MAX = 2 ** 30;
/** σ of the count of units within the bound, as a share of the expected batch (Andrew et al. 2021, §3). */
const COUNT_NOISE = 1 / 20;

/** Weight of a unit's loss beside its gradient in one noised vector: costs √(1 + λ²) − 1 = 2 % more noise. */
export const LOSS_WEIGHT = 0.2;
/** A unit's or member's loss is cut off here. Nats; a coin toss has 0.69. */
export const LOSS_MAX = 2;

export function architectureFor(context: TrainContext): Architecture {
  return architectureOf(context.schema, context.spec.model);
}

/** Rounds of each kind that a run takes, all told. */
export function roundCounts({ spec, schema }: Pick<TrainContext, "spec" | "schema">): {
  readonly moments: number;
  readonly training: number;
  readonly evaluation: number;
} {
  const hasNumbers = schema.features.some((feature) => feature.type === "number");
  const { rounds } = spec.strategy;
  const { everyRounds } = spec.evaluation;
  return {
    moments: spec.scaling === "moments" && hasNumbers ? 1 : 0,
    training: rounds,
    evaluation: everyRounds === null ? 1 : Math.ceil(rounds / everyRounds),
  };
}

export function plannedAsks(context: TrainContext): PlannedAsk[] {
  const { moments, training, evaluation } = roundCounts(context);
  const kind = context.spec.strategy.kind === "dpSgd" ? "gradient" : "update";
  return [
    ...(moments > 0 ? [{ kind: "moments", partition: "train", count: moments } as const] : []),
    { kind, partition: "train", count: training },
    { kind: "evaluate", partition: "holdout", count: evaluation },
  ];
}

/** @throws {CloisterError} If the run adds noise but asks for something that carries no guarantee. */
export function checkRun({ spec, noise }: TrainContext): void {
  if (noise === null) return;
  if (spec.scaling === "moments") {
    const remedy = "Use scaling: bounds, which reads nothing from the records.";
    throw badInput("task.moments-not-private", `A noised run cannot open exact moments. ${remedy}`);
  }
  if (spec.strategy.kind === "fedAvg") {
    const remedy = "Use strategy: dpSgd.";
    throw badInput("task.fedavg-not-private", `fedAvg carries no guarantee per unit. ${remedy}`);
  }
}

/** @throws {CloisterError} If a run of this specification never asks for `kind`. */
export function checkKind(context: TrainContext, kind: string): TrainAskKind {
  checkRun(context);
  const counts = roundCounts(context);
  if (kind === "moments" && counts.moments > 0) return kind;
  if (kind === "gradient" && context.spec.strategy.kind === "dpSgd") return kind;
  if (kind === "update" && context.spec.strategy.kind === "fedAvg") return kind;
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
    case "update":
      return updateShape(context, architecture.paramCount);
    case "evaluate":
      return evaluateShape(context);
  }
}

function bounded(dimension: number, magnitudeMax: number, ringBits: 24 | 32): ReleaseShape {
  return { dimension, release: { kind: "bounded", magnitudeMax, ringBits, exact: false } };
}

/** [w·clipped update | w | w·loss] with a weight w of at most 1. */
function updateShape({ spec }: TrainContext, paramCount: number): ReleaseShape {
  const { clipNorm } = spec.strategy;
  return {
    dimension: paramCount + 2,
    release: {
      kind: "bounded",
      magnitudeMax: Math.max(clipNorm, 1, LOSS_MAX),
      l2NormMax: Math.sqrt(clipNorm ** 2 + 1 + LOSS_MAX ** 2),
      ringBits: 24,
      exact: false,
    },
    isModelVector: true,
  };
}

/** A clipping bound that a round may be asked with. */
export function isClipNorm(value: number): boolean {
  return value >= CLIP_NORM_MIN && value <= CLIP_NORM_MAX;
}

/**
 * How a unit's part of the gradient's vector is put together: [gradient · g | loss | count]. Where the
 * clipping bound stays, gradients are in their own unit. Where it adapts they are in units of the round's
 * bound, so that the release's sensitivity is the same in every round, whatever bound is asked for.
 */
export interface GradientLayout {
  readonly adaptive: boolean;
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
    throw badInput("task.ask-unknown", "fedAvg asks for no gradients.");
  const adaptive = strategy.adaptiveClipping !== undefined;
  const gradientNorm = adaptive ? 1 : strategy.clipNorm;
  if (noise === null)
    return { adaptive, gradientNorm, lossWeight: 0, countWeight: adaptive ? 2 : 0 };
  const unitsPerRound = strategy.samplingProbability * noise.unitsExpected;
  const countWeight = Math.min(1, noise.trainMultiplier / (COUNT_NOISE * unitsPerRound));
  const lossWeight = LOSS_WEIGHT * gradientNorm;
  return { adaptive, gradientNorm, lossWeight, countWeight: adaptive ? countWeight : 0 };
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

function evaluateShape({ spec, noise, rowsMax }: TrainContext): ReleaseShape {
  const dimension = 2 * spec.evaluation.bins;
  if (noise === null) {
    const release = { kind: "bounded", magnitudeMax: rowsMax, ringBits: 32, exact: true } as const;
    return { dimension, release };
  }
  return {
    dimension,
    release: {
      kind: "noised",
      sensitivity: spec.evaluation.rowsPerUnitMax,
      samplingProbability: 1,
      noiseMultiplier: noise.holdoutMultiplier,
      partition: "holdout",
    },
  };
}
