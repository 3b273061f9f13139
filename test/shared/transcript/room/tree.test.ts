/** Tests of `shared/transcript/room/tree.ts`: the root as it grows is the root of all; proofs show beginnings and nothing else. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { concatBytes, toHex, u32le } from "../../../../shared/base/bytes.ts";
import { sha256 } from "../../../../shared/crypto/hash.ts";
import { hashTree, rootAbove } from "../../../../shared/crypto/merkle.ts";
import {
  consistencyProof,
  growInPlace,
  isConsistent,
  newTree,
  rootAt,
  sizeOf,
} from "../../../../shared/transcript/room/tree.ts";
import { upTo } from "../../../support/group.ts";

const leaves = upTo(37).map((i) => sha256(u32le(i)));
const rootUpTo = (size: number): Uint8Array => hashTree(leaves.slice(0, size)).root;
const head = (size: number) => ({ size, root: rootUpTo(size) });

test("grown leaf by leaf, the root after each is the root of all leaves up to it", () => {
  const tree = newTree();
  for (const [i, leaf] of leaves.entries()) {
    growInPlace(tree, leaf);
    expect(sizeOf(tree)).toBe(i + 1);
    for (let size = 1; size <= i + 1; size++)
      expect(toHex(rootAt(tree, size) ?? leaf)).toBe(toHex(rootUpTo(size)));
  }
});

test("there is no root over leaves that are not there", () => {
  const tree = newTree();
  expect(rootAt(tree, 0)).toBeNull();
  growInPlace(tree, sha256(u32le(0)));
  for (const size of [-1, 0, 0.5, 2]) expect(rootAt(tree, size)).toBeNull();
});

test("each leaf is shown to be under the root", () => {
  const { root, paths } = hashTree(leaves);
  for (const [i, leaf] of leaves.entries())
    expect(rootAbove(leaf, i, leaves.length, paths[i] ?? new Uint8Array())).toEqual(root);
});

test("every beginning of every list is shown to be one, in few hashes", () => {
  for (let size = 1; size <= leaves.length; size++)
    for (let first = 1; first <= size; first++) {
      const proof = consistencyProof(leaves.slice(0, size), first);
      expect(isConsistent(head(first), head(size), proof)).toBe(true);
      expect(proof.length).toBeLessThanOrEqual(Math.ceil(Math.log2(size)) + 1);
    }
});

test("no proof shows what is not so: another beginning, another size, a hash changed, left out or put in", () => {
  const sizes = fc.tuple(fc.integer({ min: 1, max: 37 }), fc.integer({ min: 1, max: 37 }));
  fc.assert(
    fc.property(sizes, fc.nat(8), fc.nat(31), ([a, b], place, byte) => {
      const [first, size] = [Math.min(a, b), Math.max(a, b)];
      const proof = consistencyProof(leaves.slice(0, size), first);
      const other = { size: first, root: sha256(concatBytes(rootUpTo(first))) };
      expect(isConsistent(other, head(size), proof)).toBe(false);
      expect(isConsistent(head(first), { ...head(size), root: other.root }, proof)).toBe(false);
      expect(isConsistent(head(first), head(size), [...proof, other.root])).toBe(false);
      if (first === size) return;
      expect(isConsistent(head(size), head(first), proof)).toBe(false);
      expect(isConsistent(head(first), head(size), proof.slice(1))).toBe(false);
      const at = place % proof.length;
      const changed = (proof[at] ?? other.root).map((value, i) => (i === byte ? value ^ 1 : value));
      expect(isConsistent(head(first), head(size), proof.with(at, changed))).toBe(false);
    }),
  );
});

test("a head over nothing is the beginning of nothing", () => {
  expect(isConsistent({ size: 0, root: new Uint8Array(32) }, head(3), [])).toBe(false);
});
