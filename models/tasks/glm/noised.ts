/** A regression's opened sums where noise was added: what a round was, and how sure. Pure. */
import { badInput } from "../../../shared/base/errors.ts";
import { unpacked } from "../../glm/matrix.ts";
import { matrixWeight, type NoisedRound, type RoundNoise } from "../../glm/noised.ts";
import { fitLayout } from "../../glm/row-sums.ts";
import { readSums, sumsShape } from "../sums.ts";
import { type GlmContext, problemOf } from "./problem.ts";
import { noisedPlan } from "./shape.ts";
import type { GlmRound } from "./state.ts";

/** A class has this many rows at least, whatever the noise says. */
const ROWS_MIN = 0.5;

/**
 * Where the first round is taken: at the mean that the start tells.
 *
 * @throws {CloisterError} If there are hardly more rows than noise.
 */
export function noisedStart(context: GlmContext, sums: Float64Array): Float64Array {
  const problem = problemOf(context);
  const { family, design, response, exposure } = problem;
  const beta = new Float64Array(design.columns.length);
  if (family === "linear") return beta;
  const stdDev = noiseOf(context, "start");
  const [rows = 0, total = 0, exposed = 0] = sums;
  if (!(rows > 4 * stdDev)) {
    const remedy = "Ask with fewer columns, of more rows, or with less noise.";
    throw badInput("glm.noise", `The noise hides how many rows there are. ${remedy}`);
  }
  const events = Math.max(ROWS_MIN, total * response.scale);
  if (family === "poisson")
    beta[0] = Math.log(events / Math.max(ROWS_MIN, exposed * (exposure?.max ?? 1)));
  else beta[0] = Math.log(events / Math.max(ROWS_MIN, rows - events));
  return beta;
}

function noiseOf(context: GlmContext, kind: "start" | "fit"): number {
  const plan = noisedPlan(context, problemOf(context), kind);
  const { dimension } = sumsShape(context, plan);
  return readSums(context, plan, new Float64Array(dimension)).stdDev;
}

/** Rounds as the mathematics has them, in the response's own scale. The start is a linear model's only one. */
export function noisedRound(
  context: GlmContext,
  rounds: readonly GlmRound[],
): { readonly opened: readonly NoisedRound[]; readonly noise: RoundNoise } {
  const { family, design, response } = problemOf(context);
  const count = design.columns.length;
  const { gradient, extras } = fitLayout(count);
  const weight = matrixWeight(family, design.rowSquareMax) / response.scale;
  const opened = rounds.map(({ beta, sums }) => ({
    beta,
    information: unpacked(sums.subarray(0, gradient), count).map((value) => value / weight),
    gradient: sums.slice(gradient, extras).map((value) => response.scale * value),
  }));
  const stdDev = noiseOf(context, family === "linear" ? "start" : "fit");
  return {
    opened,
    noise: { information: stdDev / weight, gradient: response.scale * stdDev },
  };
}
