/** An ensemble as `kernel/assembly/walk.ts` reads it: splits with children before parents, and leaves' values. Pure. */
import { type FeatureBins, featureBins } from "./bins.ts";
import type { TreeModel } from "./model.ts";
import type { Split, Tree } from "./tree.ts";

/** Rows that go down a tree at once: a byte each. */
export const BLOCK_ROWS = 64;
/** A leaf's index is a byte. */
export const LEAVES_MAX = 256;
const LISTED = 0x10000;
const TABLE_BINS = 16;

export interface TreeProgram {
  /** The first of its splits, in bytes of all. */
  readonly splitsAt: number;
  readonly splitCount: number;
  /** The first of its leaves' values. */
  readonly leavesAt: number;
}

export interface Program {
  readonly trees: readonly TreeProgram[];
  readonly splits: Uint8Array;
  readonly leaves: Float64Array;
  /** Slots that a tree needs at most. */
  readonly slotCount: number;
  /** The features that any tree asks, in schema order: column i of a block is features[i]. */
  readonly features: readonly FeatureBins[];
}

/** Null where a tree has more leaves than a byte can tell apart. */
export function programOf({ schema, spec, trees }: TreeModel): Program | null {
  const layout = featureBins(schema, spec.bins);
  const asked = new Set(trees.flatMap((tree) => tree.flatMap(featureOf)));
  const used = [...asked].sort((a, b) => a - b);
  const columnOf = new Map(used.map((feature, column) => [feature, column]));
  const bytes: number[] = [];
  const leaves: number[] = [];
  const programs: TreeProgram[] = [];
  let slotCount = LEAVES_MAX;
  for (const tree of trees) {
    const splitsAt = bytes.length;
    const leavesAt = leaves.length;
    const slots = slotsOf(tree);
    const splitCount = tree.length >> 1;
    if (tree.length - splitCount > LEAVES_MAX) return null;
    slotCount = Math.max(slotCount, LEAVES_MAX + splitCount);
    for (const node of tree) if (node.kind === "leaf") leaves.push(node.value);
    for (const node of tree.toReversed())
      if (node.kind !== "leaf") pushSplit(bytes, node, slots, columnOf.get(node.feature) ?? 0);
    programs.push({ splitsAt, splitCount, leavesAt });
  }
  const features = layout.filter((_, feature) => columnOf.has(feature));
  const splits = Uint8Array.from(bytes);
  return { trees: programs, splits, leaves: Float64Array.from(leaves), slotCount, features };
}

function featureOf(node: Tree[number]): number[] {
  return node.kind === "leaf" ? [] : [node.feature];
}

/** Of each node: leaves are counted in the list's order, splits from the list's end. */
function slotsOf(tree: Tree): number[] {
  let leaf = 0;
  let split = LEAVES_MAX + (tree.length >> 1);
  return tree.map(({ kind }) => (kind === "leaf" ? leaf++ : --split));
}

function pushSplit(bytes: number[], split: Split, slots: readonly number[], column: number): void {
  const left = slots[split.left] ?? 0;
  const right = slots[split.left + 1] ?? 0;
  for (const place of [column, left, right]) pushWord(bytes, BLOCK_ROWS * place);
  if (split.kind === "number") {
    // One more, modulo 256, and a missing value is the smallest instead of the greatest.
    const shift = split.missingLeft ? 1 : 0;
    return pushWord(bytes, (shift << 8) | (split.bin + shift));
  }
  const { bins } = split;
  const bases = new Set(bins.map((bin) => bin - (bin % TABLE_BINS)));
  pushWord(bytes, LISTED + bases.size);
  for (const base of bases) {
    for (let i = 0; i < TABLE_BINS; i++) bytes.push(bins.includes(base + i) ? 0xff : 0);
    for (const word of [base, 0, 0, 0]) pushWord(bytes, word);
  }
}

function pushWord(bytes: number[], word: number): void {
  bytes.push(word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24);
}
