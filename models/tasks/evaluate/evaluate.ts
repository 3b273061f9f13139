/**
 * An evaluation of a released model: one secure sum of rows by score and label, and everything that it tells. The model
 * is public input; every member holds it against the hash that it approved. Pure.
 */
import { assert } from "../../../shared/base/assert.ts";
import { bytesToFloat64, float64ToBytes } from "../../../shared/base/bytes.ts";
import { badInput } from "../../../shared/base/errors.ts";
import type { EvaluateTask } from "../../../shared/charter/evaluate-spec.ts";
import { cellMinOf } from "../cell-min.ts";
import { withoutSmall } from "../query/differencing.ts";
import { sumsShape } from "../sums.ts";
import type { Aggregate, Task } from "../task.ts";
import { evaluationAnswer } from "./answer.ts";
import { checkInput, modelScores, scoringEngine } from "./model.ts";
import { ownReport } from "./report.ts";
import {
  countRows,
  type EvaluateContext,
  evaluateParts,
  evaluatePlan,
  labelledRows,
  openEvaluation,
} from "./shape.ts";

export interface EvaluateState {
  /** What members are asked with; empty once they were; null: the model could not be found (any more). */
  readonly input: Float32Array | null;
  /** Null: not asked yet. */
  readonly sum: Aggregate | null;
}

const ASK = "evaluate";

export const evaluateTask: Task<EvaluateTask, EvaluateState> = {
  plannedAsks(context) {
    const { payers = "all" } = evaluatePlan(context);
    return [{ kind: ASK, partition: payers, count: 1 }];
  },
  shapeOf(context, askKind) {
    checkKind(askKind);
    return sumsShape(context, evaluatePlan(context));
  },
  contribute(context, ask, data, rng) {
    checkKind(ask.kind);
    checkInput(context, ask.input);
    return countRows(context, data, (part) => modelScores(context, ask.input, part), rng);
  },
  cohorts: (context, data) => withoutSmall(labelledRows(context, data), data, cellMinOf(context)),
  ownReport,
  engine: scoringEngine,
  begin: () => ({ input: null, sum: null }),
  nextAsk: (_, { input, sum }) =>
    input === null || sum !== null ? null : { kind: ASK, input: input.slice() },
  absorb(context, state, aggregate) {
    assert(state.sum === null, "the task is complete");
    const { dimension } = sumsShape(context, evaluatePlan(context));
    assert(aggregate.length === dimension, "aggregate has the wrong length");
    // The model has served: an answer keeps no copy that could outlive the model's own time.
    return { input: new Float32Array(0), sum: aggregate.slice() };
  },
  answer: (context, { sum }) =>
    sum === null ? null : evaluationAnswer(context, openEvaluation(context, sum)),
  columnUse({ schema, spec }) {
    const { label, unit, features } = schema;
    const by = spec.by === undefined ? [] : [spec.by];
    const columns = [...features.map(({ name }) => name), label.column, ...by];
    if (unit) columns.push(unit.column);
    if (label.delay) columns.push(label.delay.column);
    return { read: [...new Set(columns)], summed: by, grouped: by, joined: [] };
  },
  partNames: evaluateParts,
  progress: ({ input, sum }) => ({
    done: sum === null ? 0 : 1,
    total: 1,
    loss: null,
    metrics: null,
    failure: input === null ? GONE : null,
  }),
  encodeState({ input, sum }) {
    const values = new Float64Array(2 + (input?.length ?? 0) + (sum?.length ?? 0));
    values.set([input?.length ?? -1, sum?.length ?? -1]);
    values.set(input ?? [], 2);
    values.set(sum ?? [], values.length - (sum?.length ?? 0));
    return float64ToBytes(values);
  },
  decodeState,
};

/** The state with which a run begins. @throws {CloisterError} If the input is another model than the manifest's. */
export function begunEvaluation(context: EvaluateContext, input: Float32Array): EvaluateState {
  checkInput(context, input);
  return { input, sum: null };
}

const GONE = {
  code: "evaluate.model-gone",
  message: "the model that the run names is not here (any more)",
};

function checkKind(askKind: string): void {
  if (askKind === ASK) return;
  throw badInput("task.ask-unknown", `An evaluation never asks for "${askKind}".`);
}

function decodeState(context: EvaluateContext, bytes: Uint8Array): EvaluateState {
  const values = bytes.length % 8 === 0 ? bytesToFloat64(bytes) : new Float64Array(0);
  const [inputLength = Number.NaN, sumLength = Number.NaN] = values;
  const { dimension } = sumsShape(context, evaluatePlan(context));
  const expected = 2 + Math.max(0, inputLength) + Math.max(0, sumLength);
  if (values.length !== expected || (sumLength !== -1 && sumLength !== dimension))
    throw badInput("task.state-unreadable", "The stored state is not one of this task.");
  const sumAt = 2 + Math.max(0, inputLength);
  return {
    input: inputLength < 0 ? null : Float32Array.from(values.subarray(2, sumAt)),
    sum: sumLength < 0 ? null : values.slice(sumAt),
  };
}
