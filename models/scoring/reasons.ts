/**
 * Why a row has its score: how much each feature adds to its log-odds against a baseline. Pure. Integrated
 * gradients: exact for logistic regression and for relu, piece by linear piece; by quadrature for tanh.
 *
 * The baseline: every number at its centre and known, every category at the mean of its declared categories'
 * learned rows. The path from there is straight, so a plain net's first sums move along a line too, feature by
 * feature: gradients are needed only with respect to those sums. Of a topology, they are taken with respect to its
 * inputs and its categories' rows.
 *
 * @see Sundararajan, Taly and Yan, Axiomatic Attribution for Deep Networks, ICML 2017, §3 and proposition 1.
 */
import { type Architecture, architectureOf, isGraph } from "../engine/architecture.ts";
import { type FeatureSums, featureSums } from "../engine/first-layer.ts";
import type { Model } from "../model.ts";
import { graphPaths } from "./graph-paths.ts";
import { type NetTail, netTail, type Reach } from "./net-tail.ts";
import type { EncodedRow, Paths } from "./paths.ts";

export interface Reason {
  readonly feature: string;
  /** What it adds to the log-odds; negative: it speaks against "positive". Of an autoencoder: its share of the error. */
  readonly contribution: number;
}

export interface Explanation {
  /** Log-odds of the baseline, the same for every row. */
  readonly baseline: number;
  readonly logit: number;
  /** One a feature, in schema order. Their sum is logit − baseline up to `gap`; of an autoencoder, 1 up to `gap`. */
  readonly reasons: readonly Reason[];
  /** logit − baseline − Σ contributions: rounding for logistic regression and relu, `GAP_MAX` at most for tanh. */
  readonly gap: number;
  /** Gradients that were taken: relu, one a linear piece of the path; tanh, 16 or more; logistic regression, 1. */
  readonly steps: number;
}

/** Explains encoded rows. */
export type Explainer = (...row: EncodedRow) => Explanation;

/** What completeness may be missed by. Log-odds. */
export const GAP_MAX = 1e-3;
/** A smooth net's path is divided into so many intervals at first, and each at most so often again. */
const INTERVALS_MIN = 16;
const HALVINGS_MAX = 12;
/** A part of a path that is too short to matter. */
const SLIVER = 1e-9;

/** The K features that raise the score most, the largest first; those that do not raise it are no reasons. */
export function largestReasons(reasons: readonly Reason[], count: number): Reason[] {
  return reasons
    .filter(({ contribution }) => contribution > 0)
    .sort((a, b) => b.contribution - a.contribution)
    .slice(0, count);
}

export function explainer(model: Model): Explainer {
  const network = architectureOf(model.schema, model.spec);
  const { tail, constant, features } = isGraph(network)
    ? graphPaths(model, network)
    : netPaths(model, network);
  const start = Float64Array.from(constant);
  for (const { baseline } of features) addInPlace(start, baseline, 1);
  const baseline = tail.logit(start);
  return (...row) => {
    const moves = features.map((feature) => {
      const move = feature.valueOf(...row);
      addInPlace(move, feature.baseline, -1);
      return move;
    });
    const total = new Float64Array(start.length);
    for (const move of moves) addInPlace(total, move, 1);
    const { logit, gradient, steps } = meanGradient(tail, start, total, baseline);
    const reasons = features.map(({ feature }, f) => ({
      feature,
      contribution: dot(gradient, moves[f] ?? total),
    }));
    const sum = reasons.reduce((all, { contribution }) => all + contribution, 0);
    return { baseline, logit, reasons, gap: logit - baseline - sum, steps };
  };
}

/** Through the first layer's sums, along which a plain net's path is a line too. */
function netPaths(model: Model, architecture: Architecture): Paths {
  const width = architecture.layers[0]?.outputWidth ?? 1;
  return {
    tail: netTail(architecture, model.params),
    constant: Float64Array.from(firstBias(model, architecture)),
    features: featureSums(model, architecture).map((sums) => ({
      feature: sums.feature,
      baseline: baselineOf(sums, width),
      valueOf: (...row) => sumsOf(sums, ...row),
    })),
  };
}

/** A straight path of the first layer's sums: start + a·move, 0 ≤ a ≤ 1. */
interface Path {
  readonly tail: NetTail;
  readonly start: Float64Array;
  readonly move: Float64Array;
  readonly point: Float64Array;
  /** Σ gradient · length of the parts of the path that are done. */
  readonly gradient: Float64Array;
  steps: number;
}

