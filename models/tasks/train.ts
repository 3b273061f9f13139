/** Training with evaluation as a task: a fold over secure sums. Pure. The member's half is train-contribute. */
import { assert } from "../../shared/base/assert.ts";
import type { ModelSpec, TrainTask } from "../../shared/charter/task-spec.ts";
import { initialParams } from "../engine/architecture.ts";
import { metricsOfHistogram } from "../metrics/histogram.ts";
import type { Model } from "../model.ts";
import { newOptimizerState, optimizerStep } from "../optimizer.ts";
import type { Aggregate, Ask, Task } from "./task.ts";
import { contribute } from "./train-contribute.ts";
import {
  architectureFor,
  checkRun,
  gradientLayout,
  isClipNorm,
  LOSS_MAX,
  plannedAsks,
  roundCounts,
  shapeOf,
  type TrainContext,
} from "./train-shape.ts";
import { decodeState, encodeState, optimizerOf, type TrainState } from "./train-state.ts";

/** Below this spread a column is taken for constant; also keeps one outlier from ruling a row. */
const STD_DEV_MIN = 1e-3;

export const trainTask: Task<TrainTask, TrainState> = {
  plannedAsks,
  shapeOf,
  contribute,
  begin,
  nextAsk,
  absorb,
  progress: ({ done, total, loss, metrics }) => ({ done, total, loss, metrics }),
  encodeState,
  decodeState,
};

/** The model as it stands after `state`; before the moments are known, with scales of one. */
export function modelOf(context: TrainContext, state: TrainState): Model {
  const { numberCount } = architectureFor(context);
  const scaling = state.scaling ?? identityScaling(numberCount);
  return { schema: context.schema, spec: context.spec.model, scaling, params: state.params };
}

/** Centres 0, inverse scales 1: the encoding by declared bounds as it is. Shape [2 × numberCount]. */
export function identityScaling(numberCount: number): Float32Array {
  return new Float32Array(2 * numberCount).fill(1, numberCount);
}

function begin(context: TrainContext): TrainState {
  checkRun(context);
  const architecture = architectureFor(context);
  const counts = roundCounts(context);
  return {
    scaling: counts.moments > 0 ? null : identityScaling(architecture.numberCount),
    params: initialParams(architecture, context.spec.model.seed),
    clipNorm: context.spec.strategy.clipNorm,
    optimizer: newOptimizerState(optimizerOf(context).kind, architecture.paramCount),
    trainingDone: 0,
    evaluationsDone: 0,
    evaluationDue: false,
    done: 0,
    total: counts.moments + counts.training + counts.evaluation,
    loss: null,
    metrics: null,
  };
}

function nextAsk({ spec }: TrainContext, state: TrainState): Ask | null {
  if (state.scaling === null) return { kind: "moments", input: new Float32Array(0) };
  if (!state.evaluationDue && state.trainingDone === spec.strategy.rounds) return null;
  const { scaling, params, clipNorm } = state;
  if (state.evaluationDue) return { kind: "evaluate", input: float32(scaling, params) };
  if (spec.strategy.kind === "fedAvg") return { kind: "update", input: float32(scaling, params) };
  const bound = spec.strategy.adaptiveClipping ? [clipNorm] : [];
  return { kind: "gradient", input: float32(scaling, params, bound) };
}

