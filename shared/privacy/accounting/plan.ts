/** What a plan of equal noised steps costs, and the most that a target allows. Pure. */
import { badInput } from "../../base/errors.ts";
import { calibrateNoiseMultiplier } from "./calibrate.ts";
import { sampledGaussian } from "./events.ts";
import { epsilonOfCurve, rdpCurve } from "./rdp.ts";

export type NeighboringRelation = "add-or-remove-one" | "replace-one";

/** Steps that each sample units independently and release their clipped sum with Gaussian noise. */
export interface Plan {
  readonly samplingProbability: number;
  /** Standard deviation over the clip norm, whatever the neighbouring relation. */
  readonly noiseMultiplier: number;
  readonly steps: number;
}

export interface Target {
  readonly epsilon: number;
  readonly delta: number;
}

/** How a plan is accounted. */
export interface PlanAccountant {
  /** ε at δ. Infinite where the accountant can show none. */
  epsilon(plan: Plan, delta: number, relation: NeighboringRelation): number;
  /** The least noise, on the safe side. @throws {CloisterError} If no noise suffices. */
  noiseMultiplier(steps: number, samplingProbability: number, target: Target): number;
}

/** Most steps that are looked for. */
const STEPS_MAX = 2 ** 50;
/** Smallest sampling probability that is looked for. */
const SAMPLING_MIN = 2 ** -40;
const TOLERANCE = 1e-12;

/** The Rényi accountant over `RDP_ORDERS`. */
export const rdpPlanAccountant: PlanAccountant = {
  epsilon({ samplingProbability, noiseMultiplier, steps }, delta, relation) {
    const replace = relation === "replace-one";
    if (replace && samplingProbability < 1) throw notForReplaceOne();
    // A replaced unit moves a sum by twice the clip norm.
    const noise = replace ? noiseMultiplier / 2 : noiseMultiplier;
    const event = sampledGaussian(samplingProbability, noise);
    return epsilonOfCurve(rdpCurve({ kind: "selfComposed", event, count: steps }), delta).epsilon;
  },
  noiseMultiplier: (steps, samplingProbability, { epsilon, delta }) =>
    calibrateNoiseMultiplier({ epsilon, delta, samplingProbability, roundCount: steps })
      .noiseMultiplier,
};

/**
 * The largest number of steps that keeps the target: more steps never cost less.
 *
 * @throws {CloisterError} `privacy.target-unreachable` If one step is too many.
 */
export function largestSteps(fits: (steps: number) => boolean): number {
  if (!fits(1)) throw unreachable("one step costs more already: add noise, or sample less");
  let [low, high] = [1, 2];
  while (high < STEPS_MAX && fits(high)) [low, high] = [high, 2 * high];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * The largest sampling probability that keeps the target: a larger sample never costs less.
 *
 * @throws {CloisterError} `privacy.target-unreachable` If even the smallest does not.
 */
export function largestSamplingProbability(fits: (probability: number) => boolean): number {
  if (fits(1)) return 1;
  if (!fits(SAMPLING_MIN))
    throw unreachable("no sample is small enough: add noise, or take fewer steps");
  let [low, high] = [SAMPLING_MIN, 1];
  while (high - low > TOLERANCE * high) {
    // In the logarithm first, for a probability may be very small.
    const middle = high > 2 * low ? Math.sqrt(low * high) : (low + high) / 2;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}

function unreachable(why: string): Error {
  return badInput("privacy.target-unreachable", `the target cannot be kept: ${why}`);
}

function notForReplaceOne(): Error {
  return badInput(
    "privacy.relation-not-counted",
    "the Rényi accountant knows no rule for replace-one with sampling: use --accountant pld, or --sampling-probability 1",
  );
}
