/**
 * The tree of hashes over a list that only grows: its root after each leaf, and the proof that one list is the
 * beginning of another, for whoever keeps roots and not leaves. Shape and nodes are those of `crypto/merkle.ts`,
 * which also shows that one leaf is in the tree. Pure.
 *
 * @see RFC 6962, §2.1 (Merkle hash trees) and §2.1.2 (consistency proofs); RFC 9162, §2.1.4.2 (their verification).
 */
import { assert } from "../../base/assert.ts";
import { equalBytes } from "../../base/bytes.ts";
import { hashTree, treeNode } from "../../crypto/merkle.ts";

/**
 * A list that only grows, and the full subtrees over it: of each height, from the leaves on, their roots in order. A leaf
 * costs one hash in the mean; the root after any of them, as many as its number has one bits, and only if it is asked for.
 */
export interface GrowingTree {
  readonly levels: Uint8Array[][];
}

export const newTree = (): GrowingTree => ({ levels: [[]] });

/** How many leaves there are. */
export function sizeOf({ levels: [leaves = []] }: GrowingTree): number {
  return leaves.length;
}

export function growInPlace({ levels }: GrowingTree, leaf: Uint8Array): void {
  let node = leaf;
  for (let height = 0; ; height++) {
    const level = levels[height] ?? [];
    levels[height] = level;
    level.push(node);
    if (level.length % 2 === 1) return;
    node = treeNode(level.at(-2) ?? node, node);
  }
}

/** The root over the first `size` leaves; null if there are not so many, or none is asked for. */
export function rootAt(tree: GrowingTree, size: number): Uint8Array | null {
  if (!Number.isInteger(size) || size < 1 || size > sizeOf(tree)) return null;
  let root: Uint8Array | undefined;
  for (const [height, level] of tree.levels.entries()) {
    const count = Math.floor(size / 2 ** height); // Full subtrees of this height.
    const peak = count % 2 === 1 ? level[count - 1] : undefined;
    if (peak) root = root ? treeNode(peak, root) : peak;
  }
  return root ?? null;
}

/** That the first `size` of `leaves` make the beginning of all of them. */
export function consistencyProof(leaves: readonly Uint8Array[], size: number): Uint8Array[] {
  assert(size > 0 && size <= leaves.length, "a proof begins with some of the leaves");
  return subproof(leaves, size, true);
}

/** @param whole Is the first part's own root known to whoever verifies? */
function subproof(leaves: readonly Uint8Array[], size: number, whole: boolean): Uint8Array[] {
  if (size === leaves.length) return whole ? [] : [hashTree(leaves).root];
  const half = 2 ** Math.floor(Math.log2(leaves.length - 1));
  const [left, right] = [leaves.slice(0, half), leaves.slice(half)];
  if (size <= half) return [...subproof(left, size, whole), hashTree(right).root];
  return [...subproof(right, size - half, false), hashTree(left).root];
}

export interface Head {
  readonly size: number;
  readonly root: Uint8Array;
}

/** Does the proof show that the list under `later` begins with the list under `earlier`? */
export function isConsistent(earlier: Head, later: Head, proof: readonly Uint8Array[]): boolean {
  if (earlier.size < 1 || earlier.size > later.size) return false;
  if (earlier.size === later.size)
    return proof.length === 0 && equalBytes(earlier.root, later.root);
  const isFull = Number.isInteger(Math.log2(earlier.size));
  const [start, ...rest] = isFull ? [earlier.root, ...proof] : proof;
  if (!start) return false;
  let [first, second] = [earlier.size - 1, later.size - 1];
  while (first % 2 === 1) [first, second] = [half(first), half(second)];
  let [old, now] = [start, start];
  for (const beside of rest) {
    if (second === 0) return false;
    if (first % 2 === 1 || first === second) {
      [old, now] = [treeNode(beside, old), treeNode(beside, now)];
      while (first % 2 === 0 && first > 0) [first, second] = [half(first), half(second)];
    } else now = treeNode(now, beside);
    [first, second] = [half(first), half(second)];
  }
  return second === 0 && equalBytes(old, earlier.root) && equalBytes(now, later.root);
}

const half = (place: number): number => Math.floor(place / 2);
