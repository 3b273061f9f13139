/** Opened sums as what a fit is computed from: matrices whole again, in the response's own scale. Pure. */
import { unpacked } from "./matrix.ts";
import type { FitSums, StartSums } from "./newton.ts";
import { fitLayout, type Problem, startLayout } from "./row-sums.ts";

/** What of a problem scales its sums. */
export type Scales = Pick<Problem, "response" | "exposure">;

/**
 * @param sums Of `startSums`, added up over members.
 * @returns Also `saturated`, poisson only: ln L of the model that fits each row perfectly, Σ y·ln y − y − ln y!.
 */
export function readStart(
  { response, exposure }: Scales,
  columnCount: number,
  sums: Float64Array,
): StartSums & { readonly saturated: number } {
  const { gradient, extras, rows } = startLayout(columnCount);
  const { scale } = response;
  const exposureMax = exposure?.max ?? 1;
  const own = scale * (sums[extras] ?? 0);
  const [total = 0] = sums.subarray(gradient);
  const saturated = own - scale * (total + (sums[extras + 1] ?? 0));
  const gram = unpacked(sums.subarray(0, gradient), columnCount);
  return {
    gram: gram.map((value) => exposureMax * value),
    xy: sums.slice(gradient, extras).map((value) => scale * value),
    own,
    saturated,
    rows: sums[rows] ?? 0,
  };
}

/** @param sums Of `fitSums`, added up over members. */
export function readFit({ response }: Scales, columnCount: number, sums: Float64Array): FitSums {
  const { gradient, extras, rows } = fitLayout(columnCount);
  const { scale } = response;
  const information = unpacked(sums.subarray(0, gradient), columnCount);
  return {
    information: information.map((value) => scale * value),
    gradient: sums.slice(gradient, extras).map((value) => scale * value),
    deviance: scale * (sums[extras] ?? 0),
    rows: sums[rows] ?? 0,
  };
}
