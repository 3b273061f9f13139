/**
 * Boosting the slow way, as an oracle: all rows in one place, one leaf split at a time, every sum made
 * row by row. Shares with the product the binning and the rounding of gradients, and no more. Pure.
 */
import type { EncodedData } from "../../models/data.ts";
import { binRows, featureBins } from "../../models/trees/bins.ts";
import type { TreesSpec } from "../../shared/charter/boost-spec.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";

export interface NaiveNode {
  readonly feature: number;
  /** The bins that go left. */
  readonly leftBins: readonly number[];
  readonly left: NaiveTree;
  readonly right: NaiveTree;
}
export type NaiveTree = NaiveNode | number;

interface Row {
  readonly bins: readonly number[];
  readonly label: number;
  margin: number;
  g: number;
  h: number;
}

interface Candidate {
  readonly gain: number;
  readonly feature: number;
  readonly leftBins: readonly number[];
  readonly left: Row[];
  readonly right: Row[];
}

export interface NaiveBeginnings {
  readonly base: number;
  readonly positiveWeight: number;
  readonly edges: Float32Array;
  /** Units per 1 of the gradients' fixed point. */
  readonly scale: number;
}

export function naiveBoost(
  schema: DataSchema,
  spec: TreesSpec,
  data: EncodedData,
  { base, positiveWeight, edges, scale }: NaiveBeginnings,
): NaiveTree[] {
  const layout = featureBins(schema, spec.bins);
  const { words } = binRows(data, layout, edges, spec.bins);
  const rows = Array.from({ length: data.rowCount }, (_, i): Row => {
    const bins = layout.map((_, f) => ((words[f >> 2]?.[i] ?? 0) >>> (8 * (f % 4))) & 0xff);
    return { bins, label: data.labels[i] ?? 0, margin: base, g: 0, h: 0 };
  });
  return Array.from({ length: spec.trees }, () => {
    for (const row of rows) {
      const p = 1 / (1 + Math.exp(-row.margin));
      const weight = row.label === 1 ? positiveWeight : 1;
      const unit = Math.max(1, positiveWeight) / scale;
      row.g = Math.round((weight * (p - row.label)) / unit) * unit;
      row.h = Math.round((4 * weight * p * (1 - p)) / unit) * (unit / 4);
    }
    const tree = grow(rows, schema, spec);
    for (const row of rows) row.margin += valueAt(tree, row);
    return tree;
  });
}

function valueAt(tree: NaiveTree, row: Row): number {
  if (typeof tree === "number") return tree;
  const goesLeft = tree.leftBins.includes(row.bins[tree.feature] ?? 0);
  return valueAt(goesLeft ? tree.left : tree.right, row);
}

interface Leaf {
  readonly rows: Row[];
  readonly depth: number;
  readonly best: Candidate | null;
  children: readonly [Leaf, Leaf] | null;
}

/** The leaf that gains most is split next. */
function grow(rows: Row[], schema: DataSchema, spec: TreesSpec): NaiveTree {
  const leafOf = (own: Row[], depth: number): Leaf => {
    const best = depth < spec.depth ? bestOf(own, schema, spec) : null;
    return { rows: own, depth, best, children: null };
  };
  const root = leafOf(rows, 0);
  const open = [root];
  for (let leaves = 1; leaves < (spec.leavesMax ?? Infinity); leaves++) {
    const next = open
      .filter(({ best }) => best)
      .reduce<Leaf | null>((a, b) => ((b.best?.gain ?? 0) > (a?.best?.gain ?? 0) ? b : a), null);
    if (!next?.best) break;
    const { left, right } = next.best;
    next.children = [leafOf(left, next.depth + 1), leafOf(right, next.depth + 1)];
    open.splice(open.indexOf(next), 1);
    open.push(...next.children);
  }
  return treeOf(root, spec);
}

function treeOf(leaf: Leaf, spec: TreesSpec): NaiveTree {
  if (!leaf.children || !leaf.best) {
    const weight = -total(leaf.rows, "g") / (total(leaf.rows, "h") + spec.l2);
    return Math.fround(spec.learningRate * weight);
  }
  const [left, right] = leaf.children;
  const { feature, leftBins } = leaf.best;
  return { feature, leftBins, left: treeOf(left, spec), right: treeOf(right, spec) };
}

function total(rows: readonly Row[], field: "g" | "h"): number {
  return rows.reduce((sum, row) => sum + row[field], 0);
}

function saved(rows: readonly Row[], spec: TreesSpec): number {
  return total(rows, "g") ** 2 / (total(rows, "h") + spec.l2) / 2;
}

function bestOf(rows: Row[], schema: DataSchema, spec: TreesSpec): Candidate | null {
  let best: Candidate | null = null;
  const layout = featureBins(schema, spec.bins);
  for (const [feature, bins] of layout.entries()) {
    const sets =
      bins.kind === "number"
        ? numberSets(rows, feature, bins.valueCount)
        : categorySets(rows, feature);
    for (const leftBins of sets) {
      const isLeft = (row: Row): boolean => leftBins.includes(row.bins[feature] ?? 0);
      const left = rows.filter(isLeft);
      const right = rows.filter((row) => !isLeft(row));
      if (Math.min(left.length, right.length) < spec.minRows) continue;
      if (Math.min(total(left, "h"), total(right, "h")) < spec.minChildWeight) continue;
      const gain = saved(left, spec) + saved(right, spec) - saved(rows, spec);
      // Sums in another order may differ in the last bits: equal splits must stay equal.
      if (gain > Math.max(spec.minGain, (best?.gain ?? 0) * (1 + 1e-9), 1e-12))
        best = { gain, feature, leftBins, left, right };
    }
  }
  return best;
}

function numberSets(rows: readonly Row[], feature: number, valueCount: number): number[][] {
  const seen = new Set(rows.map(({ bins }) => bins[feature] ?? 0));
  const known = rows.filter(({ bins }) => (bins[feature] ?? 0) < valueCount);
  return Array.from({ length: valueCount }, (_, bin) => bin)
    .filter((bin) => seen.has(bin))
    .flatMap((bin) => {
      const upTo = Array.from({ length: bin + 1 }, (_, b) => b);
      if (seen.has(valueCount)) return [upTo, [...upTo, valueCount]];
      const left = known.filter(({ bins }) => (bins[feature] ?? 0) <= bin).length;
      return [2 * left >= rows.length ? [...upTo, valueCount] : upTo];
    });
}

function categorySets(rows: readonly Row[], feature: number): number[][] {
  const byBin = new Map<number, Row[]>();
  for (const row of rows) {
    const bin = row.bins[feature] ?? 0;
    byBin.set(bin, [...(byBin.get(bin) ?? []), row]);
  }
  const order = [...byBin]
    .filter(([, own]) => own.length >= 10)
    .map(([bin, own]) => ({ bin, rank: total(own, "g") / (total(own, "h") + 10) }))
    .sort((a, b) => a.rank - b.rank || a.bin - b.bin)
    .map(({ bin }) => bin);
  const half = Math.ceil(order.length / 2);
  const prefixes = (bins: readonly number[]): number[][] =>
    Array.from({ length: half }, (_, i) => bins.slice(0, i + 1).sort((a, b) => a - b));
  return [...prefixes(order), ...prefixes(order.toReversed())];
}
