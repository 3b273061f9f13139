/** How much noise a plan needs: the smallest noise multiplier that keeps a guarantee. Pure. */
import { assert } from "../../base/assert.ts";
import { badInput } from "../../base/errors.ts";
import { epsilonAtOrder, RDP_ORDERS, rdpSampledGaussian } from "./rdp.ts";

/** A number of equal releases, and what they may cost together. */
export interface CalibrationTarget {
  readonly epsilon: number;
  readonly delta: number;
  readonly samplingProbability: number;
  /** T: releases with fresh noise and a fresh sample each. */
  readonly roundCount: number;
  /** Rényi order at which the ledger enforces. Left out: the best of `RDP_ORDERS`. */
  readonly order?: number;
}

export interface Calibration {
  readonly noiseMultiplier: number;
  /** Order at which `epsilon` holds. */
  readonly order: number;
  /** What the plan costs. Invariant: at most the target's ε. */
  readonly epsilon: number;
}

const NOISE_MIN = 0.01;
const NOISE_MAX = 2 ** 40;
/** The result exceeds the smallest possible multiplier by about this, relatively. */
const TOLERANCE = 1e-9;
/** Added on top, so that a ledger's sum of T rounded costs fits a budget that the plan meets. */
const MARGIN = 1e-7;

interface Fit {
  readonly order: number;
  readonly epsilon: number;
}

/**
 * The smallest noise multiplier, to 10⁻⁶ and on the safe side, at which the releases together cost
 * at most (ε, δ) by the Rényi accountant.
 *
 * Bisection: more noise never costs more, at any order. So an order that misses the target at some
 * noise misses it at less noise too, and is not tried again.
 *
 * @throws {CloisterError} `privacy.target-unreachable` If no noise suffices at the order asked for:
 *   there ε is at least ln(1 − 1/α) − ln(δα)/(α − 1).
 */
export function calibrateNoiseMultiplier(target: CalibrationTarget): Calibration {
  assert(
    Number.isInteger(target.roundCount) && target.roundCount >= 1,
    "rounds are counted from 1",
  );
  let high = 1;
  let orders = target.order === undefined ? RDP_ORDERS : [target.order];
  let fits = ordersThatFit(target, high, orders);
  while (fits.length === 0) {
    if (high >= NOISE_MAX) throw unreachableTarget(target);
    high *= 2;
    fits = ordersThatFit(target, high, orders);
  }
  let low = high === 1 ? NOISE_MIN : high / 2;
  while (high - low > TOLERANCE * high) {
    const middle = (low + high) / 2;
    orders = fits.map((fit) => fit.order);
    const fitsAtMiddle = ordersThatFit(target, middle, orders);
    if (fitsAtMiddle.length === 0) low = middle;
    else [high, fits] = [middle, fitsAtMiddle];
  }
  return atNoise(target, high * (1 + MARGIN), fits);
}

function ordersThatFit(
  target: CalibrationTarget,
  noiseMultiplier: number,
  orders: readonly number[],
): Fit[] {
  return orders
    .map((order) => ({ order, epsilon: planEpsilon(target, noiseMultiplier, order) }))
    .filter((fit) => fit.epsilon <= target.epsilon);
}

function planEpsilon(target: CalibrationTarget, noiseMultiplier: number, order: number): number {
  const rdp = rdpSampledGaussian(target.samplingProbability, noiseMultiplier, order);
  return epsilonAtOrder(target.roundCount * rdp, target.delta, order);
}

function atNoise(
  target: CalibrationTarget,
  noiseMultiplier: number,
  fits: readonly Fit[],
): Calibration {
  const orders = fits.map((fit) => fit.order);
  const [first, ...rest] = ordersThatFit(target, noiseMultiplier, orders);
  assert(first !== undefined, "more noise met the target less well");
  const best = rest.reduce((a, b) => (b.epsilon < a.epsilon ? b : a), first);
  return { noiseMultiplier, order: best.order, epsilon: best.epsilon };
}

function unreachableTarget(target: CalibrationTarget): Error {
  const { epsilon, delta, order } = target;
  const where = order === undefined ? "" : ` at Rényi order ${order}`;
  const least = order === undefined ? "" : ` (above ${epsilonAtOrder(0, delta, order).toFixed(3)})`;
  return badInput(
    "privacy.target-unreachable",
    `no amount of noise gives ε = ${epsilon} at δ = ${delta}${where}: ` +
      `raise ε${least} or δ, or choose a higher order`,
  );
}
