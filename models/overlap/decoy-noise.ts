/**
 * What decoys add to the counts of a matching: each count has the number of heads of so many fair coins in it, and a
 * known number besides. Pure.
 */
import { assert } from "../../shared/base/assert.ts";
import { binomialPmf } from "../../shared/base/binomial.ts";

/** A count is the true one, and `certain`, and a number with the law Bin(`coins`, ½). */
export interface DecoyNoise {
  readonly certain: number;
  readonly coins: number;
}

/** Part of the answers whose interval holds the true count, at least. */
const COVERAGE = 0.95;

/**
 * Of the identifiers that exactly k of N members have. A pool of a member and s others has heads among the values of
 * s + 1 members, and tails, if s > 0, among those of s: both are coins. N·C(N − 1, k − 1) pools have the one at k and
 * N·C(N − 1, k) the other, together N·C(N, k).
 */
export function noiseByMembers(memberCount: number, k: number, perPool: number): DecoyNoise {
  assert(k >= 1 && k <= memberCount, "one member to all of them");
  return { certain: 0, coins: memberCount * choose(memberCount, k) * perPool };
}

/**
 * Of those that two members share. Pools of either whose others include the other: 2·2^(N − 2), with a coin each. Pools of
 * a third member whose others include both: (N − 2)·2^(N − 3), heads or tails.
 */
export function noiseOfPair(memberCount: number, perPool: number): DecoyNoise {
  const coins = 2 ** (memberCount - 1) * perPool;
  return { certain: (memberCount - 2) * 2 ** (memberCount - 3) * perPool, coins };
}

/** The true count less what noise adds on average. */
export function withoutNoise(count: number, { certain, coins }: DecoyNoise): number {
  return count - certain - coins / 2;
}

export const decoyStdDev = ({ coins }: DecoyNoise): number => Math.sqrt(coins) / 2;

/** The smallest whole m with P(|Bin(coins, ½) − coins/2| ≤ m) ≥ 95 %, summed term by term. @param coins Even. */
export function decoyReach({ coins }: DecoyNoise): number {
  assert(coins % 2 === 0, "an even number of coins");
  const middle = coins / 2;
  let term = binomialPmf(middle, { trials: coins, success: 0.5, failure: 0.5 });
  let [mass, reach] = [term, 0];
  while (mass < COVERAGE) {
    term *= (middle - reach) / (middle + reach + 1);
    reach += 1;
    mass += 2 * term;
  }
  return reach;
}

function choose(n: number, k: number): number {
  let ways = 1;
  for (let i = 0; i < k; i++) ways = (ways * (n - i)) / (i + 1);
  return Math.round(ways);
}
