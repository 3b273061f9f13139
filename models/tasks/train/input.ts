/**
 * The public input of training and evaluation asks, written by the coordinator and read by members:
 * [scaling | shared parameters | control variate | positive weight | round | clipping bound], the last four only
 * where the run needs them. Pure.
 */
import { badInput } from "../../../shared/base/errors.ts";
import { architectureOf, type Network } from "../../engine/architecture.ts";
import { scheduleFactor } from "../../schedule.ts";
import { positiveWeight, shareOf } from "./class-balance.ts";
import {
  gradientLayout,
  isClipNorm,
  roundCounts,
  sharedCount,
  type TrainAskKind,
  type TrainContext,
} from "./shape.ts";

export interface TrainInput {
  readonly architecture: Network;
  readonly scaling: Float32Array;
  /** Those that members share. Shape [sharedCount]. */
  readonly params: Float32Array;
  /** The coordinator's control variate. Shape [sharedCount], or [0] without one. */
  readonly control: Float32Array;
  readonly positiveWeight: number;
  /** Counts training rounds from 0; 0 where nothing depends on it. */
  readonly round: number;
  /** The round's clipping bound. */
  readonly clipNorm: number;
}

/** What of a run's state goes into an ask. */
export interface InputSource {
  readonly scaling: Float32Array;
  /** Of the whole model. Shape [paramCount]. */
  readonly params: Float32Array;
  readonly control: Float32Array;
  readonly positiveShare: number | null;
  readonly trainingDone: number;
  readonly clipNorm: number;
}

/** Lengths of the input's parts, in order. */
interface Lengths {
  readonly scaling: number;
  readonly params: number;
  readonly control: number;
  readonly weight: 0 | 1;
  readonly round: 0 | 1;
  readonly bound: 0 | 1;
}

function lengthsOf(context: TrainContext, architecture: Network, kind: TrainAskKind): Lengths {
  const { strategy, loss } = context.spec;
  const params = sharedCount(context, architecture);
  const trains = kind !== "evaluate";
  const counted = loss?.positiveWeight === "balanced" && roundCounts(context).counts > 0;
  const isGradient = strategy.kind === "dpSgd";
  const scheduled =
    strategy.clipSchedule ?? (isGradient ? undefined : strategy.learningRateSchedule);
  return {
    scaling: 2 * architecture.numberCount,
    params,
    control: trains && strategy.kind === "scaffold" ? params : 0,
    weight: trains && counted ? 1 : 0,
    round: trains && scheduled ? 1 : 0,
    bound: trains && isGradient && gradientLayout(context).adaptive ? 1 : 0,
  };
}

export function writeInput(
  context: TrainContext,
  source: InputSource,
  kind: TrainAskKind,
): Float32Array {
  const { spec, schema } = context;
  const lengths = lengthsOf(context, architectureOf(schema, spec.model), kind);
  const { scaling, params, control, positiveShare, trainingDone, clipNorm } = source;
  const weight = positiveWeight(spec.loss, shareOf(spec.loss, positiveShare));
  const parts: readonly (readonly [ArrayLike<number>, number])[] = [
    [scaling, lengths.scaling],
    [params.subarray(0, lengths.params), lengths.params],
    [control, lengths.control],
    [[weight], lengths.weight],
    [[trainingDone], lengths.round],
    [[clipNorm], lengths.bound],
  ];
  const input = new Float32Array(parts.reduce((sum, [, length]) => sum + length, 0));
  let at = 0;
  for (const [values, length] of parts) {
    if (length > 0) input.set(values, at);
    at += length;
  }
  return input;
}

/** @throws {CloisterError} If the input does not fit the run. */
export function readInput(
  context: TrainContext,
  kind: TrainAskKind,
  input: Float32Array,
): TrainInput {
  const { spec, schema } = context;
  const architecture = architectureOf(schema, spec.model);
  const lengths = lengthsOf(context, architecture, kind);
  const expected = Object.values(lengths).reduce((sum: number, length: number) => sum + length, 0);
  if (input.length !== expected) {
    const detail = `${input.length} values instead of ${expected}`;
    throw badInput("task.input-wrong-length", `The ask's input has ${detail}.`);
  }
  let at = 0;
  const take = (length: number): Float32Array => {
    at += length;
    return input.subarray(at - length, at);
  };
  const scaling = take(lengths.scaling);
  const params = take(lengths.params);
  const control = take(lengths.control);
  const [weight] = take(lengths.weight);
  const [round] = take(lengths.round);
  const [bound] = take(lengths.bound);
  const declared = positiveWeight(spec.loss, shareOf(spec.loss, null));
  const place = roundOf(context, round);
  return {
    architecture,
    scaling,
    params,
    control,
    positiveWeight: weight === undefined ? declared : weightOf(weight),
    round: place,
    clipNorm: bound === undefined ? clipNormAt(context, place) : clipNormOf(bound),
  };
}

/** The clipping bound of a training round, where it does not adapt. */
export function clipNormAt({ spec }: TrainContext, round: number): number {
  const { clipNorm, clipSchedule, rounds } = spec.strategy;
  return clipNorm * scheduleFactor(clipSchedule, round, rounds);
}

/** The step size of a training round. */
export function learningRateAt({ spec }: TrainContext, round: number): number {
  const { learningRate, learningRateSchedule, rounds } = spec.strategy;
  return learningRate * scheduleFactor(learningRateSchedule, round, rounds);
}

function roundOf({ spec }: TrainContext, value: number | undefined): number {
  if (value === undefined) return 0;
  if (Number.isInteger(value) && value >= 0 && value < spec.strategy.rounds) return value;
  throw badInput("task.round", "The ask's round is none of the plan's.");
}

function weightOf(value: number): number {
  if (value >= 1e-5 && value <= 1e5) return value;
  throw badInput("task.positive-weight", "The ask's weight of positives is out of bounds.");
}

function clipNormOf(value: number): number {
  if (isClipNorm(value)) return value;
  throw badInput("task.clip-norm", "The ask's clipping bound is not a positive number.");
}
