/** A training round's opened sum → the next model, or why there is none. Pure. */
import { allFinite } from "../../finite.ts";
import { newOptimizerState, type OptimizerState, optimizerStep } from "../../optimizer.ts";
import { newServerState, serverStep } from "../../server-optimizer.ts";
import type { Aggregate, Failure } from "../task.ts";
import { clipNormAt } from "./input.ts";
import {
  architectureFor,
  gradientLayout,
  isClipNorm,
  LOSS_MAX,
  localStrategy,
  sharedCount,
  type TrainContext,
  updateTail,
} from "./shape.ts";
import { optimizerOf, type TrainState } from "./state.ts";

/** The optimiser's state before the first round. */
export function newOptimizer(context: TrainContext): OptimizerState {
  const { strategy } = context.spec;
  const architecture = architectureFor(context);
  if (strategy.kind === "dpSgd")
    return newOptimizerState(optimizerOf(context, 0).kind, architecture.paramCount);
  const server = strategy.kind === "scaffold" ? undefined : strategy.server;
  return newServerState(server, sharedCount(context, architecture));
}

/**
 * The state after a training round. Where it would not be finite, the state as it was, with the reason: a model never
 * holds a value that is not a number.
 */
export function trained(context: TrainContext, state: TrainState, sum: Aggregate): TrainState {
  const next =
    context.spec.strategy.kind === "dpSgd"
      ? gradientStep(context, state, sum)
      : updateStep(context, state, sum);
  if (next.failure !== null) return { ...state, failure: next.failure };
  const isSound =
    allFinite(next.params) &&
    allFinite(next.control) &&
    allFinite(next.optimizer.first) &&
    allFinite(next.optimizer.second) &&
    (next.loss === null || Number.isFinite(next.loss));
  return isSound ? next : { ...state, failure: diverged(state) };
}

const REMEDY =
  "The last good round's model is kept. Use a smaller learningRate, or a smaller clipNorm";

function diverged({ trainingDone }: TrainState): Failure {
  const message = `training round ${trainingDone + 1} gave a loss or parameters that are not finite. ${REMEDY}.`;
  return { code: "task.diverged", message };
}

/** Against [Σ gradient | Σ loss | …]. */
function gradientStep(context: TrainContext, state: TrainState, sum: Aggregate): TrainState {
  const { strategy } = context.spec;
  if (strategy.kind !== "dpSgd") return state;
  const { paramCount } = architectureFor(context);
  const { adaptive, relative, lossWeight, countWeight } = gradientLayout(context);
  const first = sum[paramCount] ?? 0;
  const expected = context.noise && strategy.samplingProbability * context.noise.unitsExpected;
  const units = expected ?? sum[paramCount + 1] ?? 0;
  if (units < 0.5) return state;
  // What members sent is in units of the bound that they were asked with, where it adapts a 32-bit float.
  const bound = adaptive ? Math.fround(state.clipNorm) : clipNormAt(context, state.trainingDone);
  const scale = (relative ? bound : 1) / units;
  const gradient = sum.subarray(0, paramCount).map((x) => x * scale);
  const lossSum = context.noise === null ? first : (first * LOSS_MAX) / lossWeight;
  const optimizer = optimizerOf(context, state.trainingDone);
  const next = optimizerStep(optimizer, state.optimizer, state.params, gradient);
  const loss = Math.max(0, lossSum / units);
  const stepped = { ...state, params: next.params, optimizer: next.state, loss };
  const { adaptiveClipping } = strategy;
  if (!adaptiveClipping) return stepped;
  const count = sum[sum.length - 1] ?? 0;
  const within = Math.max(0, Math.min(1, count / (countWeight * units) + 1 / 2));
  const { learningRate, targetQuantile } = adaptiveClipping;
  const clipNorm = state.clipNorm * Math.exp(-learningRate * (within - targetQuantile));
  return isClipNorm(clipNorm) ? { ...stepped, clipNorm } : stepped;
}

/** Along [Σ w·update | Σ w·control update | Σ w | Σ w·loss]. */
function updateStep(context: TrainContext, state: TrainState, sum: Aggregate): TrainState {
  const strategy = localStrategy(context);
  const shared = sharedCount(context, architectureFor(context));
  const tail = updateTail(strategy, shared);
  const weight = sum[tail] ?? 0;
  if (!(weight > 0)) return { ...state, failure: nobodyTrained(state) };
  const mean = (from: number): Float64Array =>
    sum.subarray(from, from + shared).map((x) => x / weight);
  const loss = Math.max(0, (sum[tail + 1] ?? 0) / weight);
  const before = state.params.subarray(0, shared);
  const moved = (next: { params: Float32Array; state: OptimizerState }): TrainState => {
    const params = state.params.slice();
    params.set(next.params);
    return { ...state, params, optimizer: next.state, loss };
  };
  if (strategy.kind !== "scaffold")
    return moved(serverStep(strategy.server, state.optimizer, before, mean(0)));
  const update = mean(0).map((x) => strategy.serverLearningRate * x);
  const change = mean(shared);
  const control = state.control.map((c, i) => c + (change[i] ?? 0));
  return { ...moved(serverStep(undefined, state.optimizer, before, update)), control };
}

/** A member whose training diverges sends nothing, and so does one without rows. */
function nobodyTrained({ trainingDone }: TrainState): Failure {
  const what = `in training round ${trainingDone + 1} no member had an update: training diverged everywhere, or nobody has rows`;
  return { code: "task.no-update", message: `${what}. ${REMEDY}.` };
}
