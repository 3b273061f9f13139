/** A member's half of training: the vector for an ask, from its own records. Pure; draws from the given `rng`. */
import { unreachable } from "../../../shared/base/assert.ts";
import type { EngineName } from "../../../shared/base/engine-name.ts";
import type { Rng } from "../../../shared/base/env.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { isAutoencoder } from "../../../shared/charter/model-spec.ts";
import type { EncodedData, PartitionedData } from "../../data.ts";
import type { Network } from "../../engine/architecture.ts";
import type { ClippedSum, TrainerBackend } from "../../engine/backend.ts";
import { bestBackend } from "../../engine/best.ts";
import { backendFor, RECONSTRUCTION, rowLossOf } from "../../engine/loss.ts";
import { plainBackend } from "../../engine/plain.ts";
import { selectUnits } from "../../engine/units.ts";
import { type Carried, carriedInto, type MemberMemory, newMemory } from "../member-memory.ts";
import { checkRows } from "../row-limit.ts";
import type { Ask } from "../task.ts";
import { scoreHistogram } from "./evaluation.ts";
import { readInput, type TrainInput } from "./input.ts";
import type { TrainContext } from "./shape.ts";
import { architectureFor, checkKind, gradientLayout, LOSS_MAX } from "./shape.ts";
import { type LocalRound, update, wholeParams } from "./update.ts";

/**
 * @param memory What the member carries from round to round; changed. Left out: nothing, a run's first round.
 * @returns The contribution, within the bound that `shapeOf` states for the ask.
 * @throws {CloisterError} If the ask does not fit the run, or the data exceed the charter's rows.
 */
export function contribute(
  context: TrainContext,
  ask: Ask,
  data: PartitionedData,
  rng: Rng,
  memory: MemberMemory = newMemory(),
): Float64Array {
  const kind = checkKind(context, ask.kind);
  checkRows(context.rowsMax, data);
  if (kind === "moments") return moments(data.train, architectureFor(context).numberCount);
  if (kind === "counts") return counts(data.train);
  const input = readInput(context, kind, ask.input);
  const best = chosenBackend(context, input.architecture);
  if (kind === "evaluate")
    return evaluate(context, input, best, carriedInto(memory, ask.input), data.holdout, rng);
  const loss = isAutoencoder(context.spec.model)
    ? RECONSTRUCTION
    : rowLossOf(context.spec.loss, data.train.labels, input.positiveWeight);
  const backend = backendFor(loss, best, () => plainBackend(input.architecture));
  switch (kind) {
    case "gradient":
      return gradient(context, input, { backend, loss, data: data.train }, rng);
    case "update": {
      const round = { backend, loss, data: data.train, memory, asked: ask.input };
      return update(context, input, round, rng);
    }
    default:
      return unreachable(kind);
  }
}

/** What trains here. Every loss of a plan is one that the fastest engine for its network computes. */
export function engineOf(context: TrainContext): EngineName {
  return chosenBackend(context, architectureFor(context)).name;
}

function chosenBackend({ noise }: TrainContext, architecture: Network): TrainerBackend {
  // A run without noise can be repeated from its seed, so by anybody on any machine.
  return bestBackend(architecture, { acrossMachines: noise === null });
}

/** [rows | positive rows]. */
function counts({ rowCount, labels }: EncodedData): Float64Array {
  return Float64Array.of(
    rowCount,
    labels.reduce((sum, label) => sum + label, 0),
  );
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
 * the bound moves, gradients are in units of it; where it adapts, Σ ±½·weight follows: units within and beyond it.
 */
function gradient(
  context: TrainContext,
  { scaling, params, clipNorm }: TrainInput,
  { backend, loss: rowLoss, data }: Pick<LocalRound, "backend" | "loss" | "data">,
  rng: Rng,
): Float64Array {
  const { strategy } = context.spec;
  if (strategy.kind !== "dpSgd") return new Float64Array(0);
  const { adaptive, relative, lossWeight, countWeight } = gradientLayout(context);
  const source = new UniformSource(rng);
  const { samplingProbability, rowsPerUnitMax } = strategy;
  const units = selectUnits(data, samplingProbability, rowsPerUnitMax, source);
  const sum = backend.clippedGradientSum(params, scaling, data, units, clipNorm, rowLoss);
  if (relative)
    for (let i = 0; i < sum.gradient.length; i++)
      sum.gradient[i] = (sum.gradient[i] ?? 0) / clipNorm;
  const unitCount = sum.losses.length;
  let loss = 0;
  for (let u = 0; u < unitCount; u++) loss += lossOfUnit(sum, u);
  const tail = context.noise === null ? [loss, unitCount] : [(lossWeight * loss) / LOSS_MAX];
  if (adaptive) tail.push(countWeight * (countWithin(sum.norms, clipNorm) - unitCount / 2));
  const result = new Float64Array(sum.gradient.length + tail.length);
  result.set(sum.gradient);
  result.set(tail, sum.gradient.length);
  return result;
}

/** A unit whose gradient is not a number was left out of the sum. Its loss is at the limit, not none. */
function lossOfUnit({ losses, norms }: ClippedSum, unit: number): number {
  return Number.isFinite(norms[unit]) ? Math.min(losses[unit] ?? 0, LOSS_MAX) : LOSS_MAX;
}

/** A unit whose gradient is not a number is beyond any bound: it was left out of the sum. */
function countWithin(norms: Float64Array, clipNorm: number): number {
  let count = 0;
  for (let u = 0; u < norms.length; u++) if ((norms[u] ?? Number.NaN) <= clipNorm) count += 1;
  return count;
}

/** Histogram of scores by label over the holdout, of the member's own whole model. Shape [2 × bins]. */
function evaluate(
  context: TrainContext,
  { architecture, scaling, params: shared }: TrainInput,
  backend: TrainerBackend,
  own: Carried,
  data: EncodedData,
  rng: Rng,
): Float64Array {
  const params = wholeParams(context, architecture, shared, own);
  return scoreHistogram(context, backend.logits(params, scaling, data), data, rng);
}
