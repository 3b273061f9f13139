/** Tails of the binomial distribution. Pure. */
import { assert } from "./assert.ts";

/** P(X ≥ from), X the number of successes of `count` trials of this probability. */
export function binomialTail(from: number, count: number, probability: number): number {
  assert(Number.isInteger(from) && Number.isInteger(count) && count >= 0, "trials are whole");
  if (from <= 0) return 1;
  if (from > count) return 0;
  if (probability === 1) return 1;
  const odds = probability / (1 - probability);
  // The smaller tail is summed, from its largest term on.
  if (from > count * probability) {
    const ratio = (k: number): number => (odds * (count - k)) / (k + 1);
    return binomialProbability(from, count, probability) * ratioSum(from, 1, ratio);
  }
  const ratio = (k: number): number => k / (odds * (count - k + 1));
  return 1 - binomialProbability(from - 1, count, probability) * ratioSum(from - 1, -1, ratio);
}

/** 1 + r(k) + r(k)·r(k + direction) + …, until terms no longer count. */
function ratioSum(start: number, direction: 1 | -1, ratio: (k: number) => number): number {
  let [sum, term] = [0, 1];
  for (let k = start; term > 1e-18 * sum; k += direction) {
    sum += term;
    term *= ratio(k);
  }
  return sum;
}

/** P(X = k). */
export function binomialProbability(k: number, count: number, probability: number): number {
  if (probability === 1) return k === count ? 1 : 0;
  const rarer = Math.min(k, count - k);
  let log = k * Math.log(probability) + (count - k) * Math.log1p(-probability);
  for (let i = 1; i <= rarer; i++) log += Math.log((count - rarer + i) / i);
  return Math.exp(log);
}
