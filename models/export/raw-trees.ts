/**
 * Trees as other runtimes walk them: splits compare a row's raw number, in its own unit, with a limit. No bounds,
 * logarithm or scale is left to apply, and no rounding that could differ. Pure.
 */
import { columnsOf, encodeNumber, type NumberColumn } from "../features/columns.ts";
import { featureBins } from "../trees/bins.ts";
import { limitOf } from "../trees/forest.ts";
import type { TreeModel } from "../trees/model.ts";

interface RawLeaf {
  readonly kind: "leaf";
  readonly value: number;
}

interface RawSplit {
  /** Index in the schema's features. */
  readonly feature: number;
  /** Its right child follows. */
  readonly left: number;
}

interface RawNumberSplit extends RawSplit {
  readonly kind: "number";
  /** The greatest value that goes left. Infinite: all known ones do, or none. */
  readonly limit: number;
  readonly missingLeft: boolean;
}

interface RawCategorySplit extends RawSplit {
  readonly kind: "category";
  /** Those that go left, ascending. */
  readonly codes: readonly number[];
}

export type RawNode = RawLeaf | RawNumberSplit | RawCategorySplit;

/** What a category's texts are to a tree. */
export interface RawCategory {
  /** By trimmed text; others are 0, "anything else". */
  readonly codeOf: ReadonlyMap<string, number>;
  /** One beyond the greatest code. */
  readonly codeCount: number;
}

export interface RawTrees {
  readonly trees: readonly (readonly RawNode[])[];
  /** By feature; null where it is a number. */
  readonly categories: readonly (RawCategory | null)[];
}

export function rawTrees(model: TreeModel): RawTrees {
  const { schema, spec } = model;
  const layout = featureBins(schema, spec.bins);
  const columns = columnsOf(schema);
  const known = new Map<string, number>();
  const rawLimitOf = (column: number, limit: number): number => {
    const key = `${column} ${limit}`;
    const found = known.get(key) ?? rawLimit(columns.numbers[column], limit);
    known.set(key, found);
    return found;
  };
  const trees = model.trees.map((tree) =>
    tree.map((node): RawNode => {
      if (node.kind === "leaf") return { kind: "leaf", value: node.value };
      const { feature, left } = node;
      if (node.kind === "category") return { kind: "category", feature, left, codes: node.bins };
      const column = layout[feature]?.column ?? 0;
      const limit = rawLimitOf(column, limitOf(model, node, column));
      return { kind: "number", feature, left, limit, missingLeft: node.missingLeft };
    }),
  );
  const categories = layout.map(({ kind, column, valueCount }) => {
    if (kind === "number") return null;
    const entries = [...(columns.categories[column]?.codeOf ?? [])];
    const codeOf = new Map(entries.filter(([, code]) => code < valueCount));
    return { codeOf, codeCount: valueCount };
  });
  return { trees, categories };
}

/**
 * The greatest double whose encoded value is not above a limit, by bisection between the declared bounds: encoding
 * never falls where a value rises.
 */
function rawLimit(column: NumberColumn | undefined, limit: number): number {
  if (column === undefined) return Number.NaN;
  const isLeft = (value: number): boolean => Math.fround(encodeNumber(column, value)) <= limit;
  if (isLeft(column.max)) return Number.POSITIVE_INFINITY;
  if (!isLeft(column.min)) return Number.NEGATIVE_INFINITY;
  let [low, high] = [rankOf(column.min), rankOf(column.max)];
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (isLeft(doubleOf(middle))) low = middle;
    else high = middle;
  }
  return doubleOf(low);
}

/** Doubles by rank: neighbours differ by 1. */
function rankOf(value: number): bigint {
  const bits = BigInt.asIntN(64, new BigUint64Array(Float64Array.of(value).buffer)[0] ?? 0n);
  return bits < 0n ? -(bits & MAGNITUDE) : bits;
}

function doubleOf(rank: bigint): number {
  const magnitude = new Float64Array(BigUint64Array.of(rank < 0n ? -rank : rank).buffer)[0] ?? 0;
  return rank < 0n ? -magnitude : magnitude;
}

const MAGNITUDE = (1n << 63n) - 1n;

/** Where a format or reader has no infinity: every finite value is on the same side of it. */
export function finite(limit: number): number {
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, limit));
}
