/** A member's half of training: the vector for an ask, from its own records. Pure; draws from the given `rng`. */
import { unreachable } from "../../shared/base/assert.ts";
import type { Rng } from "../../shared/base/env.ts";
import { badInput } from "../../shared/base/errors.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import type { EncodedData, PartitionedData } from "../data.ts";
import type { TrainerBackend } from "../engine/backend.ts";
import { trainLocally } from "../engine/local-training.ts";
import { plainBackend } from "../engine/plain.ts";
import { selectUnits } from "../engine/units.ts";
import { addScoresInPlace } from "../metrics/histogram.ts";
import type { Ask } from "./task.ts";
import type { TrainContext } from "./train-shape.ts";
import { architectureFor, checkKind, LOSS_MAX, LOSS_WEIGHT } from "./train-shape.ts";

/** Public input of an ask, taken apart. */
interface Inputs {
  readonly backend: TrainerBackend;
  readonly scaling: Float32Array;
  readonly params: Float32Array;
}

/**
 * @returns The contribution, within the bound that `shapeOf` states for the ask.
 * @throws {CloisterError} If the ask does not fit the run, or the data exceed the charter's rows.
 */
export function contribute(
  context: TrainContext,
  ask: Ask,
  data: PartitionedData,
  rng: Rng,
): Float64Array {
  const kind = checkKind(context, ask.kind);
  checkRows(context, data.train);
  checkRows(context, data.holdout);
  if (kind === "moments") return moments(data.train, architectureFor(context).numberCount);
  const inputs = inputsOf(context, ask);
  switch (kind) {
    case "gradient":
      return gradient(context, inputs, data.train, rng);
    case "update":
      return update(context, inputs, data.train, rng);
    case "evaluate":
      return evaluate(context, inputs, data.holdout, rng);
    default:
      return unreachable(kind);
  }
}

function checkRows({ rowsMax }: TrainContext, { rowCount }: EncodedData): void {
  if (rowCount <= rowsMax) return;
  throw badInput("task.too-many-rows", `${rowCount} rows exceed the charter's ${rowsMax}.`);
}

function inputsOf(context: TrainContext, ask: Ask): Inputs {
  const architecture = architectureFor(context);
  const scalingLength = 2 * architecture.numberCount;
  if (ask.input.length !== scalingLength + architecture.paramCount) {
    const expected = scalingLength + architecture.paramCount;
    const detail = `${ask.input.length} values instead of ${expected}`;
    throw badInput("task.input-wrong-length", `The ask's input has ${detail}.`);
  }
  return {
    backend: plainBackend(architecture),
    scaling: ask.input.subarray(0, scalingLength),
    params: ask.input.subarray(scalingLength),
  };
}

/** Per number column: how many are known, their sum and sum of squares. Shape [3 × numberCount]. */
function moments(data: EncodedData, numberCount: number): Float64Array {
  const result = new Float64Array(3 * numberCount);
  for (let row = 0; row < data.rowCount; row++) {
    for (let j = 0; j < numberCount; j++) {
      const x = data.numbers[row * numberCount + j] ?? 0;
      if (!Number.isFinite(x)) continue;
      result[3 * j] = (result[3 * j] ?? 0) + 1;
      result[3 * j + 1] = (result[3 * j + 1] ?? 0) + x;
      result[3 * j + 2] = (result[3 * j + 2] ?? 0) + x * x;
    }
  }
  return result;
}

/** Noised: [Σ clipped gradient | Σ λ·C·loss / LOSS_MAX]. Bounded: [Σ clipped gradient | Σ loss | units]. */
function gradient(
  { spec, noise }: TrainContext,
  { backend, scaling, params }: Inputs,
  data: EncodedData,
  rng: Rng,
): Float64Array {
  const { strategy } = spec;
  if (strategy.kind !== "dpSgd") return new Float64Array(0);
  const { samplingProbability, rowsPerUnitMax, clipNorm } = strategy;
  const source = new UniformSource(rng);
  const units = selectUnits(data, samplingProbability, rowsPerUnitMax, source);
  const sum = backend.clippedGradientSum(params, scaling, data, units, clipNorm);
  const { paramCount } = backend.architecture;
  const result = new Float64Array(paramCount + (noise === null ? 2 : 1));
  result.set(sum.gradient);
  let loss = 0;
  for (let u = 0; u < sum.losses.length; u++) loss += Math.min(sum.losses[u] ?? 0, LOSS_MAX);
  if (noise === null) {
    result[paramCount] = loss;
    result[paramCount + 1] = sum.losses.length;
  } else result[paramCount] = (LOSS_WEIGHT * clipNorm * loss) / LOSS_MAX;
  return result;
}

/** [w·clipped update | w | w·loss], w = rows / rowsMax. All zero without rows or if training diverged. */
function update(
  { spec, rowsMax }: TrainContext,
  { backend, scaling, params }: Inputs,
  data: EncodedData,
  rng: Rng,
): Float64Array {
  const { paramCount } = backend.architecture;
  const result = new Float64Array(paramCount + 2);
  const { strategy } = spec;
  if (strategy.kind !== "fedAvg" || data.rowCount === 0) return result;
  const { localEpochs: epochs, batchSize, localOptimizer, learningRate, clipNorm } = strategy;
  const optimizer = { kind: localOptimizer, learningRate };
  const training = { epochs, batchSize, optimizer };
  const trained = trainLocally(backend, params, scaling, data, training, rng);
  let squares = 0;
  for (let i = 0; i < paramCount; i++) {
    const delta = (trained.params[i] ?? 0) - (params[i] ?? 0);
    result[i] = delta;
    squares += delta * delta;
  }
  const weight = data.rowCount / rowsMax;
  const factor = weight * Math.min(1, clipNorm / Math.sqrt(squares));
  if (!Number.isFinite(squares) || !Number.isFinite(trained.meanLoss)) return result.fill(0);
  for (let i = 0; i < paramCount; i++) result[i] = (result[i] ?? 0) * factor;
  result[paramCount] = weight;
  result[paramCount + 1] = weight * Math.min(trained.meanLoss, LOSS_MAX);
  return result;
}

/** Histogram of scores by label over the holdout. Shape [2 × bins]. */
function evaluate(
  { spec, noise }: TrainContext,
  { backend, scaling, params }: Inputs,
  data: EncodedData,
  rng: Rng,
): Float64Array {
  const { bins, rowsPerUnitMax } = spec.evaluation;
  const histogram = new Float64Array(2 * bins);
  const logits = backend.logits(params, scaling, data);
  const rows =
    noise === null ? null : selectUnits(data, 1, rowsPerUnitMax, new UniformSource(rng)).rows;
  addScoresInPlace(histogram, logits, data.labels, rows);
  return histogram;
}
