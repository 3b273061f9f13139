/** Trees as 32-bit floats, for an ask's input and for a store; whatever comes back is checked. Pure. */
import { badInput, type CloisterError } from "../../shared/base/errors.ts";
import type { FeatureBins } from "./bins.ts";
import type { Tree, TreeNode } from "./tree.ts";

const LEAF = 0;
const NUMBER = 1;
const CATEGORY = 2;
/** Nodes of one tree: far beyond what a specification allows, and short of exhausting memory. */
const NODES_MAX = 20_000;

/** [nodes | per node: 0, value | 1, value, feature, left, bin, missing left | 2, value, feature, left, n, bins…]. */
export function pushTree(out: number[], tree: Tree): void {
  out.push(tree.length);
  for (const node of tree) pushNode(out, node);
}

function pushNode(out: number[], node: TreeNode): void {
  if (node.kind === "leaf") out.push(LEAF, node.value);
  else if (node.kind === "number") {
    const { value, feature, left, bin, missingLeft } = node;
    out.push(NUMBER, value, feature, left, bin, missingLeft ? 1 : 0);
  } else {
    const { value, feature, left, bins } = node;
    out.push(CATEGORY, value, feature, left, bins.length);
    for (const bin of bins) out.push(bin);
  }
}

/** Takes numbers one after the other. */
export interface Reader {
  readonly at: number;
  next(): number;
  /** @throws {CloisterError} If the next number is not a whole one of min … max. */
  whole(min: number, max: number): number;
  finite(): number;
}

/** @throws {CloisterError} From its methods: where numbers are missing, or not what they should be. */
export function readerOf(values: ArrayLike<number>): Reader {
  let at = 0;
  const next = (): number => {
    const value = values[at];
    at += 1;
    if (value === undefined) throw unreadable("is cut short");
    return value;
  };
  return {
    get at() {
      return at;
    },
    next,
    whole(min, max) {
      const value = next();
      if (Number.isInteger(value) && value >= min && value <= max) return value;
      throw unreadable(`has ${value} where a whole number of ${min} … ${max} must be`);
    },
    finite() {
      const value = next();
      if (Number.isFinite(value)) return value;
      throw unreadable("has a value that is not finite");
    },
  };
}

export function unreadable(detail: string): CloisterError {
  return badInput("task.trees-unreadable", `The ask's ensemble ${detail}.`);
}

/**
 * Reads a tree back.
 *
 * @throws {CloisterError} If it is not a tree over these features: every node but the root must be
 *   the child of one node before it.
 */
export function readTree(reader: Reader, layout: readonly FeatureBins[]): Tree {
  const count = reader.whole(1, NODES_MAX);
  const isChild = new Uint8Array(count);
  const tree: TreeNode[] = [];
  for (let i = 0; i < count; i++) {
    if (i > 0 && isChild[i] !== 1) throw unreadable("has a node without a parent");
    const node = readNode(reader, layout, i, count);
    tree.push(node);
    if (node.kind === "leaf") continue;
    if (isChild[node.left] === 1 || isChild[node.left + 1] === 1)
      throw unreadable("has a node with two parents");
    isChild.fill(1, node.left, node.left + 2);
  }
  return tree;
}

function readNode(
  reader: Reader,
  layout: readonly FeatureBins[],
  index: number,
  count: number,
): TreeNode {
  const type = reader.whole(LEAF, CATEGORY);
  const value = reader.finite();
  if (type === LEAF) return { kind: "leaf", value };
  const feature = reader.whole(0, layout.length - 1);
  const left = reader.whole(index + 1, count - 2);
  const bins = layout[feature];
  if (bins?.kind !== (type === NUMBER ? "number" : "category"))
    throw unreadable("splits a feature by what it is not");
  if (type === NUMBER) {
    const bin = reader.whole(0, bins.valueCount - 1);
    return { kind: "number", value, feature, left, bin, missingLeft: reader.whole(0, 1) === 1 };
  }
  const listed = reader.whole(0, bins.binCount);
  const list: number[] = [];
  for (let i = 0; i < listed; i++)
    list.push(reader.whole((list.at(-1) ?? -1) + 1, bins.binCount - 1));
  return { kind: "category", value, feature, left, bins: list };
}
