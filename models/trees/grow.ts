/**
 * Growing one tree from opened histograms, level by level. Pure. Every level's histograms are one
 * secure sum; which leaves are split is decided among all levels, as if the tree had been grown leaf by
 * leaf, the one that gains most first.
 */
import { assert } from "../../shared/base/assert.ts";
import type { FeatureBins } from "./bins.ts";
import { CHANNELS } from "./histogram.ts";
import {
  type Bounds,
  bestSplit,
  type FoundSplit,
  type SplitRules,
  type Sums,
  weightOf,
} from "./split.ts";
import type { Tree, TreeNode } from "./tree.ts";

/** Log-odds of a leaf before the learning rate, at most. */
const WEIGHT_MAX = 30;

export interface GrowingNode {
  /** Sums are unknown (zero) in a root that has not been asked about. */
  readonly sums: Sums & Bounds;
  readonly depth: number;
  readonly split: FoundSplit | null;
  /** Index of the left child, the right one follows; −1: a leaf as yet. */
  readonly left: number;
}

export interface GrowingTree {
  readonly nodes: readonly GrowingNode[];
  /** Features that the tree may use. */
  readonly features: Uint32Array;
  /** Nodes whose histograms the next sum brings, in its order. Empty: the tree is grown. */
  readonly slots: readonly number[];
  /** Histograms of nodes whose children come next: what a sibling is derived from. By node. */
  readonly histograms: ReadonlyMap<number, Float64Array>;
}

export interface GrowRules extends SplitRules {
  readonly depth: number;
  readonly leavesMax: number;
  /** Whether one child's histogram is its parent's less its sibling's, and so never asked for. */
  readonly deriveSiblings: boolean;
}

/** Histograms that a level needs at most: one a pair of siblings, or both. 0: the level is never asked for. */
export function slotsMax(level: number, rules: Omit<GrowRules, keyof SplitRules>): number {
  const { depth, leavesMax, deriveSiblings } = rules;
  const splitsMax = leavesMax - 1;
  // A split on this level has one on every level above it, itself not counted.
  if (level >= depth || level >= splitsMax) return 0;
  if (level === 0) return 1;
  let pairs = Math.min(2 ** (level - 1), splitsMax);
  while (pairs + ancestorsMin(pairs, level - 1) > splitsMax) pairs -= 1;
  return deriveSiblings ? pairs : 2 * pairs;
}

/** Splits that so many on one level have above them at least: two share a parent. */
function ancestorsMin(count: number, level: number): number {
  let sum = 0;
  let parents = count;
  for (let above = level - 1; above >= 0; above--) {
    parents = Math.ceil(parents / 2);
    sum += parents;
  }
  return sum;
}

export function newTree(features: Uint32Array): GrowingTree {
  const sums = { g: 0, h: 0, n: 0, low: -WEIGHT_MAX, high: WEIGHT_MAX };
  const root = { sums, depth: 0, split: null, left: -1 };
  return { nodes: [root], features, slots: [0], histograms: new Map() };
}

/** The level that the next sum is of. */
export function levelOf({ nodes, slots }: GrowingTree): number {
  return nodes[slots[0] ?? 0]?.depth ?? 0;
}

/**
 * Takes a level's opened histograms in.
 *
 * @param histograms One for each slot, of shape [width × 3].
 */
export function growLevel(
  tree: GrowingTree,
  histograms: readonly Float64Array[],
  layout: readonly FeatureBins[],
  rules: GrowRules,
): GrowingTree {
  assert(histograms.length >= tree.slots.length, "a histogram for each slot");
  const known = new Map<number, Float64Array>();
  for (const [i, slot] of tree.slots.entries())
    known.set(slot, histograms[i] ?? new Float64Array(0));
  for (const [parent, histogram] of tree.histograms) {
    const left = tree.nodes[parent]?.left ?? -1;
    if (left >= 0) deriveSibling(left, histogram, known);
  }
  const nodes = tree.nodes.map((node, i) => {
    const histogram = known.get(i);
    return histogram ? searched(node, histogram, tree.features, layout, rules) : node;
  });
  return withChildren({ ...tree, nodes }, known, rules);
}

/** Parent less the child that was asked for is the other child: in whole numbers exactly. */
function deriveSibling(left: number, parent: Float64Array, known: Map<number, Float64Array>): void {
  const asked = known.has(left) ? left : left + 1;
  const sibling = known.get(asked);
  if (!sibling) return;
  const other = asked === left ? left + 1 : left;
  known.set(
    other,
    parent.map((sum, i) => sum - (sibling[i] ?? 0)),
  );
}

