/**
 * From pairs of neighbours' distributions to ε and δ: chooses tilt, window and grid, composes, reads
 * the curve. Pure. The choices decide how close the bound is; every choice gives a bound.
 */
import { type ComposedLoss, type CompositionPlan, composedLoss } from "./composition.ts";
import {
  type CumulantFunction,
  type Cumulants,
  cumulantFunction,
  logDeltaAtTilt,
  type RepeatedPair,
  tiltWhere,
} from "./cumulants.ts";
import { type CurvePoint, deltaOnCurve, epsilonOnCurve } from "./curve.ts";
import type { TailCut } from "./pair.ts";

/** Truncated and wrapped masses are below e^−11 of δ, each. */
const LOG_NEGLIGIBLE = -11;
/** A window holds from 2^10 to 2^21 grid points, a single release at most 2^22. */
const LENGTH_MIN = 2 ** 10;
const LENGTH_MAX = 2 ** 21;
const CELLS_MAX = 2 ** 22;
/** Least factor by which an unusual curve makes the grid's tolerance smaller. */
const CARE_MIN = 0.05;
/** How much coarser the grid of a first look is. */
const GLANCE = 50;
const TILT_MAX = 1e6;
/** Below this, ln δ need not be close. */
const LOG_DELTA_MIN = -150;

/** What is to be known, and how far above the exact value it may be, about. */
export interface Goal {
  /** Relative error of ε allowed to the grid. */
  readonly tolerance: number;
}

/** ε at δ in (0, 1). At least the exact value. */
export function epsilonOfPairs(
  pairs: readonly RepeatedPair[],
  delta: number,
  { tolerance }: Goal,
): number {
  const logDelta = Math.log(delta);
  const cut = cutFor(pairs, logDelta);
  const cumulants = cumulantFunction(pairs, cut);
  const pointAt = (tilt: number, epsilon: number, allowed: number): CurvePoint => {
    const stdDev = Math.sqrt(cumulants(tilt).variance);
    const place = { tilt, epsilon, stdDev, logDelta, cut };
    const scale = Math.max(epsilon, stdDev / 100);
    return epsilonOnCurve(composedAt(pairs, cumulants, place, allowed * scale), delta);
  };
  // A cheap look corrects the estimate of where the answer is.
  const estimate = tiltForDelta(cumulants, logDelta);
  let point = pointAt(estimate, cumulants(estimate).mean, GLANCE * tolerance);
  for (let attempt = 0; attempt < 3 && Number.isFinite(point.epsilon); attempt++) {
    const tilt = point.belowWindow ? 0 : tiltForEpsilon(cumulants, point.epsilon);
    // Where δ does not fall like e^(−tilt·ε), its errors move ε by more: they are larger, or it is flat.
    const ratio = point.slope / tilt;
    const care = Math.max(CARE_MIN, Math.min(ratio, 1 / ratio));
    point = pointAt(tilt, point.epsilon, tolerance * care);
    if (tilt === 0 || !point.belowWindow) break;
  }
  return Math.min(point.epsilon, lossMax(pairs));
}

/** δ at ε ≥ 0. At least the exact value. */
export function deltaOfPairs(
  pairs: readonly RepeatedPair[],
  epsilon: number,
  { tolerance }: Goal,
): number {
  if (epsilon >= lossMax(pairs)) return 0;
  // A first look, almost without a cut, tells the size of δ; the cut follows it.
  const uncut = cumulantFunction(pairs, cutFor(pairs, LOG_DELTA_MIN));
  const cut = cutFor(pairs, logDeltaAtTilt(uncut, tiltForEpsilon(uncut, epsilon)));
  const cumulants = cumulantFunction(pairs, cut);
  const tilt = tiltForEpsilon(cumulants, epsilon);
  const stdDev = Math.sqrt(cumulants(tilt).variance);
  const logDelta = Math.max(LOG_DELTA_MIN, logDeltaAtTilt(cumulants, tilt));
  const place = { tilt, epsilon, stdDev, logDelta, cut };
  // δ falls by the factor e^(−tilt) per unit of ε; a tenfold error of ε's is a good one here.
  const allowed = (10 * tolerance) / Math.max(tilt, 1 / stdDev);
  return deltaOnCurve(composedAt(pairs, cumulants, place, allowed), epsilon).delta;
}

function lossMax(pairs: readonly RepeatedPair[]): number {
  return pairs.reduce((sum, { pair, count }) => sum + count * pair.lossMax, 0);
}

function releaseCount(pairs: readonly RepeatedPair[]): number {
  return pairs.reduce((sum, { count }) => sum + count, 0);
}

function cutFor(pairs: readonly RepeatedPair[], logDelta: number): TailCut {
  const each = Math.exp(LOG_NEGLIGIBLE) / releaseCount(pairs);
  return { upperMass: Math.max(1e-280, Math.exp(logDelta) * each), lowerMass: each / 100 };
}

/** The tilt at which the estimate of δ at the tilted mean is `logDelta`. */
function tiltForDelta(cumulants: CumulantFunction, logDelta: number): number {
  // Bounded losses may never get there: twice what a Gaussian needs is enough.
  let max = 1;
  const goesOn = (): boolean =>
    logDeltaAtTilt(cumulants, max) > logDelta && max * cumulants(max).mean < -8 * logDelta;
  while (max < TILT_MAX && goesOn()) max *= 2;
  return tiltWhere((tilt) => logDeltaAtTilt(cumulants, tilt), logDelta, max);
}

