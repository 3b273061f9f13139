/** Tests of `shared/privacy/selection/partition.ts`. */
import { expect, test } from "vitest";
import {
  partitionKeepProbability,
  type SelectionBudget,
} from "../../../../shared/privacy/selection/partition.ts";

/** The largest probabilities that the definition allows, count by count. */
function recurrence(
  countMax: number,
  { epsilon, delta, maxPartitionsContributed }: SelectionBudget,
): number[] {
  const [e, d] = [epsilon / maxPartitionsContributed, delta / maxPartitionsContributed];
  const kept = [0];
  for (let n = 1; n <= countMax; n++) {
    const last = kept[n - 1] ?? 0;
    kept.push(Math.min(Math.exp(e) * last + d, 1 - Math.exp(-e) * (1 - last - d), 1));
  }
  return kept;
}

test.each([
  { epsilon: 1, delta: 1e-5, maxPartitionsContributed: 1 },
  { epsilon: 0.1, delta: 1e-8, maxPartitionsContributed: 1 },
  { epsilon: 2, delta: 1e-4, maxPartitionsContributed: 3 },
  { epsilon: 5, delta: 0.3, maxPartitionsContributed: 2 },
  { epsilon: 0.01, delta: 0.9, maxPartitionsContributed: 1 },
])("the closed form is the recurrence: %o", (budget) => {
  const kept = recurrence(600, budget);
  for (let n = 0; n <= 600; n++)
    expect(Math.abs(partitionKeepProbability(n, budget) - (kept[n] ?? 0))).toBeLessThan(1e-11);
});

test("any count costs the same", () => {
  const budget = { epsilon: 1e-9, delta: 1e-12, maxPartitionsContributed: 1 };
  expect(partitionKeepProbability(Number.MAX_SAFE_INTEGER, budget)).toBe(1);
  expect(partitionKeepProbability(1_000_000, budget)).toBeCloseTo(1.0005e-6, 12);
});
