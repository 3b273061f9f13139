/**
 * EDGE: times of what is to be compared, step by step in turn: whatever slows the machine slows all of them alike, and a
 * step that was interrupted does not count.
 */

import { median } from "./cpu.ts";

/** @returns Median seconds of one call of each, by the clock on the wall. @param ms In all, at least. */
export function inTurn(steps: readonly (() => void)[], ms: number): number[] {
  const taken = steps.map((): number[] => []);
  const end = performance.now() + ms;
  while (performance.now() < end)
    for (const [i, step] of steps.entries()) {
      const begun = performance.now();
      step();
      taken[i]?.push((performance.now() - begun) / 1000);
    }
  return taken.map(median);
}