/** The tilt at which the tilted mean is ε, unless δ is negligible before; 0 if the mean is above it. */
function tiltForEpsilon(cumulants: CumulantFunction, epsilon: number): number {
  let max = 1;
  const goesOn = (): boolean =>
    cumulants(max).mean < epsilon &&
    max * cumulants(max).mean < -8 * LOG_DELTA_MIN &&
    logDeltaAtTilt(cumulants, max) > LOG_DELTA_MIN;
  while (max < TILT_MAX && goesOn()) max *= 2;
  return tiltWhere((tilt) => -cumulants(tilt).mean, -epsilon, max);
}

/** Where on the curve an answer is expected. */
interface Place {
  readonly epsilon: number;
  readonly logDelta: number;
  readonly tilt: number;
  /** Of the tilted loss. */
  readonly stdDev: number;
  readonly cut: TailCut;
}

/** @param allowed How much ε may rise through the grid. */
function composedAt(
  pairs: readonly RepeatedPair[],
  cumulants: CumulantFunction,
  place: Place,
  allowed: number,
): ComposedLoss {
  return composedLoss(planFor(pairs, cumulants, place, allowed));
}

/**
 * A loss put on two points h apart, with its exponential kept in the mean, raises ln E[e^(θL)] by at
 * most θ(θ + 1)h²/8; n of them raise ε by about n(θ + 1)h²/8 at tilt θ.
 */
function planFor(
  pairs: readonly RepeatedPair[],
  cumulants: CumulantFunction,
  place: Place,
  allowed: number,
): CompositionPlan {
  const { tilt, cut } = place;
  const { low, high, tailTilt } = windowFor(pairs, cumulants, place);
  const fine = Math.sqrt((8 * allowed) / (releaseCount(pairs) * (tilt + 1)));
  const widest = Math.max(...pairs.map(({ pair }) => widthOf(pair.nodes(cut).losses)));
  const wanted = Math.max(Math.min(fine, 0.25 / (tilt + 1)), widest / CELLS_MAX);
  // A little more than the window, so that a step that is made to fit below still spans it.
  const width = 1.02 * (high - low) + 4 * wanted;
  const length =
    2 ** Math.ceil(Math.log2(Math.max(LENGTH_MIN, Math.min(LENGTH_MAX, width / wanted))));
  const step = fitted(Math.max(width / length, widest / CELLS_MAX), pairs);
  return { pairs, cut, step, tilt, first: Math.floor(low / step), length, tailTilt };
}

function widthOf(losses: Float64Array): number {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const loss of losses) [low, high] = [Math.min(low, loss), Math.max(high, loss)];
  return high - low;
}

/** The step, a little smaller where the largest of all bounded losses is then a multiple of it. */
function fitted(step: number, pairs: readonly RepeatedPair[]): number {
  const bounded = pairs.map(({ pair }) => pair.lossMax).filter(Number.isFinite);
  const largest = Math.max(0, ...bounded);
  return largest > 50 * step ? largest / Math.ceil(largest / step) : step;
}

/** Losses outside contribute less than e^−11 of δ, together, and what is folded in no more. */
function windowFor(
  pairs: readonly RepeatedPair[],
  cumulants: CumulantFunction,
  { epsilon, logDelta, tilt, stdDev }: Place,
): { low: number; high: number; tailTilt: number } {
  const target = logDelta + LOG_NEGLIGIBLE;
  // Above: P(L > high) ≤ e^(K(θ) − θ·high), for the θ where that is tight.
  const tailTilt =
    tilt + tightTilt(cumulants, tilt, (k, more) => k.log - (tilt + more) * k.mean, target);
  const top = (cumulants(tailTilt).log - target) / tailTilt;
  const high = Math.min(Math.max(top, epsilon + stdDev), lossMax(pairs));
  // From above ε + width, mass is folded in above ε, e^(tilt·width) times as likely as it was.
  const here = cumulants(tilt).log;
  const logFolded = target - (here - tilt * epsilon);
  const wrap = tightTilt(cumulants, tilt, (k, more) => k.log - here - more * k.mean, logFolded);
  const width = (cumulants(tilt + wrap).log - here - logFolded) / wrap - epsilon;
  // From below, it is folded to the top, e^(−tilt·width) times as likely; or there is none, tilted.
  const folded = tilt > 0 ? high + target / tilt : Number.NEGATIVE_INFINITY;
  const below = tightTilt(cumulants, tilt, (k, more) => k.log - here + more * k.mean, target, -1);
  const empty = (target - cumulants(tilt - below).log + here) / below;
  const low = Math.min(Math.max(empty, folded), epsilon - 6 * stdDev, high - width);
  return { low, high, tailTilt };
}

/** How far from `tilt` (up, or down if `side` is −1) a falling rate reaches the target. */
function tightTilt(
  cumulants: CumulantFunction,
  tilt: number,
  rate: (cumulants: Cumulants, distance: number) => number,
  target: number,
  side: 1 | -1 = 1,
): number {
  const at = (distance: number): number => rate(cumulants(tilt + side * distance), distance);
  return Math.max(1e-3, tiltWhere(at, target, TILT_MAX));
}