function logitAt({ tail, start, move, point }: Path, a: number): number {
  for (let i = 0; i < point.length; i++) point[i] = (start[i] ?? 0) + a * (move[i] ?? 0);
  return tail.logit(point);
}

/** The mean of the gradient along the path, and the logit at its end. */
function meanGradient(
  tail: NetTail,
  start: Float64Array,
  move: Float64Array,
  baseline: number,
): { readonly logit: number; readonly gradient: Float64Array; readonly steps: number } {
  const gradient = new Float64Array(start.length);
  const path: Path = { tail, start, move, point: start.slice(), gradient, steps: 0 };
  if (tail.reachOfLast) addPieces(path, tail.reachOfLast, 0, 1);
  let low = baseline;
  for (let i = 0; i < INTERVALS_MIN && !tail.reachOfLast; i++) {
    const [from, to] = [i / INTERVALS_MIN, (i + 1) / INTERVALS_MIN];
    const high = logitAt(path, to);
    addHalves(path, from, to, high - low, HALVINGS_MAX);
    low = high;
  }
  return { logit: logitAt(path, 1), gradient, steps: path.steps };
}

/** Piecewise linear nets: from the middle to the next bends on both sides one gradient holds; so on beyond them. */
function addPieces(
  path: Path,
  reachOfLast: (move: Float64Array) => Reach,
  from: number,
  to: number,
): void {
  if (to - from < SLIVER) return;
  const middle = (from + to) / 2;
  logitAt(path, middle);
  path.steps += 1;
  const { back, ahead } = reachOfLast(path.move);
  const [first, last] = [Math.max(from, middle - back), Math.min(to, middle + ahead)];
  addInPlace(path.gradient, path.tail.gradientOfLast(), last - first);
  addPieces(path, reachOfLast, from, first);
  addPieces(path, reachOfLast, last, to);
}

/**
 * Smooth nets: the midpoint rule. An interval is halved until its middle accounts for its rise within its
 * share of half the gap, so that steps gather where the net bends, and completeness holds by construction.
 */
function addHalves(path: Path, from: number, to: number, rise: number, halvings: number): void {
  const middle = logitAt(path, (from + to) / 2);
  const slope = path.tail.gradientOfLast();
  path.steps += 1;
  const missed = Math.abs(rise - (to - from) * dot(slope, path.move));
  if (halvings === 0 || missed <= (GAP_MAX / 2) * (to - from))
    return addInPlace(path.gradient, slope, to - from);
  const half = (from + to) / 2;
  const firstRise = middle - logitAt(path, from);
  addHalves(path, from, half, firstRise, halvings - 1);
  addHalves(path, half, to, rise - firstRise, halvings - 1);
}

/** What the row's value of a feature adds to the first layer's sums. */
function sumsOf(
  sums: FeatureSums,
  numbers: Float32Array,
  numbersAt: number,
  codes: Uint16Array,
  codesAt: number,
): Float64Array<ArrayBuffer> {
  if (sums.type === "category") {
    const { rows, column } = sums;
    return (rows[codes[codesAt + column] ?? 0] ?? rows[0] ?? new Float64Array()).slice();
  }
  const { weights, missing, column, centre, inverseScale } = sums;
  const x = numbers[numbersAt + column] ?? 0;
  if (Number.isNaN(x)) return missing?.slice() ?? new Float64Array(weights.length);
  return weights.map((w) => w * (x - centre) * inverseScale);
}

/** A number's centre adds nothing; a category's is the mean of its declared categories. */
function baselineOf(sums: FeatureSums, width: number): Float64Array {
  const baseline = new Float64Array(width);
  if (sums.type === "number") return baseline;
  for (const row of sums.rows.slice(1)) addInPlace(baseline, row, 1 / (sums.rows.length - 1));
  return baseline;
}

function firstBias({ params }: Model, { layers }: Architecture): Float32Array {
  const { biasOffset, outputWidth } = layers[0] ?? { biasOffset: 0, outputWidth: 0 };
  return params.subarray(biasOffset, biasOffset + outputWidth);
}

function addInPlace(target: Float64Array, values: ArrayLike<number>, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] ?? 0) + factor * (values[i] ?? 0);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
