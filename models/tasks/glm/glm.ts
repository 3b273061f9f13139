/**
 * A regression as a task: a fold over secure sums. Without noise Newton's method until it settles, which is the pooled
 * fit; with noise so many rounds as were planned, put together. Pure. The member's half is glm-contribute.
 */
import { assert } from "../../../shared/base/assert.ts";
import { CloisterError } from "../../../shared/base/errors.ts";
import type { GlmTask } from "../../../shared/charter/glm-spec.ts";
import { toParts } from "../../glm/exact-floats.ts";
import { LIMBS, wideSums } from "../../glm/fixed-sum.ts";
import { advanceFit, beginFit, type FitRules } from "../../glm/newton.ts";
import { heardColumns, nextBeta, solveRounds } from "../../glm/noised.ts";
import { readFit, readStart } from "../../glm/read-sums.ts";
import { readSums } from "../sums.ts";
import type { Aggregate, Ask, ColumnUse, Task } from "../task.ts";
import { answer } from "./answer.ts";
import { cohorts, contribute } from "./contribute.ts";
import { noisedRound, noisedStart } from "./noised.ts";
import { type GlmContext, problemOf, targetOf } from "./problem.ts";
import {
  checkKind,
  exactLength,
  noisedPlan,
  plannedAsks,
  pointOf,
  roundsOf,
  shapeOf,
} from "./shape.ts";
import { decodeState, encodeState, type GlmState } from "./state.ts";

/** A closer fit would tell single rows. */
const ROWS_PER_COLUMN = 3;

export const glmTask: Task<GlmTask, GlmState> = {
  plannedAsks,
  shapeOf,
  contribute,
  begin(context) {
    const total = plannedAsks(context).reduce((sum, { count }) => sum + count, 0);
    return { done: 0, total, start: null, rounds: [], fit: null, noised: null, failure: null };
  },
  nextAsk,
  absorb,
  answer: (context, state) => (isOver(context, state) ? answer(context, state) : null),
  cohorts,
  columnUse,
  partNames,
  progress: ({ done, total, failure }) => ({ done, total, loss: null, metrics: null, failure }),
  encodeState,
  decodeState,
};

function isOver(context: GlmContext, state: GlmState): boolean {
  return nextAsk(context, state) === null;
}

function nextAsk(context: GlmContext, state: GlmState): Ask | null {
  const { start, fit, noised, done, failure } = state;
  if (failure !== null || fit?.isSettled) return null;
  if (start === null) return { kind: "start", input: new Float32Array(0) };
  const beta = fit?.beta ?? noised?.beta;
  if (!beta || done > roundsOf(context)) return null;
  return { kind: "fit", input: toParts(beta) };
}

function absorb(context: GlmContext, state: GlmState, aggregate: Aggregate): GlmState {
  const ask = nextAsk(context, state);
  assert(ask !== null, "the task is complete");
  assert(aggregate.length === shapeOf(context, ask.kind).dimension, "aggregate has another length");
  const next = { ...state, done: state.done + 1 };
  try {
    const absorbed =
      context.noise === null
        ? absorbExact(context, next, wideSums(aggregate, pointOf(context)))
        : absorbNoised(context, next, openedSums(context, ask.kind, aggregate));
    return isOver(context, absorbed) ? { ...absorbed, total: absorbed.done } : absorbed;
  } catch (error) {
    if (!(error instanceof CloisterError)) throw error;
    return { ...next, total: next.done, failure: { code: error.code, message: error.message } };
  }
}

function openedSums(context: GlmContext, askKind: string, aggregate: Aggregate): Float64Array {
  const plan = noisedPlan(context, problemOf(context), checkKind(context, askKind));
  return readSums(context, plan, aggregate).sums;
}

/** @throws {CloisterError} If the fit cannot go on. */
function absorbExact(context: GlmContext, state: GlmState, sums: Float64Array): GlmState {
  const problem = problemOf(context);
  const columnCount = problem.design.columns.length;
  const rules = rulesOf(context);
  if (state.fit === null) {
    const fit = beginFit(rules, readStart(problem, columnCount, sums));
    return { ...state, start: sums, fit };
  }
  const { beta } = state.fit;
  const fit = advanceFit(rules, state.fit, readFit(problem, columnCount, sums));
  const next = { ...state, rounds: [{ beta, sums }], fit };
  if (fit.isSettled || state.done <= roundsOf(context)) return next;
  const message = `The fit has not settled in ${roundsOf(context)} rounds: allow more, or give ridge a small number.`;
  return { ...next, failure: { code: "glm.not-settled", message } };
}

function rulesOf(context: GlmContext): FitRules {
  const { family, ridge, tolerance } = context.spec;
  const columnNames = problemOf(context).design.columns.map(({ name }) => name);
  return { family, columnNames, ridge, tolerance, rowsPerColumn: ROWS_PER_COLUMN };
}

/** @throws {CloisterError} If noise leaves nothing to begin with. */
function absorbNoised(context: GlmContext, state: GlmState, sums: Float64Array): GlmState {
  if (state.start === null) {
    const beta = noisedStart(context, sums);
    return { ...state, start: sums, noised: roundsOf(context) === 0 ? null : { beta, used: [] } };
  }
  assert(state.noised !== null, "a round has been asked for");
  const rounds = [...state.rounds, { beta: state.noised.beta, sums }];
  const { opened, noise } = noisedRound(context, rounds);
  const [first] = opened;
  const used = first && state.rounds.length === 0 ? heardColumns(first, noise) : state.noised.used;
  const solved = solveRounds(opened, used, noise, context.spec.ridge);
  return { ...state, rounds, noised: { beta: nextBeta(state.noised.beta, solved), used } };
}

/** Products of columns tell of their values, and of categories how many rows are in each two of them. */
function columnUse(context: GlmContext): ColumnUse {
  const { spec, schema } = context;
  const conditions = spec.where.map(({ column }) => column);
  const exposure = spec.exposure === undefined ? [] : [spec.exposure];
  const all = [...new Set([...spec.columns, targetOf(context), ...exposure, ...conditions])];
  const { features, others = [] } = schema;
  const categories = [...features, ...others].filter(({ type }) => type === "category");
  const grouped = categories.map(({ name }) => name).filter((name) => spec.columns.includes(name));
  return { read: all, summed: all, grouped, joined: [] };
}

function partNames(context: GlmContext, askKind: string): readonly (readonly [string, number])[] {
  const kind = checkKind(context, askKind);
  const problem = problemOf(context);
  const count = problem.design.columns.length;
  const products = (count * (count + 1)) / 2;
  const weight = kind === "start" ? "" : ", by the fit's variance";
  const target = kind === "start" ? "the target" : "what the fit leaves of the target";
  const parts = [
    [`products of two columns${weight}`, products],
    [`products of a column and ${target}`, count],
  ] as const;
  if (context.noise !== null) {
    const { length } = noisedPlan(context, problem, kind);
    if (length < count) return [["rows, target, exposure", length]];
    return length > products + count ? [...parts, ["the target's square", 1]] : parts;
  }
  const rest = exactLength(problem, kind) - products - count - 2;
  const last = kind === "start" ? "the target's own terms" : "deviance";
  const all = [...parts, [last, rest], ["rows", 1], ["1 if rows are held back", 1]] as const;
  return all.map(([name, length]) => [`${name}, in ${LIMBS} limbs`, LIMBS * length]);
}
