/** Trees of counts: exact ones come back, noised ones by least squares, and one row moves one node of each level. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  countsOfTree,
  isPowerOfTwo,
  levelCount,
  treeLength,
  treeOf,
} from "../../../models/metrics/count-tree.ts";

const bins = fc.integer({ min: 0, max: 6 }).map((power) => 2 ** power);
const counts = bins.chain((length) =>
  fc.array(fc.integer({ min: 0, max: 1e6 }), { minLength: length, maxLength: length }),
);

test("exact counts come back as they are", () => {
  const property = fc.property(counts, (given) => {
    expect(countsOfTree(treeOf(Float64Array.from(given)))).toEqual(Float64Array.from(given));
  });
  fc.assert(property, { seed: 11 });
});

test("the counts are the nearest to the nodes: what is left over has no part in any bin", () => {
  const nodes = bins.chain((length) => {
    const size = treeLength(length);
    const node = fc.double({ min: -100, max: 100, noNaN: true });
    return fc.array(node, { minLength: size, maxLength: size });
  });
  const property = fc.property(nodes, (given) => {
    const fitted = treeOf(countsOfTree(Float64Array.from(given)));
    const length = (given.length + 1) / 2;
    for (let bin = 0; bin < length; bin++) {
      let residue = 0;
      let node = bin + length - 1;
      for (let level = 0; level < levelCount(length); level++) {
        residue += (given[node] ?? 0) - (fitted[node] ?? 0);
        node = (node - 1) >> 1;
      }
      expect(Math.abs(residue)).toBeLessThan(1e-9);
    }
  });
  fc.assert(property, { seed: 12 });
});

test("a row more changes one node of each level by one, and nothing else", () => {
  for (const length of [1, 2, 8, 64]) {
    for (let bin = 0; bin < length; bin++) {
      const [without, within] = [new Float64Array(length), new Float64Array(length)];
      within[bin] = 1;
      const [before, after] = [treeOf(without), treeOf(within)];
      const moved = after.map((count, node) => count - (before[node] ?? 0));
      expect(moved.filter((by) => by !== 0)).toEqual(new Float64Array(levelCount(length)).fill(1));
    }
  }
});

test("only powers of two have trees", () => {
  expect([1, 2, 3, 4, 63, 64, 65, 0.5, 0, -2].filter(isPowerOfTwo)).toEqual([1, 2, 4, 64]);
  expect(() => treeLength(12)).toThrow("power of two");
});
