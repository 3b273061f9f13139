/** Which of a histogram's unknown keys may be named: the optimal rule, in closed form. Pure. */
import { assert } from "../../base/assert.ts";

/** A guarantee over all partitions that one unit may be in. */
export interface SelectionBudget {
  readonly epsilon: number;
  readonly delta: number;
  /** Partitions that one unit contributes to at most; ε and δ are divided by it. */
  readonly maxPartitionsContributed: number;
}

/**
 * The probability with which a partition that holds `unitCount` units is kept: the largest that the
 * guarantee allows. It grows e^ε-fold up to n₁ units; from there its complement shrinks e^ε-fold,
 * until it is 1. A truncated geometric law; no loop, so any count costs the same.
 *
 * @see Desfontaines, Voss, Gipson and Mandayam, Differentially Private Partition Selection, PETS
 *   2022, theorem 1 (arXiv 2006.03684).
 */
export function partitionKeepProbability(unitCount: number, budget: SelectionBudget): number {
  const { epsilon: e, delta: d } = perPartition(budget);
  assert(Number.isInteger(unitCount) && unitCount >= 0, "units are counted");
  const growth = Math.expm1(e);
  const rising = (n: number): number => (d * Math.expm1(n * e)) / growth;
  // The last count at which growing e^ε-fold is what binds.
  const crossover = 1 + Math.floor(Math.log((growth + 2 * d) / ((growth + 2) * d)) / e);
  if (unitCount <= crossover) return Math.min(1, rising(unitCount));
  const beyond = unitCount - crossover;
  // m steps of c ← e^(−ε)(c − δ), c the probability to be dropped.
  const dropped =
    Math.exp(-beyond * e) * (1 - rising(crossover)) + (d * Math.expm1(-beyond * e)) / growth;
  return Math.min(1, Math.max(0, 1 - dropped));
}

function perPartition(budget: SelectionBudget): { epsilon: number; delta: number } {
  const { epsilon, delta, maxPartitionsContributed: count } = budget;
  assert(epsilon > 0 && delta > 0 && delta < 1, "ε is positive, δ is in (0, 1)");
  assert(Number.isInteger(count) && count >= 1, "a unit is in at least one partition");
  return { epsilon: epsilon / count, delta: delta / count };
}