function float32(...parts: readonly ArrayLike<number>[]): Float32Array {
  const joined = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function absorb(context: TrainContext, state: TrainState, aggregate: Aggregate): TrainState {
  const ask = nextAsk(context, state);
  assert(ask !== null, "the task is complete");
  const { dimension } = shapeOf(context, ask.kind);
  assert(aggregate.length === dimension, "aggregate has the wrong length");
  const next = { ...state, done: state.done + 1 };
  if (ask.kind === "moments") return { ...next, scaling: scalingOf(aggregate) };
  if (ask.kind === "evaluate") {
    const metrics = metricsOfHistogram(aggregate);
    const evaluationsDone = state.evaluationsDone + 1;
    return { ...next, metrics, evaluationsDone, evaluationDue: false };
  }
  const { rounds } = context.spec.strategy;
  const { everyRounds } = context.spec.evaluation;
  const trainingDone = state.trainingDone + 1;
  const isDue = everyRounds !== null && trainingDone % everyRounds === 0;
  const evaluationDue = trainingDone === rounds || isDue;
  return { ...train(context, next, aggregate), trainingDone, evaluationDue };
}

/** From [count, Σx, Σx²] per column: mean and 1 / standard deviation. */
function scalingOf(moments: Aggregate): Float32Array {
  const numberCount = moments.length / 3;
  const scaling = identityScaling(numberCount);
  for (let j = 0; j < numberCount; j++) {
    const count = moments[3 * j] ?? 0;
    // Sums arrive rounded to a grid: less than half a row is no row.
    if (count < 0.5) continue;
    const mean = (moments[3 * j + 1] ?? 0) / count;
    const variance = Math.max(0, (moments[3 * j + 2] ?? 0) / count - mean * mean);
    scaling[j] = mean;
    scaling[numberCount + j] = 1 / Math.max(STD_DEV_MIN, Math.sqrt(variance));
  }
  return scaling;
}

function train(context: TrainContext, state: TrainState, aggregate: Aggregate): TrainState {
  const { strategy } = context.spec;
  const { paramCount } = architectureFor(context);
  const vector = aggregate.subarray(0, paramCount);
  const first = aggregate[paramCount] ?? 0;
  const second = aggregate[paramCount + 1] ?? 0;
  if (strategy.kind === "fedAvg") {
    // [Σ w·update | Σ w | Σ w·loss]. A step goes against its direction, an update along it.
    return first > 0 ? step(context, state, vector, -first, second / first) : state;
  }
  const { adaptive, lossWeight, countWeight } = gradientLayout(context);
  // What members sent is in units of the bound that they were asked with, a 32-bit float.
  const scale = adaptive ? Math.fround(state.clipNorm) : 1;
  const gradient = adaptive ? vector.map((x) => x * scale) : vector;
  const units =
    context.noise === null ? second : strategy.samplingProbability * context.noise.unitsExpected;
  if (units < 0.5) return state;
  const lossSum = context.noise === null ? first : (first * LOSS_MAX) / lossWeight;
  const stepped = step(context, state, gradient, units, Math.max(0, lossSum / units));
  const { adaptiveClipping } = strategy;
  if (!adaptiveClipping) return stepped;
  const count = aggregate[aggregate.length - 1] ?? 0;
  const within = Math.max(0, Math.min(1, count / (countWeight * units) + 1 / 2));
  const { learningRate, targetQuantile } = adaptiveClipping;
  const clipNorm = state.clipNorm * Math.exp(-learningRate * (within - targetQuantile));
  return isClipNorm(clipNorm) ? { ...stepped, clipNorm } : stepped;
}

/** One optimiser step against vector / divisor. */
function step(
  context: TrainContext,
  state: TrainState,
  vector: Float64Array,
  divisor: number,
  loss: number,
): TrainState {
  const direction = vector.map((x) => x / divisor);
  const next = optimizerStep(optimizerOf(context), state.optimizer, state.params, direction);
  return { ...state, params: next.params, optimizer: next.state, loss };
}

/**
 * A training task with defaults tuned on a synthetic table: 18 columns, 9 % positive, 24 000 units.
 *
 * @param noised Whether the run adds noise: dpSgd over declared bounds, else fedAvg over moments.
 * @param rounds Training rounds; 100 with noise and 10 without where not given.
 */
export function defaultTrainTask({
  noised,
  rounds,
}: {
  noised: boolean;
  rounds?: number;
}): TrainTask {
  const model: ModelSpec = { hidden: [32, 16], activation: "relu", seed: "cloister" };
  if (!noised) {
    return {
      kind: "train",
      model,
      scaling: "moments",
      strategy: {
        kind: "fedAvg",
        rounds: rounds ?? 10,
        localEpochs: 1,
        batchSize: 256,
        localOptimizer: "adam",
        learningRate: 0.01,
        clipNorm: 10,
      },
      evaluation: { everyRounds: 1, bins: 256, rowsPerUnitMax: 16 },
    };
  }
  return {
    kind: "train",
    model,
    scaling: "bounds",
    strategy: {
      kind: "dpSgd",
      rounds: rounds ?? 100,
      samplingProbability: 0.05,
      clipNorm: 1,
      rowsPerUnitMax: 16,
      optimizer: "momentum",
      learningRate: 1,
      momentum: 0.9,
    },
    evaluation: { everyRounds: null, bins: 32, rowsPerUnitMax: 4 },
  };
}
