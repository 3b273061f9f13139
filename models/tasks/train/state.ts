/** The coordinator's state of a training run, and its exact byte form for the store. Pure. */
import { z } from "zod";
import {
  bytesToFloat32,
  bytesToFloat64,
  concatBytes,
  float32ToBytes,
  float64ToBytes,
  u32le,
  utf8,
} from "../../../shared/base/bytes.ts";
import { badInput, type CloisterError } from "../../../shared/base/errors.ts";
import type { OptimizerConfig, OptimizerState } from "../../optimizer.ts";
import type { Failure, Metrics, ScoreQuantiles } from "../task.ts";
import { learningRateAt } from "./input.ts";
import { architectureFor, roundCounts, sharedCount, type TrainContext } from "./shape.ts";

export interface TrainState {
  /** Null until the moments are known. All centres, then all inverse scales. */
  readonly scaling: Float32Array | null;
  /** Share of positives as counted; null: not counted (yet). */
  readonly positiveShare: number | null;
  readonly params: Float32Array;
  /** The next training round's clipping bound, where it adapts; else the plan's. */
  readonly clipNorm: number;
  /** Dpsgd: the optimiser's; else the server's. */
  readonly optimizer: OptimizerState;
  /** The coordinator's control variate. Shape [shared parameters] with scaffold, else [0]. */
  readonly control: Float32Array;
  readonly trainingDone: number;
  readonly evaluationsDone: number;
  /** Whether the next ask is an evaluation. */
  readonly evaluationDue: boolean;
  readonly selection: Selection;
  /** Whether early stopping has ended the run. */
  readonly stopped: boolean;
  readonly done: number;
  /** Rounds that the plan has at most. */
  readonly total: number;
  readonly loss: number | null;
  readonly metrics: Metrics | null;
  /** Of an autoencoder's last evaluation. */
  readonly scores: ScoreQuantiles | null;
  /** Why the run cannot go on; `params` are then those of the last good round. */
  readonly failure: Failure | null;
}

/** What early stopping and the choice of a round go by. */
export interface Selection {
  /** The best evaluation yet. */
  readonly best: { readonly value: number; readonly trainingDone: number } | null;
  /** Parameters at the best evaluation. Shape [paramCount] where the best is handed out, else [0]. */
  readonly bestParams: Float32Array;
  /** What an evaluation must exceed by `minImprovement`; null before the first. */
  readonly reference: number | null;
  /** Evaluations since the last that did. */
  readonly waited: number;
}

export const NOTHING_SELECTED: Selection = {
  best: null,
  bestParams: new Float32Array(0),
  reference: null,
  waited: 0,
};

/** The coordinator's optimiser of a dpSgd run, for the training round that comes next. */
export function optimizerOf(context: TrainContext, trainingDone: number): OptimizerConfig {
  const { strategy } = context.spec;
  if (strategy.kind !== "dpSgd") return { kind: "sgd", learningRate: 1 };
  const learningRate = learningRateAt(context, trainingDone);
  if (strategy.optimizer === "adam") return { kind: "adam", learningRate };
  return { kind: "momentum", learningRate, momentum: strategy.momentum };
}

const FORMAT = 4;

const Value = z.number();
/** Everything but the arrays. Metrics are carried as they are. */
const Header = z.strictObject({
  positiveShare: Value.nullable(),
  clipNorm: Value,
  step: Value,
  trainingDone: Value,
  evaluationsDone: Value,
  evaluationDue: z.boolean(),
  best: z.strictObject({ value: Value, trainingDone: Value }).nullable(),
  reference: Value.nullable(),
  waited: Value,
  stopped: z.boolean(),
  done: Value,
  total: Value,
  loss: Value.nullable(),
  metrics: z
    .looseObject({
      rocAuc: Value,
      prAuc: Value,
      recallAt1pctFpr: Value,
      recallAt5pctFpr: Value,
    })
    .nullable(),
  scores: z.strictObject({ rows: Value, p50: Value, p90: Value, p99: Value }).optional(),
  failure: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
  /** Elements of the arrays, in their order: four of float32, two of float64. */
  lengths: z.strictObject({
    scaling: Value,
    params: Value,
    control: Value,
    bestParams: Value,
    first: Value,
    second: Value,
  }),
});
type Header = z.infer<typeof Header>;

