/** The vectors of a regression: which are asked for, their lengths and bounds, from public context alone. Pure. */
import { badInput } from "../../../shared/base/errors.ts";
import { LIMBS, type WideFixedPoint, wideFixedPoint } from "../../glm/fixed-sum.ts";
import { matrixWeight, ROUNDS_LEADING, roundNorm } from "../../glm/noised.ts";
import { type Bounds, COUNTS, fitLayout, type Problem, startLayout } from "../../glm/row-sums.ts";
import { rowTest } from "../query/filter.ts";
import { type SumsPlan, sumsShape } from "../sums.ts";
import type { PlannedAsk, ReleaseShape } from "../task.ts";
import { type GlmContext, problemOf } from "./problem.ts";

/** `start`: what needs no coefficients. `fit`: sums at the coefficients asked with. */
export type GlmAskKind = "start" | "fit";

const ROUNDS_EXACT = 25;
const ROUNDS_NOISED = 6;

/** @throws {CloisterError} If the question cannot be asked of these tables; says what to change. */
export function plannedAsks(context: GlmContext): PlannedAsk[] {
  problemOf(context);
  rowTest(context.schema, context.spec.where);
  const rounds = roundsOf(context);
  if (rounds > 0 && context.noise !== null && rounds < ROUNDS_LEADING + 2) {
    const message = `under noise a fit needs ${ROUNDS_LEADING + 2} rounds: the first only lead to it`;
    throw badInput("glm.rounds", message);
  }
  const start = { kind: "start", partition: "all", count: 1 } as const;
  return rounds === 0 ? [start] : [start, { kind: "fit", partition: "all", count: rounds }];
}

/** Newton rounds at most; under noise exactly so many. */
export function roundsOf({ spec, noise }: Pick<GlmContext, "spec" | "noise">): number {
  if (noise === null) return spec.rounds ?? ROUNDS_EXACT;
  // The start's sums are all that a linear model needs.
  return spec.family === "linear" ? 0 : (spec.rounds ?? ROUNDS_NOISED);
}

/** @throws {CloisterError} If this regression never asks for `kind`. */
export function checkKind(context: GlmContext, kind: string): GlmAskKind {
  if (kind === "start" || (kind === "fit" && roundsOf(context) > 0)) return kind;
  throw badInput("task.ask-unknown", `This regression never asks for "${kind}".`);
}

export function pointOf({ rowsMax, memberCount }: GlmContext): WideFixedPoint {
  return wideFixedPoint(rowsMax, memberCount);
}

export function shapeOf(context: GlmContext, askKind: string): ReleaseShape {
  const kind = checkKind(context, askKind);
  const problem = problemOf(context);
  if (context.noise !== null) return sumsShape(context, noisedPlan(context, problem, kind));
  const { limbMax } = pointOf(context);
  const release = { kind: "bounded", magnitudeMax: limbMax, ringBits: 32, exact: true } as const;
  return { dimension: LIMBS * exactLength(problem, kind), release };
}

/** Sums of an ask without noise, and last 1 of a member that holds its few rows back. */
export function exactLength({ design }: Problem, kind: GlmAskKind): number {
  const layout = kind === "start" ? startLayout : fitLayout;
  return layout(design.columns.length).size + 1;
}

/** Under noise: of a linear start, and of a fit, matrix and gradient (and Σ y²); of another start, the counts alone. */
export function noisedPlan(
  { spec }: Pick<GlmContext, "spec">,
  { family, design }: Problem,
  kind: GlmAskKind,
): SumsPlan {
  const common = { values: "reals", rowsPerUnitMax: spec.rowsPerUnitMax } as const;
  if (kind === "start" && family !== "linear")
    return { ...common, length: COUNTS, rowNorm: Math.sqrt(COUNTS) };
  const { extras } = fitLayout(design.columns.length);
  const length = extras + (family === "linear" ? 1 : 0);
  return { ...common, length, rowNorm: roundNorm(family, design.rowSquareMax) };
}

/** What bounds a row's part of a noised round. */
export function noisedBounds({ family, design, response }: Problem): Bounds {
  const meanMax = family === "poisson" ? response.scale : Number.POSITIVE_INFINITY;
  return { matrixWeight: matrixWeight(family, design.rowSquareMax), meanMax };
}
