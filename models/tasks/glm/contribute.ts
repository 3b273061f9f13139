/** A member's half of a regression: the vector for an ask, from its own records. Pure; draws from the given `rng`. */
import type { Rng } from "../../../shared/base/env.ts";
import { badInput } from "../../../shared/base/errors.ts";
import type { PartitionedData } from "../../data.ts";
import { COEFFICIENT_MAX, fromParts, PARTS } from "../../glm/exact-floats.ts";
import { wideVector } from "../../glm/fixed-sum.ts";
import {
  countSums,
  fitSums,
  type Problem,
  type Rows,
  startSums,
  takesPart,
} from "../../glm/row-sums.ts";
import { cellMinOf } from "../cell-min.ts";
import { smallWithLargest } from "../query/differencing.ts";
import { type RowTest, rowTest } from "../query/filter.ts";
import { visitRows } from "../question-rows.ts";
import { writeSums } from "../sums.ts";
import type { Ask } from "../task.ts";
import { type GlmContext, problemOf } from "./problem.ts";
import {
  checkKind,
  exactLength,
  type GlmAskKind,
  noisedBounds,
  noisedPlan,
  pointOf,
} from "./shape.ts";

/**
 * Without noise a member with few units that take part sends zeros, and that it does.
 *
 * @throws {CloisterError} If the ask does not fit the run, or the data exceed the charter's rows.
 */
export function contribute(
  context: GlmContext,
  ask: Ask,
  data: PartitionedData,
  rng: Rng,
): Float64Array {
  const kind = checkKind(context, ask.kind);
  const problem = problemOf(context);
  const beta = coefficientsIn(ask.input, kind === "fit" ? problem.design.columns.length : 0);
  const isWanted = rowsWanted(context, problem);
  const { rowsPerUnitMax } = context.spec;
  let units = 0;
  const rows: Rows = (visit) => {
    let last = -1;
    visitRows(context, data, rowsPerUnitMax, rng, isWanted, (part, row, unit) => {
      if (unit !== last) units += 1;
      last = unit;
      visit(part, row);
    });
  };
  if (context.noise === null) {
    const own = kind === "start" ? startSums(problem, rows) : fitSums(problem, beta, rows);
    const sums = new Float64Array(exactLength(problem, kind));
    if (units > 0 && units < cellMinOf(context)) sums[own.length] = 1;
    else sums.set(own);
    return wideVector(sums, pointOf(context));
  }
  const plan = noisedPlan(context, problem, kind);
  return writeSums(context, plan, noisedSums(problem, kind, beta, rows).subarray(0, plan.length));
}

function rowsWanted({ schema, spec }: GlmContext, problem: Problem): RowTest {
  const isWanted = rowTest(schema, spec.where);
  return (data, row) => isWanted(data, row) && takesPart(problem, data, row);
}

/** All rows that take part; by the first category column where there is one, for sums are opened by its values too. */
export function cohorts(context: GlmContext, data: PartitionedData): Int32Array {
  const { train, holdout } = data;
  const problem = problemOf(context);
  const isWanted = rowsWanted(context, problem);
  const category = problem.design.sources.find(({ kind }) => kind === "category");
  const result = new Int32Array(train.rowCount + holdout.rowCount).fill(-1);
  for (const [part, from] of [[train, 0] as const, [holdout, train.rowCount] as const])
    for (let row = 0; row < part.rowCount; row++)
      if (isWanted(part, row)) result[from + row] = category?.read(part, row) ?? 0;
  return smallWithLargest(result, data, cellMinOf(context));
}

/** The plan's are the first of them. */
function noisedSums(
  problem: Problem,
  kind: GlmAskKind,
  beta: Float64Array,
  rows: Rows,
): Float64Array {
  const bounds = noisedBounds(problem);
  if (kind === "fit") return fitSums(problem, beta, rows, bounds);
  if (problem.family === "linear") return startSums(problem, rows, bounds.matrixWeight);
  return countSums(problem, rows);
}

function coefficientsIn(input: Float32Array, count: number): Float64Array {
  if (input.length !== PARTS * count) {
    const detail = `${input.length} values instead of ${PARTS * count}`;
    throw badInput("task.input-wrong-length", `The ask's input has ${detail}.`);
  }
  const beta = fromParts(input);
  if (beta.every((value) => Math.abs(value) <= COEFFICIENT_MAX)) return beta;
  throw badInput("glm.coefficients", "The ask's coefficients are not finite.");
}
