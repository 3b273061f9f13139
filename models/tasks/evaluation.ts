/** Secure evaluation, whatever kind of model is evaluated: a histogram of scores by label over the holdout. Pure. */
import type { Rng } from "../../shared/base/env.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import type { EncodedData } from "../data.ts";
import { selectUnits } from "../engine/units.ts";
import { addScoresInPlace } from "../metrics/histogram.ts";
import type { ReleaseShape, TaskContext } from "./task.ts";

/** What of a run decides its evaluations. */
type EvaluationContext = Pick<
  TaskContext<{ readonly evaluation: { readonly bins: number; readonly rowsPerUnitMax: number } }>,
  "spec" | "noise" | "rowsMax"
>;

/** How the histogram leaves a member: exact, or with noise for the rows that a unit may have in it. */
export function evaluationShape({ spec, noise, rowsMax }: EvaluationContext): ReleaseShape {
  const { bins, rowsPerUnitMax } = spec.evaluation;
  const dimension = 2 * bins;
  if (noise === null) {
    const release = { kind: "bounded", magnitudeMax: rowsMax, ringBits: 32, exact: true } as const;
    return { dimension, release };
  }
  return {
    dimension,
    release: {
      kind: "noised",
      sensitivity: rowsPerUnitMax,
      samplingProbability: 1,
      noiseMultiplier: noise.holdoutMultiplier,
      partition: "holdout",
    },
  };
}

/**
 * @param logits Log-odds of each row of `data`.
 * @returns Of all rows; under noise, of at most `rowsPerUnitMax` of each unit. Shape [2 × bins].
 */
export function scoreHistogram(
  { spec, noise }: EvaluationContext,
  logits: Float32Array,
  data: EncodedData,
  rng: Rng,
): Float64Array {
  const { bins, rowsPerUnitMax } = spec.evaluation;
  const histogram = new Float64Array(2 * bins);
  const rows =
    noise === null ? null : selectUnits(data, 1, rowsPerUnitMax, new UniformSource(rng)).rows;
  addScoresInPlace(histogram, logits, data.labels, rows);
  return histogram;
}
