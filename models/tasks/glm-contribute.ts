/** A member's half of a regression: the vector for an ask, from its own records. Pure; draws from the given `rng`. */
import type { Rng } from "../../shared/base/env.ts";
import { badInput } from "../../shared/base/errors.ts";
import type { PartitionedData } from "../data.ts";
import { COEFFICIENT_MAX, fromParts, PARTS } from "../glm/exact-floats.ts";
import { wideVector } from "../glm/fixed-sum.ts";
import {
  countSums,
  fitSums,
  type Problem,
  type Rows,
  startSums,
  takesPart,
} from "../glm/row-sums.ts";
import { type GlmContext, problemOf } from "./glm-problem.ts";
import { checkKind, type GlmAskKind, noisedBounds, noisedPlan, pointOf } from "./glm-shape.ts";
import { rowTest } from "./query-filter.ts";
import { visitRows } from "./question-rows.ts";
import { writeSums } from "./sums.ts";
import type { Ask } from "./task.ts";

/** @throws {CloisterError} If the ask does not fit the run, or the data exceed the charter's rows. */
export function contribute(
  context: GlmContext,
  ask: Ask,
  data: PartitionedData,
  rng: Rng,
): Float64Array {
  const kind = checkKind(context, ask.kind);
  const problem = problemOf(context);
  const beta = coefficientsIn(ask.input, kind === "fit" ? problem.design.columns.length : 0);
  const { schema, spec } = context;
  const isWanted = rowTest(schema, spec.where);
  const rows: Rows = (visit) =>
    visitRows(
      context,
      data,
      spec.rowsPerUnitMax,
      rng,
      (part, row) => isWanted(part, row) && takesPart(problem, part, row),
      visit,
    );
  if (context.noise === null) {
    const sums = kind === "start" ? startSums(problem, rows) : fitSums(problem, beta, rows);
    return wideVector(sums, pointOf(context));
  }
  const plan = noisedPlan(context, problem, kind);
  return writeSums(context, plan, noisedSums(problem, kind, beta, rows).subarray(0, plan.length));
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
