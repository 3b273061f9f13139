/** Tests of `shared/crypto/merkle.ts`: one leaf shown to be in a list, and no other, nor elsewhere. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { concatBytes, toHex, u32le } from "../../../shared/base/bytes.ts";
import { sha256 } from "../../../shared/crypto/hash.ts";
import { hashTree, rootAbove } from "../../../shared/crypto/merkle.ts";
import { rootOf } from "../../vectors/second/protocol.ts";

const leavesOf = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => new Uint8Array(sha256(u32le(i))));

test("the root is that of the recursive definition, and every leaf's path leads to it", () => {
  for (let count = 1; count <= 40; count++) {
    const leaves = leavesOf(count);
    const { root, paths } = hashTree(leaves);
    expect(toHex(root)).toBe(toHex(rootOf(leaves)));
    expect(paths.length).toBe(count);
    for (const [at, leaf] of leaves.entries()) {
      const path = paths[at] ?? new Uint8Array();
      expect(path.length).toBeLessThanOrEqual(32 * Math.ceil(Math.log2(count)));
      expect(toHex(rootAbove(leaf, at, count, path) ?? new Uint8Array())).toBe(toHex(root));
    }
  }
});

test("another leaf, place, path or number of leaves does not lead to the root", () => {
  const setting = fc.integer({ min: 2, max: 40 }).chain((count) =>
    fc.record({
      count: fc.constant(count),
      at: fc.integer({ min: 0, max: count - 1 }),
      other: fc.integer({ min: 0, max: count - 1 }),
      place: fc.nat(),
    }),
  );
  fc.assert(
    fc.property(setting, ({ count, at, other, place }) => {
      const leaves = leavesOf(count);
      const { root, paths } = hashTree(leaves);
      const leaf = leaves[at] ?? new Uint8Array();
      const path = paths[at] ?? new Uint8Array();
      const leads = (one: Uint8Array, where: number, along: Uint8Array, of = count): boolean => {
        const found = rootAbove(one, where, of, along);
        return found !== null && toHex(found) === toHex(root);
      };
      const changed = path.slice();
      changed[place % path.length] = (changed[place % path.length] ?? 0) ^ 1;
      expect(leads(leaf, at, path)).toBe(true);
      expect(leads(leaf, at, changed)).toBe(false);
      expect(leads(leaf, at, path.subarray(1))).toBe(false);
      expect(leads(leaf, at, path.subarray(32))).toBe(false);
      expect(leads(leaf, at, concatBytes(path, leaf))).toBe(false);
      if (other === at) return;
      expect(leads(leaves[other] ?? leaf, at, path)).toBe(false);
      expect(leads(leaf, other, path)).toBe(false);
    }),
  );
});

test("a node in the middle is no leaf of a shorter list", () => {
  const leaves = leavesOf(4);
  const { root, paths } = hashTree(leaves);
  const inner = hashTree(leaves.slice(0, 2)).root;
  // Two nodes make the same root as four leaves: who counts the leaves asks for a path of two.
  const path = paths[0] ?? new Uint8Array();
  expect(toHex(rootAbove(inner, 0, 2, path.subarray(32)) ?? new Uint8Array())).toBe(toHex(root));
  expect(rootAbove(inner, 0, 4, path.subarray(32))).toBeNull();
});
