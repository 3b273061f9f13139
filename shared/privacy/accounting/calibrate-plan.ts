/**
 * How much noise, how many steps, or how large a sample a plan may have by any accountant: the number
 * whose ε comes closest to the target from below. Pure.
 */
import { assert } from "../../base/assert.ts";
import { badInput } from "../../base/errors.ts";
import type { PrivacyAccountant } from "./accountant.ts";
import { repeated, sampledGaussian } from "./events.ts";

/** What all releases may cost together, with those that the accountant has counted already. */
export interface PrivacyTarget {
  readonly epsilon: number;
  readonly delta: number;
}

/** Equal noised steps, each on a fresh Poisson sample. */
export interface NoisedSteps {
  readonly samplingProbability: number;
  readonly noiseMultiplier: number;
  readonly stepCount: number;
}

/** ε of a result is at most the target, and above it less this part of it. */
const TOLERANCE = 3e-4;
const NOISE_MIN = 0.05;
const NOISE_MAX = 2 ** 30;
const SAMPLING_MIN = 1e-12;
const STEPS_MAX = 10_000_000;
const TRIES_MAX = 80;
/** First stride, in logarithms, of a search whose result is nearly known. */
const NEAR_STRIDE = 1e-3;

/**
 * The least noise multiplier.
 *
 * @param near A number that is known to be close, such as a coarser accountant's: saves time.
 * @throws {CloisterError} `privacy.target-unreachable` If no noise is enough.
 */
export function noiseMultiplierFor(
  accountant: PrivacyAccountant,
  plan: Omit<NoisedSteps, "noiseMultiplier">,
  target: PrivacyTarget,
  near?: number,
): number {
  const excess = excessOf(accountant, target);
  const logExcess = (log: number): number => excess({ ...plan, noiseMultiplier: Math.exp(-log) });
  const stride = near === undefined ? Math.LN2 / 2 : NEAR_STRIDE;
  const start = -Math.log(near ?? 1);
  const range = { low: -Math.log(NOISE_MAX), start, high: -Math.log(NOISE_MIN), stride };
  return Math.exp(-lastWithin(logExcess, range));
}

/**
 * The largest sampling probability.
 *
 * @throws {CloisterError} `privacy.target-unreachable` If no sample is small enough.
 */
export function samplingProbabilityFor(
  accountant: PrivacyAccountant,
  plan: Omit<NoisedSteps, "samplingProbability">,
  target: PrivacyTarget,
): number {
  const excess = excessOf(accountant, target);
  const logExcess = (log: number): number =>
    excess({ ...plan, samplingProbability: Math.exp(log) });
  const range = { low: Math.log(SAMPLING_MIN), start: Math.log(0.01), high: 0, stride: Math.LN2 };
  return Math.exp(lastWithin(logExcess, range));
}

/** The most steps, at most 10^7; 0 if one is too many. */
export function stepCountFor(
  accountant: PrivacyAccountant,
  plan: Omit<NoisedSteps, "stepCount">,
  target: PrivacyTarget,
): number {
  const excess = excessOf(accountant, target);
  const at = (stepCount: number): number => excess({ ...plan, stepCount });
  let [good, bad] = [
    { x: 0, y: Number.NEGATIVE_INFINITY },
    { x: 1, y: at(1) },
  ];
  while (bad.y <= 0) {
    good = bad;
    if (good.x === STEPS_MAX) return STEPS_MAX;
    // Over a small range ε grows like a power of the steps between ½ and 1.
    const x = Math.min(STEPS_MAX, Math.ceil(good.x * Math.min(64, 1 + Math.exp(-1.5 * good.y))));
    bad = { x, y: at(x) };
  }
  for (let turn = 0; bad.x - good.x > 1; turn++) {
    const logs = { good: Math.log(good.x), bad: Math.log(bad.x) };
    const guess = Math.exp(between({ x: logs.good, y: good.y }, { x: logs.bad, y: bad.y }, turn));
    const x = Math.min(bad.x - 1, Math.max(good.x + 1, Math.floor(guess)));
    const y = at(x);
    if (y <= 0) good = { x, y };
    else bad = { x, y };
  }
  return good.x;
}

/** ln(ε / target): at most 0 where the plan fits. −Infinity where it costs nothing. */
function excessOf(
  accountant: PrivacyAccountant,
  { epsilon, delta }: PrivacyTarget,
): (plan: NoisedSteps) => number {
  assert(epsilon > 0 && delta > 0 && delta < 1, "a target has a positive ε and a δ in (0, 1)");
  return ({ samplingProbability, noiseMultiplier, stepCount }) => {
    const event = repeated(sampledGaussian(samplingProbability, noiseMultiplier), stepCount);
    return Math.log(accountant.compose(event).getEpsilon(delta) / epsilon);
  };
}

interface Point {
  readonly x: number;
  readonly y: number;
}

interface Range {
  readonly low: number;
  readonly start: number;
  readonly high: number;
  /** How far the first step goes that looks for the other side of 0. */
  readonly stride: number;
}

/** The x at which a rising function is within `TOLERANCE` below 0, or the range's end if it stays below. */
function lastWithin(rising: (x: number) => number, range: Range): number {
  const at = (x: number): Point => ({ x, y: rising(x) });
  let [good, bad] = bracket(at, range);
  if (bad === null) return good.x;
  for (let turn = 0; good.y < -TOLERANCE && turn < TRIES_MAX; turn++) {
    const point = at(between(good, bad, turn));
    if (point.y <= 0) good = point;
    else bad = point;
  }
  return good.x;
}

/** A point that fits and one that does not, next to each other in a search that widens. */
function bracket(at: (x: number) => Point, range: Range): [Point, Point | null] {
  const { low, start, high, stride } = range;
  let point = at(start);
  let good = point.y <= 0 ? point : null;
  let bad = point.y > 0 ? point : null;
  for (let step = stride; good === null || bad === null; step *= 2) {
    if (good !== null && (good.x === high || good.y >= -TOLERANCE)) return [good, null];
    if (bad !== null && bad.x === low) throw unreachableTarget();
    point = at(good === null ? Math.max(low, point.x - step) : Math.min(high, point.x + step));
    if (point.y <= 0) good = point;
    else bad = point;
  }
  return [good, bad];
}

/** Where the line through both is just below 0; the middle now and then, or if there is no line. */
function between(good: Point, bad: Point, turn: number): number {
  const middle = (good.x + bad.x) / 2;
  const slope = (bad.y - good.y) / (bad.x - good.x);
  const x = good.x + (-TOLERANCE / 2 - good.y) / slope;
  const inside = x > Math.min(good.x, bad.x) && x < Math.max(good.x, bad.x);
  return Number.isFinite(x) && inside && turn % 4 !== 3 ? x : middle;
}

function unreachableTarget(): Error {
  return badInput(
    "privacy.target-unreachable",
    "no plan of this kind meets the target: raise ε or δ, or release less often",
  );
}
