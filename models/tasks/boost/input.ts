/** What a boosting ask brings along, all of it public: edges, the trees so far, and what to sum. Pure. */
import { badInput } from "../../../shared/base/errors.ts";
import { checkEdges } from "../../trees/bins.ts";
import { pushTree, readerOf, readTree, unreadable } from "../../trees/codec.ts";
import type { Tree } from "../../trees/tree.ts";
import { layoutOf, numberCountOf, type TreesContext } from "./shape.ts";

/** Public once the first round is over, the same in every ask that follows. All 32-bit floats. */
export interface Beginnings {
  /** Weight of a positive row, a negative one's being 1. */
  readonly positiveWeight: number;
  /** Log-odds before any tree. */
  readonly base: number;
  /** Shape [numberCount × (bins − 1)]. */
  readonly edges: Float32Array;
}

export interface BoostInput extends Beginnings {
  readonly trees: readonly Tree[];
  /** The tree under way; null in an evaluation. */
  readonly growing: Tree | null;
  /** Leaves of `growing` whose histograms are asked for, in this order. */
  readonly slots: readonly number[];
}

/** [positive weight, base | edges | trees, each tree | growing: 0 or 1, tree | slots, each slot]. */
export function encodeInput(input: BoostInput): Float32Array {
  const { positiveWeight, base, edges, trees, growing, slots } = input;
  const out = [positiveWeight, base, ...edges, trees.length];
  for (const tree of trees) pushTree(out, tree);
  out.push(growing ? 1 : 0);
  if (growing) pushTree(out, growing);
  out.push(slots.length, ...slots);
  return Float32Array.from(out);
}

/** An input as a member reads it. */
export interface ReadInput extends BoostInput {
  /** The completed trees as numbers: what margins are remembered by. */
  readonly forest: Float32Array;
  /** Where each tree ends in `forest`. */
  readonly treeEnds: readonly number[];
}

/** @throws {CloisterError} If the input is not one of this run. */
export function decodeInput(context: TreesContext, values: Float32Array): ReadInput {
  const layout = layoutOf(context);
  const { bins, trees: treesMax } = context.spec.model;
  const numberCount = numberCountOf(layout);
  const reader = readerOf(values);
  const positiveWeight = reader.finite();
  if (!(positiveWeight > 0)) throw unreadable("has a weight that is not positive");
  const base = reader.finite();
  const edgesEnd = reader.at + numberCount * (bins - 1);
  const edges = values.subarray(reader.at, edgesEnd);
  while (reader.at < edgesEnd) reader.next();
  checkEdges(edges, numberCount, bins);
  const treeCount = reader.whole(0, treesMax);
  const start = reader.at;
  const trees: Tree[] = [];
  const treeEnds: number[] = [];
  while (trees.length < treeCount) {
    trees.push(readTree(reader, layout));
    treeEnds.push(reader.at - start);
  }
  const forest = values.subarray(start, reader.at);
  const growing = reader.whole(0, 1) === 1 ? readTree(reader, layout) : null;
  const slotCount = reader.whole(0, growing?.length ?? 0);
  const slots = Array.from({ length: slotCount }, () =>
    reader.whole(0, (growing?.length ?? 1) - 1),
  );
  if (reader.at !== values.length) {
    const detail = `${values.length} values instead of ${reader.at}`;
    throw badInput("task.input-wrong-length", `The ask's input has ${detail}.`);
  }
  const isLeaf = (slot: number): boolean => growing?.[slot]?.kind === "leaf";
  if (!slots.every(isLeaf) || new Set(slots).size !== slots.length)
    throw unreadable("asks for nodes that are not leaves, or for one twice");
  return { positiveWeight, base, edges, trees, growing, slots, forest, treeEnds };
}
