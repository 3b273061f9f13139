/**
 * A tree of hashes over a list of leaves, so that one of them is shown to be in it with a hash for each level. The
 * number of leaves has to be known: it gives the tree's shape. Pure.
 *
 * @see RFC 6962, §2.1, for the shape: where a level is odd, its last node moves up as it is. Leaves and nodes are told
 *   apart by their labels.
 */
import { concatBytes } from "../base/bytes.ts";
import { framedHash } from "./hash.ts";
import { LABELS } from "./labels.ts";

const HASH_BYTES = 32;

/** The root, and of each leaf the hashes beside its way up, from below. @param leaves Hashes; at least one. */
export function hashTree(leaves: readonly Uint8Array[]): {
  readonly root: Uint8Array;
  readonly paths: readonly Uint8Array[];
} {
  const paths: Uint8Array[][] = leaves.map(() => []);
  let level = leaves;
  for (let height = 0; level.length > 1; height++) {
    for (const [leaf, path] of paths.entries()) {
      const beside = level[(leaf >> height) ^ 1];
      if (beside) path.push(beside);
    }
    level = parents(level);
  }
  return {
    root: level[0] ?? new Uint8Array(HASH_BYTES),
    paths: paths.map((path) => concatBytes(...path)),
  };
}

/** The node above two others. */
export function treeNode(left: Uint8Array, right: Uint8Array): Uint8Array {
  return framedHash(LABELS.treeNode, left, right);
}

function parents(level: readonly Uint8Array[]): Uint8Array[] {
  const above: Uint8Array[] = [];
  for (let i = 0; i < level.length; i += 2) {
    const [left = new Uint8Array(), right] = level.slice(i, i + 2);
    above.push(right ? treeNode(left, right) : left);
  }
  return above;
}

/** The root of the tree that has `leaf` at place `at` of `count`; null if the path has not the length that this takes. */
export function rootAbove(
  leaf: Uint8Array,
  at: number,
  count: number,
  path: Uint8Array,
): Uint8Array | null {
  let node = leaf;
  let used = 0;
  for (let place = at, width = count; width > 1; place >>= 1, width = (width + 1) >> 1) {
    if ((place ^ 1) >= width) continue;
    const beside = path.subarray(used, used + HASH_BYTES);
    used += HASH_BYTES;
    const [left, right] = place % 2 === 0 ? [node, beside] : [beside, node];
    node = treeNode(left, right);
  }
  return used === path.length ? node : null;
}
