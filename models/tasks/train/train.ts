/** Training with evaluation as a task: a fold over secure sums. Pure. The member's half is train-contribute. */
import { assert } from "../../../shared/base/assert.ts";
import { badInput, type CloisterError } from "../../../shared/base/errors.ts";
import { isAutoencoder } from "../../../shared/charter/model-spec.ts";
import type { TrainTask } from "../../../shared/charter/task-spec.ts";
import { initialParams, outputBiasOf } from "../../engine/architecture.ts";
import type { Model } from "../../model.ts";
import type { Aggregate, Ask, Task } from "../task.ts";
import { shareOf, logitShift as shiftOf } from "./class-balance.ts";
import { contribute, engineOf } from "./contribute.ts";
import { readEvaluation } from "./evaluation.ts";
import { writeInput } from "./input.ts";
import { ownModel, recall } from "./own.ts";
import { evaluated, isPatienceOver } from "./select.ts";
import {
  architectureFor,
  checkRun,
  plannedAsks,
  roundCounts,
  shapeOf,
  sharedCount,
  type TrainAskKind,
  type TrainContext,
  trainingAsk,
} from "./shape.ts";
import {
  decodeState,
  encodeState,
  NOTHING_SELECTED,
  plannedRounds,
  type TrainState,
} from "./state.ts";
import { newOptimizer, trained } from "./step.ts";

/** Below this spread a column is taken for constant; also keeps one outlier from ruling a row. */
const STD_DEV_MIN = 1e-3;

export const trainTask: Task<TrainTask, TrainState> = {
  plannedAsks,
  shapeOf,
  contribute,
  begin,
  nextAsk,
  absorb,
  progress: ({ done, total, stopped, failure, loss, metrics, scores }) => ({
    done,
    total: stopped ? done : total,
    loss,
    metrics,
    ...(scores && { scores }),
    failure,
  }),
  encodeState,
  decodeState,
  ownModel,
  recall,
  engine: engineOf,
};

/**
 * The model that a run hands out as it stands: the best evaluated round's or the last's, shifted where its scores are
 * to be probabilities; before the moments are known, with scales of one.
 *
 * @throws {CloisterError} If part of every model stays with the members: there is none to hand out.
 */
export function modelOf(context: TrainContext, state: TrainState): Model {
  const { spec, schema } = context;
  const { strategy, loss } = spec;
  if (strategy.kind !== "dpSgd" && strategy.personalLayers !== undefined)
    throw noModel(strategy.personalLayers);
  const architecture = architectureFor(context);
  const scaling = state.scaling ?? identityScaling(architecture.numberCount);
  const { bestParams } = state.selection;
  const trained = bestParams.length > 0 ? bestParams : state.params;
  const logitShift = shiftOf(loss, shareOf(loss, state.positiveShare));
  if (logitShift === 0) return { schema, spec: spec.model, scaling, params: trained };
  const params = trained.slice();
  const bias = outputBiasOf(architecture);
  params[bias] = (params[bias] ?? 0) + logitShift;
  return { schema, spec: spec.model, scaling, params, logitShift };
}

function noModel(personalLayers: number): CloisterError {
  return badInput(
    "model.personal",
    `this model's last ${personalLayers} layers stayed with the members: there is no model ` +
      "for all; each member has its own, as models/RUN.json in its agent's folder",
  );
}

/** Centres 0, inverse scales 1: the encoding by declared bounds as it is. Shape [2 × numberCount]. */
export function identityScaling(numberCount: number): Float32Array {
  return new Float32Array(2 * numberCount).fill(1, numberCount);
}

function begin(context: TrainContext): TrainState {
  checkRun(context);
  const architecture = architectureFor(context);
  const { strategy, model } = context.spec;
  const shared = sharedCount(context, architecture);
  return {
    scaling: roundCounts(context).moments > 0 ? null : identityScaling(architecture.numberCount),
    positiveShare: null,
    params: initialParams(architecture, model.seed),
    clipNorm: strategy.clipNorm,
    optimizer: newOptimizer(context),
    control: new Float32Array(strategy.kind === "scaffold" ? shared : 0),
    trainingDone: 0,
    evaluationsDone: 0,
    evaluationDue: false,
    selection: NOTHING_SELECTED,
    stopped: false,
    done: 0,
    total: plannedRounds(context),
    loss: null,
    metrics: null,
    scores: null,
    failure: null,
  };
}

/** As `begin`, once every preparing round is over; what training and evaluation sums tell depends on nothing else. */
export function begunTraining(context: TrainContext): TrainState {
  const begun = begin(context);
  const { numberCount } = architectureFor(context);
  const positiveShare = roundCounts(context).counts > 0 ? 0.5 : null;
  return { ...begun, scaling: begun.scaling ?? identityScaling(numberCount), positiveShare };
}

/** What comes next, without the input that is asked with. */
function nextKind(context: TrainContext, state: TrainState): TrainAskKind | null {
  if (state.failure !== null || state.stopped) return null;
  if (state.scaling === null) return "moments";
  if (state.positiveShare === null && roundCounts(context).counts > 0) return "counts";
  if (state.evaluationDue) return "evaluate";
  return state.trainingDone === context.spec.strategy.rounds ? null : trainingAsk(context.spec);
}

function nextAsk(context: TrainContext, state: TrainState): Ask | null {
  const { scaling } = state;
  const kind = nextKind(context, state);
  if (kind === null) return null;
  if (scaling === null || kind === "moments" || kind === "counts")
    return { kind, input: new Float32Array(0) };
  return { kind, input: writeInput(context, { ...state, scaling }, kind) };
}

function absorb(context: TrainContext, state: TrainState, aggregate: Aggregate): TrainState {
  const kind = nextKind(context, state);
  assert(kind !== null, "the task is complete");
  const { dimension } = shapeOf(context, kind);
  assert(aggregate.length === dimension, "aggregate has the wrong length");
  const next = { ...state, done: state.done + 1 };
  if (kind === "moments") return { ...next, scaling: scalingOf(aggregate) };
  if (kind === "counts") return { ...next, positiveShare: countedShare(aggregate) };
  if (kind === "evaluate") return evaluation(context, next, aggregate);
  const stepped = trained(context, next, aggregate);
  if (stepped.failure !== null) return stepped;
  const { rounds } = context.spec.strategy;
  const { everyRounds } = context.spec.evaluation;
  const trainingDone = state.trainingDone + 1;
  const isDue = everyRounds !== null && trainingDone % everyRounds === 0;
  return { ...stepped, trainingDone, evaluationDue: trainingDone === rounds || isDue };
}

function evaluation(context: TrainContext, state: TrainState, histogram: Aggregate): TrainState {
  const { metrics, scores } = readEvaluation(context, histogram);
  const selection = evaluated(context.spec, state.selection, metrics, state);
  const evaluationsDone = state.evaluationsDone + 1;
  const stopped = isPatienceOver(context.spec, selection);
  const spread = isAutoencoder(context.spec.model) ? scores : null;
  const next = { ...state, metrics, scores: spread, selection, stopped };
  return { ...next, evaluationsDone, evaluationDue: false };
}

/** From [rows, positive rows]; without rows, as many as negatives. */
function countedShare(counts: Aggregate): number {
  const rows = counts[0] ?? 0;
  return rows > 0 ? (counts[1] ?? 0) / rows : 0.5;
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
