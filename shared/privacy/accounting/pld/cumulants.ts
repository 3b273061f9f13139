/**
 * Where the composed loss lies, from cumulants: a saddle-point estimate. Pure. What is found here
 * places grids and windows, and so decides cost and accuracy; that results are bounds does not rest
 * on it.
 */
import { scaledNormalTail } from "../../../base/normal.ts";
import type { LossNodes, LossPair, TailCut } from "./pair.ts";

/** A pair that happened so often. */
export interface RepeatedPair {
  readonly pair: LossPair;
  readonly count: number;
}

/** ln E[e^(θL)] of the composed loss L, and its first two derivatives by θ: mean and variance of the loss tilted by e^(θL). */
export interface Cumulants {
  readonly log: number;
  readonly mean: number;
  readonly variance: number;
}

/** Cumulants at any tilt θ. */
export type CumulantFunction = (tilt: number) => Cumulants;

export function cumulantFunction(pairs: readonly RepeatedPair[], cut: TailCut): CumulantFunction {
  const all = pairs.map(({ pair, count }) => ({ nodes: pair.nodes(cut), count }));
  return (tilt) => {
    let [log, mean, variance] = [0, 0, 0];
    for (const { nodes, count } of all) {
      const one = cumulantsOf(nodes, tilt);
      log += count * one.log;
      mean += count * one.mean;
      variance += count * one.variance;
    }
    return { log, mean, variance };
  };
}

function cumulantsOf({ losses, probabilities }: LossNodes, tilt: number): Cumulants {
  let top = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < losses.length; i++) {
    if ((probabilities[i] ?? 0) > 0) top = Math.max(top, tilt * (losses[i] ?? 0));
  }
  let [sum, first, second] = [0, 0, 0];
  for (let i = 0; i < losses.length; i++) {
    const loss = losses[i] ?? 0;
    const weight = (probabilities[i] ?? 0) * Math.exp(tilt * loss - top);
    sum += weight;
    first += weight * loss;
    second += weight * loss * loss;
  }
  const mean = first / sum;
  return { log: top + Math.log(sum), mean, variance: Math.max(0, second / sum - mean * mean) };
}

/**
 * ln δ at ε = the tilted mean, the tilted loss taken for normal with its variance v²: with
 * S(x) = Q(x)e^(x²/2), δ ≈ e^(K(θ) − θε)·(S(θv) − S((θ + 1)v)).
 */
export function logDeltaAtTilt(cumulants: CumulantFunction, tilt: number): number {
  const { log, mean, variance } = cumulants(tilt);
  const stdDev = Math.sqrt(variance);
  const factor = scaledNormalTail(tilt * stdDev) - scaledNormalTail((tilt + 1) * stdDev);
  return log - tilt * mean + Math.log(Math.max(factor, Number.MIN_VALUE));
}

/** The tilt in [0, max] at which a falling function of it reaches `target`; 0 or max if beyond. */
export function tiltWhere(fallsTo: (tilt: number) => number, target: number, max: number): number {
  if (fallsTo(0) <= target) return 0;
  if (fallsTo(max) >= target) return max;
  let [low, high] = [0, max];
  // The first halvings find the size, the others the digits: half a percent is plenty.
  for (let i = 0; i < 60 && high - low > 0.005 * high; i++) {
    const middle = low === 0 ? high / 8 : (low + high) / 2;
    if (fallsTo(middle) > target) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
