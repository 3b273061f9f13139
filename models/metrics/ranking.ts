/** Ranking metrics from counts by descending score; exact scores and histograms share it. Pure. */
import { assert } from "../../shared/base/assert.ts";
import { UNLABELLED } from "../data.ts";
import type { Metrics } from "../tasks/task.ts";

/** A noised class smaller than half a row is taken for empty. */
const COUNT_MIN = 0.5;

/** Equal scores (or one bin), highest group first. Counts are non-negative, not always integers. */
export interface ScoreGroups {
  readonly positives: Float64Array;
  readonly negatives: Float64Array;
}

/**
 * ROC-AUC (ties count one half), average precision (Σ precision · Δrecall over groups, without
 * interpolation) and recall at two false positive rates (linear between the ROC curve's points).
 *
 * @returns Null where a class is empty: no ranking metric is defined then.
 * @see Fawcett 2006, An introduction to ROC analysis, algorithms 2 and 3.
 */
export function rankingMetrics({ positives, negatives }: ScoreGroups): Metrics | null {
  assert(positives.length === negatives.length, "groups differ in length");
  const positiveCount = total(positives);
  const negativeCount = total(negatives);
  if (!(positiveCount >= COUNT_MIN) || !(negativeCount >= COUNT_MIN)) return null;
  let positivesAbove = 0;
  let negativesAbove = 0;
  let area = 0;
  let precisionSum = 0;
  for (let g = 0; g < positives.length; g++) {
    const p = positives[g] ?? 0;
    const n = negatives[g] ?? 0;
    area += n * (positivesAbove + p / 2);
    positivesAbove += p;
    negativesAbove += n;
    if (p > 0) precisionSum += (p * positivesAbove) / (positivesAbove + negativesAbove);
  }
  return {
    rocAuc: area / (positiveCount * negativeCount),
    prAuc: precisionSum / positiveCount,
    recallAt1pctFpr: recallAt(positives, negatives, 0.01 * negativeCount) / positiveCount,
    recallAt5pctFpr: recallAt(positives, negatives, 0.05 * negativeCount) / positiveCount,
    counts: { positives: positiveCount, negatives: negativeCount },
  };
}

/** Positives ranked above the point where `budget` negatives have passed. */
function recallAt(positives: Float64Array, negatives: Float64Array, budget: number): number {
  let found = 0;
  let passed = 0;
  for (let g = 0; g < positives.length; g++) {
    const n = negatives[g] ?? 0;
    const p = positives[g] ?? 0;
    if (passed + n > budget) return found + (p * (budget - passed)) / n;
    passed += n;
    found += p;
  }
  return found;
}

function total(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ?? 0;
  return sum;
}

/**
 * Metrics of exact scores. Rows without a label are not counted.
 *
 * @param scores Any monotone score, shape [n]. NaN ranks last.
 * @param labels As of `EncodedData`. Shape [n].
 */
export function metricsOfScores(
  scores: Float32Array | Float64Array,
  labels: Uint8Array,
): Metrics | null {
  return rankingMetrics(groupsOfScores(scores, labels));
}

/** Rows with a label by their score. @param scores, labels As of `metricsOfScores`. */
export function groupsOfScores(
  scores: Float32Array | Float64Array,
  labels: Uint8Array,
): ScoreGroups {
  assert(scores.length === labels.length, "scores and labels differ in length");
  const ranked = Float64Array.from(scores, (score) => (Number.isNaN(score) ? -Infinity : score));
  const order = Uint32Array.from(ranked, (_, index) => index);
  order.sort((a, b) => {
    const x = ranked[a] ?? 0;
    const y = ranked[b] ?? 0;
    return x === y ? 0 : x > y ? -1 : 1;
  });
  const positives = new Float64Array(order.length);
  const negatives = new Float64Array(order.length);
  let group = -1;
  let previous = Number.NaN;
  for (let i = 0; i < order.length; i++) {
    const index = order[i] ?? 0;
    if (labels[index] === UNLABELLED) continue;
    const score = ranked[index] ?? 0;
    if (score !== previous) group += 1;
    previous = score;
    const counts = labels[index] === 1 ? positives : negatives;
    counts[group] = (counts[group] ?? 0) + 1;
  }
  return {
    positives: positives.subarray(0, group + 1),
    negatives: negatives.subarray(0, group + 1),
  };
}
