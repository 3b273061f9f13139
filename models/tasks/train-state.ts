/** The coordinator's state of a training run, and its exact byte form for the store. Pure. */
import {
  bytesToFloat32,
  bytesToFloat64,
  concatBytes,
  float32ToBytes,
  float64ToBytes,
} from "../../shared/base/bytes.ts";
import { badInput, type CloisterError } from "../../shared/base/errors.ts";
import type { OptimizerConfig, OptimizerState } from "../optimizer.ts";
import type { Metrics } from "./task.ts";
import { architectureFor, roundCounts, type TrainContext } from "./train-shape.ts";

export interface TrainState {
  /** Null until the moments are known. All centres, then all inverse scales. */
  readonly scaling: Float32Array | null;
  readonly params: Float32Array;
  /** The next training round's clipping bound. */
  readonly clipNorm: number;
  readonly optimizer: OptimizerState;
  readonly trainingDone: number;
  readonly evaluationsDone: number;
  /** Whether the next ask is an evaluation. */
  readonly evaluationDue: boolean;
  readonly done: number;
  readonly total: number;
  readonly loss: number | null;
  readonly metrics: Metrics | null;
}

/** The coordinator's optimiser; fedAvg only adds the mean update and needs none. */
export function optimizerOf({ spec }: TrainContext): OptimizerConfig {
  const { strategy } = spec;
  if (strategy.kind === "fedAvg") return { kind: "sgd", learningRate: 1 };
  const { learningRate, momentum } = strategy;
  if (strategy.optimizer === "adam") return { kind: "adam", learningRate };
  return { kind: "momentum", learningRate, momentum };
}

const FORMAT = 3;
/** Header: doubles, in the order of `encodeState`. NaN stands for null. */
const HEADER_LENGTH = 16;
/** Format 2, of runs before this version, lacks the counts at the header's end. */
const HEADER_LENGTHS: ReadonlyMap<number, number> = new Map([
  [2, 14],
  [FORMAT, HEADER_LENGTH],
]);

/** [16 doubles | scaling f32 | params f32 | first moment f64 | second moment f64], little-endian. */
export function encodeState(state: TrainState): Uint8Array {
  const { metrics } = state;
  const header = Float64Array.of(
    FORMAT,
    state.scaling === null ? 0 : 1,
    state.optimizer.step,
    state.trainingDone,
    state.evaluationsDone,
    state.evaluationDue ? 1 : 0,
    state.done,
    state.total,
    state.loss ?? Number.NaN,
    metrics?.rocAuc ?? Number.NaN,
    metrics?.prAuc ?? Number.NaN,
    metrics?.recallAt1pctFpr ?? Number.NaN,
    metrics?.recallAt5pctFpr ?? Number.NaN,
    state.clipNorm,
    metrics?.counts?.positives ?? Number.NaN,
    metrics?.counts?.negatives ?? Number.NaN,
  );
  return concatBytes(
    float64ToBytes(header),
    float32ToBytes(state.scaling ?? new Float32Array(0)),
    float32ToBytes(state.params),
    float64ToBytes(state.optimizer.first),
    float64ToBytes(state.optimizer.second),
  );
}

/** @throws {CloisterError} If the bytes are not a state of this run. */
export function decodeState(context: TrainContext, bytes: Uint8Array): TrainState {
  const [format] = bytes.length < 8 ? [] : bytesToFloat64(bytes.subarray(0, 8));
  const headerLength = HEADER_LENGTHS.get(format ?? 0);
  if (headerLength === undefined || bytes.length < 8 * headerLength) throw unreadable();
  const header = bytesToFloat64(bytes.subarray(0, 8 * headerLength));
  const at = (index: number): number => header[index] ?? Number.NaN;
  const nullable = (index: number): number | null => (Number.isNaN(at(index)) ? null : at(index));
  const { numberCount, paramCount } = architectureFor(context);
  const { kind } = optimizerOf(context);
  const scalingLength = at(1) === 1 ? 2 * numberCount : 0;
  const firstLength = kind === "sgd" ? 0 : paramCount;
  const secondLength = kind === "adam" ? paramCount : 0;
  const counts = roundCounts(context);
  const total = counts.moments + counts.training + counts.evaluation;
  const singles = scalingLength + paramCount;
  const expected = 8 * headerLength + 4 * singles + 8 * (firstLength + secondLength);
  if (at(7) !== total || bytes.length !== expected) throw unreadable();
  let offset = 8 * headerLength;
  const take = (length: number): Uint8Array => {
    offset += length;
    return bytes.subarray(offset - length, offset);
  };
  const scaling = bytesToFloat32(take(4 * scalingLength));
  return {
    scaling: at(1) === 1 ? scaling : null,
    params: bytesToFloat32(take(4 * paramCount)),
    clipNorm: at(13),
    optimizer: {
      step: at(2),
      first: bytesToFloat64(take(8 * firstLength)),
      second: bytesToFloat64(take(8 * secondLength)),
    },
    trainingDone: at(3),
    evaluationsDone: at(4),
    evaluationDue: at(5) === 1,
    done: at(6),
    total,
    loss: nullable(8),
    metrics: metricsAt(nullable),
  };
}

function metricsAt(nullable: (index: number) => number | null): Metrics | null {
  const rocAuc = nullable(9);
  const prAuc = nullable(10);
  const recallAt1pctFpr = nullable(11);
  const recallAt5pctFpr = nullable(12);
  if (rocAuc === null || prAuc === null) return null;
  if (recallAt1pctFpr === null || recallAt5pctFpr === null) return null;
  const [positives, negatives] = [nullable(14), nullable(15)];
  const counts = positives !== null && negatives !== null && { positives, negatives };
  return { rocAuc, prAuc, recallAt1pctFpr, recallAt5pctFpr, ...(counts && { counts }) };
}

function unreadable(): CloisterError {
  return badInput("task.state-unreadable", "The stored state is not one of this training run.");
}