function searched(
  node: GrowingNode,
  histogram: Float64Array,
  features: Uint32Array,
  layout: readonly FeatureBins[],
  rules: GrowRules,
): GrowingNode {
  const total = node.depth === 0 ? totalOf(histogram, layout, features) : node.sums;
  const sums = { ...node.sums, ...total };
  return { ...node, sums, split: bestSplit(histogram, layout, features, sums, rules) };
}

/** Every row is in one bin of each feature: the first one's add up to all. */
function totalOf(
  histogram: Float64Array,
  layout: readonly FeatureBins[],
  features: Uint32Array,
): Sums {
  const [first = 0] = features;
  const end = (layout[first]?.binCount ?? 0) * CHANNELS;
  let [g, h, n] = [0, 0, 0];
  for (let at = 0; at < end; at += CHANNELS) {
    g += histogram[at] ?? 0;
    h += histogram[at + 1] ?? 0;
    n += histogram[at + 2] ?? 0;
  }
  return { g, h, n };
}

/**
 * The leavesMax − 1 splits that come first if always the leaf that gains most is split. Nodes that
 * become known later put others off, and never forward: what is not among them now never will be.
 */
function keptSplits(nodes: readonly GrowingNode[], { leavesMax }: GrowRules): Set<number> {
  const kept = new Set<number>();
  const open = [0];
  const gainOf = (i: number | undefined): number => nodes[i ?? -1]?.split?.gain ?? -Infinity;
  while (kept.size < leavesMax - 1) {
    let best = 0;
    for (let k = 1; k < open.length; k++) if (gainOf(open[k]) > gainOf(open[best])) best = k;
    const [node = -1] = open.splice(best, 1);
    if (gainOf(node) === -Infinity) break;
    kept.add(node);
    const left = nodes[node]?.left ?? -1;
    if (left >= 0) open.push(left, left + 1);
  }
  return kept;
}

/** Splits the level's nodes that are worth it, and says what to ask next. */
function withChildren(
  tree: GrowingTree,
  known: ReadonlyMap<number, Float64Array>,
  rules: GrowRules,
): GrowingTree {
  const nodes = [...tree.nodes];
  const kept = keptSplits(nodes, rules);
  const histograms = new Map<number, Float64Array>();
  const slots: number[] = [];
  for (const i of [...known.keys()].sort((a, b) => a - b)) {
    const node = nodes[i];
    if (!node?.split || !kept.has(i)) continue;
    const left = nodes.length;
    const { split } = node;
    nodes[i] = { ...node, left };
    const depth = node.depth + 1;
    for (const sums of [split.left, split.right])
      nodes.push({ sums, depth, split: null, left: -1 });
    if (slotsMax(depth, rules) === 0) continue;
    if (!rules.deriveSiblings) slots.push(left, left + 1);
    else {
      slots.push(split.left.n <= split.right.n ? left : left + 1);
      histograms.set(i, known.get(i) ?? new Float64Array(0));
    }
  }
  return { ...tree, nodes, slots, histograms };
}

/** The tree as it stands, for members to route rows by: its leaves have no values yet. */
export function partialTree({ nodes }: GrowingTree): Tree {
  return nodes.map((node): TreeNode => {
    if (node.left < 0 || !node.split) return { kind: "leaf", value: 0 };
    return { ...node.split.condition, left: node.left, value: 0 };
  });
}

/**
 * The tree, all said: only the best splits, numbered level by level.
 *
 * @returns With the bounds of each node's weight, before the learning rate.
 */
export function finishedTree(
  { nodes }: GrowingTree,
  rules: GrowRules,
  learningRate: number,
): { readonly tree: Tree; readonly bounds: readonly Bounds[] } {
  const kept = keptSplits(nodes, rules);
  const order = [0];
  const tree: TreeNode[] = [];
  for (let at = 0; at < order.length; at++) {
    const i = order[at] ?? 0;
    const node = nodes[i];
    if (!node) continue;
    const value = Math.fround(learningRate * weightOf(node.sums, rules, node.sums));
    if (node.left < 0 || !node.split || !kept.has(i)) {
      tree.push({ kind: "leaf", value });
      continue;
    }
    tree.push({ ...node.split.condition, left: order.length, value });
    order.push(node.left, node.left + 1);
  }
  const bounds = order.map((i): Bounds => nodes[i]?.sums ?? { low: 0, high: 0 });
  return { tree, bounds };
}
