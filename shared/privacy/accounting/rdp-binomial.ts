/**
 * Rényi divergence of binomial noise: Bin(M, ½), and the same moved by a few. Its support ends, so the divergence is
 * infinite; but where both are held to a window away from the ends, it is finite, and what is outside is charged to δ.
 * Pure.
 *
 * @see Bun and Steinke, Concentrated Differential Privacy, TCC 2016, §8: approximate zCDP, taken here at single orders.
 * @see Agarwal et al., cpSGD, NeurIPS 2018, for the binomial mechanism. Deviation: sums over the support, no bound.
 */
import { assert } from "../../base/assert.ts";
import { binomialLowerTail, binomialPmf } from "../../base/binomial.ts";

export interface BinomialNoise {
  /** M: fair coins of each number. */
  readonly trials: number;
  /** ℓ1: the most by which one unit moves the numbers together, all upwards or all downwards. */
  readonly sensitivity: number;
  /** The mass that may be left outside the window, of either neighbour. */
  readonly delta: number;
}

const HALVES = { success: 0.5, failure: 0.5 };

/**
 * Divergence of order α > 1 between the neighbours, each given that it is in the window; the same in both orders, for
 * the noise is symmetric. A unit may move one number by all of the sensitivity or several by parts of it: the dearest
 * way counts, found by trying all.
 *
 * @returns Infinity where even the widest window leaves out more than `delta`.
 */
export function rdpBinomial(noise: BinomialNoise, order: number): number {
  assert(order > 1, "a Rényi order is above 1");
  const cut = cutOf(noise);
  if (cut < 0) return Number.POSITIVE_INFINITY;
  return dearest(noise.sensitivity, (shift) => divergence(noise.trials, shift, cut, order));
}

/** The largest over all ways to write `sum` or less as a sum of whole numbers of Σ `cost`(number). */
function dearest(sum: number, cost: (part: number) => number): number {
  const best = [0];
  const costs = Array.from({ length: sum }, (_, i) => cost(i + 1));
  for (let whole = 1; whole <= sum; whole++) {
    let most = best[whole - 1] ?? 0;
    for (let part = 1; part <= whole; part++)
      most = Math.max(most, (costs[part - 1] ?? 0) + (best[whole - part] ?? 0));
    best.push(most);
  }
  return best[sum] ?? 0;
}

/**
 * c: the window of numbers that one of them is moved into by s is [s + c, M − c]. The largest whose outside is within
 * `delta`, for the narrower the window the smaller the divergence; −1: none.
 */
function cutOf({ trials, sensitivity, delta }: BinomialNoise): number {
  const fits = (cut: number): boolean =>
    2 * cut + sensitivity <= trials &&
    dearest(sensitivity, (shift) => outside(trials, shift, cut)) <= delta;
  let [good, bad] = [-1, Math.floor(trials / 2) + 1];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (fits(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

/** P(B < s + c) + P(B > M − c); as much for B + s, mirrored. */
function outside(trials: number, shift: number, cut: number): number {
  const law = { trials, ...HALVES };
  return binomialLowerTail(shift + cut - 1, law) + binomialLowerTail(cut - 1, law);
}

/** ln(Σ p(z)^α q(z)^(1−α) / W) / (α − 1), p of Bin(M, ½), q(z) = p(z − s), W the window's mass, which is either's. */
function divergence(trials: number, shift: number, cut: number, order: number): number {
  const law = { trials, ...HALVES };
  const logs: number[] = [];
  for (let z = shift + cut; z <= trials - cut; z++)
    logs.push(Math.log(binomialPmf(z, law)) + (order - 1) * binomialLoss(trials, shift, z));
  const largest = logs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const sum = logs.reduce((total, log) => total + Math.exp(log - largest), 0);
  const logMass = Math.log1p(-outside(trials, shift, cut));
  return Math.max(0, (largest + Math.log(sum) - logMass) / (order - 1));
}

/** ln(C(M, z) / C(M, z − s)), for s ≤ z ≤ M. */
export function binomialLoss(trials: number, shift: number, z: number): number {
  let loss = 0;
  for (let j = 0; j < shift; j++) loss += Math.log((trials - z + 1 + j) / (z - j));
  return loss;
}
