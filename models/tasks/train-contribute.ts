/** A member's half of training: the vector for an ask, from its own records. Pure; draws from the given `rng`. */
import { unreachable } from "../../shared/base/assert.ts";
import type { Rng } from "../../shared/base/env.ts";
import { badInput } from "../../shared/base/errors.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import type { EncodedData, PartitionedData } from "../data.ts";
import type { TrainerBackend } from "../engine/backend.ts";
import { bestBackend } from "../engine/best.ts";
import { trainLocally } from "../engine/local-training.ts";
import { selectUnits } from "../engine/units.ts";
import { addScoresInPlace } from "../metrics/histogram.ts";
import type { Ask } from "./task.ts";
import type { TrainContext } from "./train-shape.ts";
import { architectureFor, checkKind, gradientLayout, isClipNorm, LOSS_MAX } from "./train-shape.ts";

/** Public input of an ask, taken apart. */
interface Inputs {
  readonly backend: TrainerBackend;
  readonly scaling: Float32Array;
  readonly params: Float32Array;
  /** The round's clipping bound. */
  readonly clipNorm: number;
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
  const adaptive = ask.kind === "gradient" && gradientLayout(context).adaptive;
  const paramsEnd = scalingLength + architecture.paramCount;
  const expected = paramsEnd + (adaptive ? 1 : 0);
  if (ask.input.length !== expected) {
    const detail = `${ask.input.length} values instead of ${expected}`;
    throw badInput("task.input-wrong-length", `The ask's input has ${detail}.`);
  }
  return {
    // A run without noise can be repeated from its seed, so by anybody on any machine.
    backend: bestBackend(architecture, { acrossMachines: context.noise === null }),
    scaling: ask.input.subarray(0, scalingLength),
    params: ask.input.subarray(scalingLength, paramsEnd),
    clipNorm: adaptive ? clipNormOf(ask.input[paramsEnd]) : context.spec.strategy.clipNorm,
  };
}

function clipNormOf(value: number | undefined): number {
  if (value !== undefined && isClipNorm(value)) return value;
  throw badInput("task.clip-norm", "The ask's clipping bound is not a positive number.");
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

/**
 * Noised: [Σ clipped gradient | Σ loss, weighted]. Bounded: [Σ clipped gradient | Σ loss | units]. Where
 * the bound adapts, gradients are in units of it, and Σ ±½·weight follows: units within and beyond it.
 */
function gradient(
  context: TrainContext,
  { backend, scaling, params, clipNorm }: Inputs,
  data: EncodedData,
  rng: Rng,
): Float64Array {
  const { strategy } = context.spec;
  if (strategy.kind !== "dpSgd") return new Float64Array(0);
  const { adaptive, lossWeight, countWeight } = gradientLayout(context);
  const source = new UniformSource(rng);
  const { samplingProbability, rowsPerUnitMax } = strategy;
  const units = selectUnits(data, samplingProbability, rowsPerUnitMax, source);
  const sum = backend.clippedGradientSum(params, scaling, data, units, clipNorm);
  if (adaptive)
    for (let i = 0; i < sum.gradient.length; i++)
      sum.gradient[i] = (sum.gradient[i] ?? 0) / clipNorm;
  const unitCount = sum.losses.length;
  let loss = 0;
  for (let u = 0; u < unitCount; u++) loss += Math.min(sum.losses[u] ?? 0, LOSS_MAX);
  const tail = context.noise === null ? [loss, unitCount] : [(lossWeight * loss) / LOSS_MAX];
  if (adaptive) tail.push(countWeight * (countWithin(sum.norms, clipNorm) - unitCount / 2));
  const result = new Float64Array(sum.gradient.length + tail.length);
  result.set(sum.gradient);
  result.set(tail, sum.gradient.length);
  return result;
}

/** A unit whose gradient is not a number is beyond any bound: it was left out of the sum. */
function countWithin(norms: Float64Array, clipNorm: number): number {
  let count = 0;
  for (let u = 0; u < norms.length; u++) if ((norms[u] ?? Number.NaN) <= clipNorm) count += 1;
  return count;
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
