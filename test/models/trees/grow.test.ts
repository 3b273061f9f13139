/** How many histograms a level may need, against trying all trees. */
import { expect, test } from "vitest";
import { slotsMax } from "../../../models/trees/grow.ts";

/**
 * Most pairs of siblings on `level` that can matter: children of splits on the level above it, while one of
 * them may yet be split, in trees of at most `splitsMax` splits; `counts` are the splits of each level so far.
 */
function pairsBySearch(level: number, splitsMax: number, counts: readonly number[] = [1]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total > splitsMax) return 0;
  const last = counts.at(-1) ?? 0;
  if (counts.length === level) return last;
  let best = 0;
  for (let next = 1; next <= 2 * last; next++)
    best = Math.max(best, pairsBySearch(level, splitsMax, [...counts, next]));
  return best;
}

test("as many as the best tree needs, and no more", () => {
  for (let leavesMax = 2; leavesMax <= 17; leavesMax++) {
    for (let level = 1; level <= 7; level++) {
      const rules = { depth: 12, leavesMax, deriveSiblings: true };
      const isReachable = level <= leavesMax - 2;
      const expected = isReachable ? pairsBySearch(level, leavesMax - 1) : 0;
      expect([leavesMax, level, slotsMax(level, rules)]).toEqual([leavesMax, level, expected]);
      expect(slotsMax(level, { ...rules, deriveSiblings: false })).toBe(2 * expected);
    }
  }
});

test("the root is one histogram, and leaves are none", () => {
  const rules = { depth: 3, leavesMax: 8, deriveSiblings: true };
  expect([0, 1, 2, 3].map((level) => slotsMax(level, rules))).toEqual([1, 1, 2, 0]);
});