/** [format f64 | header's length u32 | header, JSON | float32 arrays | float64 arrays], little-endian. */
export function encodeState(state: TrainState): Uint8Array {
  const { params, control, optimizer, selection } = state;
  const { bestParams, ...chosen } = selection;
  const scaling = state.scaling ?? new Float32Array(0);
  const header: Header = {
    positiveShare: state.positiveShare,
    clipNorm: state.clipNorm,
    step: optimizer.step,
    trainingDone: state.trainingDone,
    evaluationsDone: state.evaluationsDone,
    evaluationDue: state.evaluationDue,
    ...chosen,
    stopped: state.stopped,
    done: state.done,
    total: state.total,
    loss: state.loss,
    metrics: state.metrics && { ...state.metrics },
    ...(state.scores && { scores: state.scores }),
    failure: state.failure,
    lengths: {
      scaling: scaling.length,
      params: params.length,
      control: control.length,
      bestParams: bestParams.length,
      first: optimizer.first.length,
      second: optimizer.second.length,
    },
  };
  const text = utf8(JSON.stringify(header));
  return concatBytes(
    float64ToBytes(Float64Array.of(FORMAT)),
    u32le(text.length),
    text,
    ...[scaling, params, control, bestParams].map(float32ToBytes),
    ...[optimizer.first, optimizer.second].map(float64ToBytes),
  );
}

const FIXED_BYTES = 12;

/** @throws {CloisterError} If the bytes are not a state of this run, or of another version's. */
export function decodeState(context: TrainContext, bytes: Uint8Array): TrainState {
  if (bytes.length < FIXED_BYTES) throw unreadable();
  const [format] = bytesToFloat64(bytes.subarray(0, 8));
  if (format !== FORMAT) throw otherVersion(format ?? 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerEnd = FIXED_BYTES + view.getUint32(8, true);
  const header = headerOf(bytes.subarray(FIXED_BYTES, headerEnd));
  const { best, reference, waited, step, scores = null, lengths, ...rest } = header;
  if (!fits(context, header) || bytes.length !== headerEnd + arrayBytes(lengths))
    throw unreadable();
  let offset = headerEnd;
  const take = (length: number): Uint8Array => {
    offset += length;
    return bytes.subarray(offset - length, offset);
  };
  const float32 = (length: number): Float32Array => bytesToFloat32(take(4 * length));
  const float64 = (length: number): Float64Array => bytesToFloat64(take(8 * length));
  const scaling = float32(lengths.scaling);
  return {
    ...rest,
    scores,
    scaling: scaling.length === 2 * architectureFor(context).numberCount ? scaling : null,
    params: float32(lengths.params),
    control: float32(lengths.control),
    selection: { best, bestParams: float32(lengths.bestParams), reference, waited },
    optimizer: { step, first: float64(lengths.first), second: float64(lengths.second) },
  };
}

function arrayBytes({ first, second, ...singles }: Header["lengths"]): number {
  return 4 * Object.values(singles).reduce((sum, length) => sum + length, 0) + 8 * (first + second);
}

export function plannedRounds(context: TrainContext): number {
  return Object.values(roundCounts(context)).reduce((sum, count) => sum + count, 0);
}

function headerOf(bytes: Uint8Array): Header {
  try {
    return Header.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    throw unreadable();
  }
}

/** Whether the rounds and the arrays are this run's. */
function fits(context: TrainContext, { total, lengths }: Header): boolean {
  const architecture = architectureFor(context);
  const { paramCount, numberCount } = architecture;
  const { strategy, evaluation } = context.spec;
  const shared = sharedCount(context, architecture);
  return (
    total === plannedRounds(context) &&
    [0, 2 * numberCount].includes(lengths.scaling) &&
    lengths.params === paramCount &&
    lengths.control === (strategy.kind === "scaffold" ? shared : 0) &&
    (evaluation.select === "best" ? [0, paramCount] : [0]).includes(lengths.bestParams) &&
    [0, shared].includes(lengths.first) &&
    [0, shared].includes(lengths.second)
  );
}

function unreadable(): CloisterError {
  return badInput("task.state-unreadable", "The stored state is not one of this training run.");
}

function otherVersion(format: number): CloisterError {
  const found =
    Number.isInteger(format) && format > 0 && format < 100 ? `format ${format}` : "none";
  return badInput(
    "task.state-version",
    `The stored state is not one of this version (its format: ${found}; wanted: ${FORMAT}). ` +
      "Finish the run with the version that began it, or start it again.",
  );
}
