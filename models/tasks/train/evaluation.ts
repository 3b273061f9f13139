/** Secure evaluation, whatever kind of model is evaluated: a histogram of scores by label over the holdout. Pure. */
import type { Rng } from "../../../shared/base/env.ts";
import { badInput } from "../../../shared/base/errors.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import type { DataSchema } from "../../../shared/charter/schema.ts";
import type { EncodedData } from "../../data.ts";
import { selectUnits } from "../../engine/units.ts";
import { addScoresInPlace, metricsOfHistogram } from "../../metrics/histogram.ts";
import { scoreQuantiles } from "../../metrics/quantiles.ts";
import type { Aggregate, Metrics, ReleaseShape, ScoreQuantiles, TaskContext } from "../task.ts";

/** What of a run decides its evaluations. */
type EvaluationContext = Pick<
  TaskContext<{ readonly evaluation: { readonly bins: number; readonly rowsPerUnitMax: number } }>,
  "spec" | "schema" | "noise" | "rowsMax"
>;

/** Of all rows of a class together, its noise must be so many times smaller than it to be taken for rows. */
const NOISE_FACTOR = 4;

/** Negatives and positives and, where labels may be missing, rows without one. */
function sectionsOf({ schema }: Pick<EvaluationContext, "schema">): 2 | 3 {
  return schema.label.missing === "allow" ? 3 : 2;
}

/** @throws {CloisterError} If rows may be without the label that a model learns. */
export function checkLabels({ label }: DataSchema): void {
  if (label.missing !== "allow") return;
  throw badInput(
    "task.labels-missing",
    "The schema lets labels be missing, and this model learns them. Train an autoencoder, or leave label.missing out.",
  );
}

/** How the histogram leaves a member: exact, or with noise for the rows that a unit may have in it. */
export function evaluationShape(context: EvaluationContext): ReleaseShape {
  const { spec, noise, rowsMax } = context;
  const { bins, rowsPerUnitMax } = spec.evaluation;
  const dimension = sectionsOf(context) * bins;
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
 * @returns Of all rows; under noise, of at most `rowsPerUnitMax` of each unit. Shape [2 × bins], [3 × bins] where
 *   labels may be missing.
 */
export function scoreHistogram(
  context: EvaluationContext,
  logits: Float32Array,
  data: EncodedData,
  rng: Rng,
): Float64Array {
  const { spec, noise } = context;
  const { bins, rowsPerUnitMax } = spec.evaluation;
  const sections = sectionsOf(context);
  const histogram = new Float64Array(sections * bins);
  const rows =
    noise === null ? null : selectUnits(data, 1, rowsPerUnitMax, new UniformSource(rng)).rows;
  addScoresInPlace(histogram, logits, data.labels, rows, sections);
  return histogram;
}

/**
 * What an evaluation's opened sum tells. Where labels may be missing, metrics need rows of both classes that noise could
 * not have made: without labels there are none.
 */
export function readEvaluation(
  context: EvaluationContext,
  aggregate: Aggregate,
): { readonly metrics: Metrics | null; readonly scores: ScoreQuantiles | null } {
  const { spec, noise } = context;
  const { bins, rowsPerUnitMax } = spec.evaluation;
  const scores = scoreQuantiles(aggregate, bins);
  const labelled = aggregate.subarray(0, 2 * bins);
  if (noise !== null && sectionsOf(context) === 3) {
    const noiseStdDev = noise.holdoutMultiplier * rowsPerUnitMax * Math.sqrt(bins);
    const isSure = [labelled.subarray(0, bins), labelled.subarray(bins)].every(
      (section) => section.reduce((sum, count) => sum + count, 0) > NOISE_FACTOR * noiseStdDev,
    );
    if (!isSure) return { metrics: null, scores };
  }
  return { metrics: metricsOfHistogram(labelled), scores };
}
