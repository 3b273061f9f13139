/**
 * How far a reconstruction is off, part by part, and the derivative of that. Pure. The one definition for training,
 * scoring and reasons; docs/models.md has it for readers.
 *
 * e = (1/P) · Σ over the P parts of
 *   number     Huber's function, twice over: r² up to |r| = 1, 2|r| − 1 beyond; r = estimate − target, both in
 *              units of the scaling, the target cut off at ±8. Nothing where the number is unknown.
 *   indicator  cross-entropy / ln 2
 *   category   cross-entropy / ln K over the K codes
 *
 * Each part is about 1 for an estimate that knows nothing: a number's mean with `scaling: moments`, a fair coin, all
 * codes alike. So e = 1 is a public reference, and no feature counts more for having many categories. A part's
 * derivative by its outputs is bounded whatever the row holds: one wild value does not rule a sum.
 *
 * @see Huber, Robust Estimation of a Location Parameter, Annals of Mathematical Statistics 35 (1964); Hinton and
 *   Salakhutdinov, Reducing the Dimensionality of Data with Neural Networks, Science 313 (2006); Goodfellow, Bengio and
 *   Courville, Deep Learning, 2016, chapter 14.
 */
import type { CategoryPart, Part, Reconstruction } from "./parts.ts";

/** Scaled numbers beyond are taken for it. */
export const TARGET_MAX = 8;
const LN_2 = Math.log(2);
/** The error's logarithm stays finite. */
const ERROR_MIN = 1e-12;

/** One row: views of buffers that its owner moves from row to row. */
export interface RowView {
  /** The first layer's input. */
  inputs: Float64Array;
  inputsAt: number;
  codes: Uint16Array | Uint32Array;
  codesAt: number;
  outputs: Float64Array;
  outputsAt: number;
}

/**
 * A part's error. Where `delta` is not null, its derivatives by the outputs, times `scale`, are written there, as
 * `outputs` has them from `deltaAt` on.
 */
export function partError(
  part: Part,
  row: RowView,
  delta: Float64Array | null,
  deltaAt: number,
  scale: number,
): number {
  const to = deltaAt + part.outputAt;
  if (part.kind === "category") return categoryError(part, row, delta, to, scale);
  const z = row.outputs[row.outputsAt + part.outputAt] ?? Number.NaN;
  const x = row.inputs[row.inputsAt + part.inputAt] ?? 0;
  if (part.kind === "indicator") {
    if (delta) delta[to] = (scale / LN_2) * (1 / (1 + Math.exp(-z)) - x);
    return (Math.max(z, 0) - z * x + Math.log1p(Math.exp(-Math.abs(z)))) / LN_2;
  }
  const isUnknown = part.indicatorAt !== null && row.inputs[row.inputsAt + part.indicatorAt] === 1;
  if (isUnknown) {
    if (delta) delta[to] = 0;
    // An estimate that is not a number must be seen, whatever it is compared with.
    return 0 * z;
  }
  const r = z - Math.max(-TARGET_MAX, Math.min(TARGET_MAX, x));
  if (delta) delta[to] = 2 * scale * Math.max(-1, Math.min(1, r));
  return Math.abs(r) <= 1 ? r * r : 2 * Math.abs(r) - 1;
}

/** Softmax cross-entropy, shifted by the largest output so that nothing overflows. */
function categoryError(
  { column, outputAt, width }: CategoryPart,
  { codes, codesAt, outputs, outputsAt }: RowView,
  delta: Float64Array | null,
  to: number,
  scale: number,
): number {
  const from = outputsAt + outputAt;
  const known = codes[codesAt + column] ?? 0;
  const code = known < width ? known : 0;
  let largest = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < width; k++) largest = Math.max(largest, outputs[from + k] ?? 0);
  let sum = 0;
  for (let k = 0; k < width; k++) sum += Math.exp((outputs[from + k] ?? 0) - largest);
  const unit = Math.log(width);
  if (delta) {
    for (let k = 0; k < width; k++) {
      const probability = Math.exp((outputs[from + k] ?? 0) - largest) / sum;
      delta[to + k] = (scale / unit) * (probability - (k === code ? 1 : 0));
    }
  }
  return (largest + Math.log(sum) - (outputs[from + code] ?? 0)) / unit;
}

/** e of a row; where `delta` is not null, its derivatives times `scale` go there. */
export function rowError(
  { parts }: Reconstruction,
  row: RowView,
  delta: Float64Array | null = null,
  deltaAt = 0,
  scale = 1,
): number {
  let sum = 0;
  for (let p = 0; p < parts.length; p++) {
    const part = parts[p];
    if (part !== undefined) sum += partError(part, row, delta, deltaAt, scale / parts.length);
  }
  return sum / parts.length;
}

/**
 * The anomaly score on the scale of log-odds, 2 ln e: 0 where a row is given back as badly as by a guess that knows
 * nothing. As a score between 0 and 1 that is e² / (1 + e²). Bins equal in log-odds on [−8, 8] are then equal in ln e,
 * from e = 0.018 to 55.
 */
export function anomalyLogit(error: number): number {
  return 2 * Math.log(error < ERROR_MIN ? ERROR_MIN : error);
}
