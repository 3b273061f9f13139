/** Boosting as a fold over members, through the ring: the federated trees are the pooled trees. */
import { expect, test } from "vitest";
import type { EncodedData } from "../../../../models/data.ts";
import { fixedPoint } from "../../../../models/tasks/boost/fixed-point.ts";
import type { BoostContext } from "../../../../models/tasks/boost/shape.ts";
import { featureBins } from "../../../../models/trees/bins.ts";
import type { Tree } from "../../../../models/trees/tree.ts";
import type { BoostTask } from "../../../../shared/charter/boost-spec.ts";
import { boosted, boostTaskOf, unnoisedContext } from "../../../support/boosted.ts";
import { type NaiveTree, naiveBoost } from "../../../support/naive-boost.ts";
import { joined, numberCount, pooled, schema, uneven } from "../../boost-fixtures.ts";

const VARIANTS: [string, BoostTask][] = [
  ["quantile edges", boostTaskOf({ edges: "quantiles" })],
  ["edges by the bounds", boostTaskOf({ edges: "bounds", bins: 40 })],
  ["few leaves, deep", boostTaskOf({ depth: 6, leavesMax: 7 })],
  ["positives weighted up", boostTaskOf({ positiveWeight: 7.5 })],
  ["positives weighted down", boostTaskOf({ positiveWeight: 0.25 })],
  ["classes balanced", boostTaskOf({ positiveWeight: "balanced" })],
  ["a leaf of twenty rows", boostTaskOf({ minRows: 20, depth: 5, minGain: 0.1 })],
  ["depth 1", boostTaskOf({ depth: 1, trees: 6 })],
];
const MORE: [string, BoostTask][] = [
  ["monotone numbers", boostTaskOf({ monotone: { f0: -1, f4: 1 }, depth: 4 })],
  ["some columns a tree", boostTaskOf({ columnShare: 0.5, trees: 6 })],
];

test.each([
  ...VARIANTS,
  ...MORE,
])("with %s the federated ensemble is the pooled one", (name, spec) => {
  for (const seed of ["a", "b"]) {
    const members = uneven(`${name} ${seed}`);
    const context = unnoisedContext(spec, schema, 4);
    const [federated, central] = [boosted(context, members), boosted(context, pooled(members))];
    expect(federated).toEqual(central);
    expect(federated.trees.some((tree) => tree.length > 1)).toBe(true);
  }
});

/** Bins of a split, by which the naive trees are described. */
function described(tree: Tree, context: BoostContext, at = 0): NaiveTree {
  const node = tree[at];
  if (!node || node.kind === "leaf") return node?.value ?? Number.NaN;
  const { feature, left } = node;
  const missing = featureBins(context.schema, context.spec.model.bins)[feature]?.valueCount ?? 0;
  const upTo = (bin: number): number[] => Array.from({ length: bin + 1 }, (_, b) => b);
  const leftBins =
    node.kind === "category"
      ? node.bins
      : [...upTo(node.bin), ...(node.missingLeft ? [missing] : [])];
  const [l, r] = [described(tree, context, left), described(tree, context, left + 1)];
  return { feature, leftBins: [...leftBins], left: l, right: r };
}

/** Leaves' values are made from sums in another order there. */
function rounded(tree: NaiveTree): unknown {
  if (typeof tree === "number") return expect.closeTo(tree, 6);
  return { ...tree, left: rounded(tree.left), right: rounded(tree.right) };
}

/** One limb at 10 000 rows; two at 10 000 000. */
const ROWS_MAX = [10_000, 10_000_000];

test.each(VARIANTS)("with %s it is what growing leaf by leaf on all rows gives", (name, spec) => {
  for (const rowsMax of ROWS_MAX) {
    const members = uneven(`${name} ${rowsMax}`);
    const context = unnoisedContext(spec, schema, 4, rowsMax);
    const { trees, beginnings } = boosted(context, members);
    if (!beginnings) throw new Error("the first round is over");
    const { scale } = fixedPoint(rowsMax, 4);
    const data = joined(members.map(({ train }) => train));
    const naive = naiveBoost(schema, spec.model, data, { ...beginnings, scale });
    expect(trees.map((tree) => described(tree, context))).toEqual(naive.map(rounded));
  }
});

/** The label says whether two numbers have the same sign: the first split gains next to nothing. */
function crossed(data: EncodedData): EncodedData {
  const { rowCount, numbers } = data;
  const sign = (row: number, j: number): boolean => (numbers[row * numberCount + j] ?? 0) > 0;
  const labels = Uint8Array.from({ length: rowCount }, (_, row) =>
    sign(row, 0) === sign(row, 2) ? 1 : 0,
  );
  return { ...data, labels };
}

test.each([
  [4, 3],
  [6, 5],
  [6, 12],
])("where splits gain more than those above them: depth %i, %i leaves", (depth, leavesMax) => {
  const spec = boostTaskOf({ depth, leavesMax, trees: 4 });
  for (const seed of ["a", "b", "c", "d"]) {
    const members = uneven(`crossed ${seed}`).map(({ train, holdout }) => ({
      train: crossed(train),
      holdout,
    }));
    const context = unnoisedContext(spec, schema, 4);
    const { trees, beginnings } = boosted(context, members);
    if (!beginnings) throw new Error("the first round is over");
    const { scale } = fixedPoint(context.rowsMax, 4);
    const data = joined(members.map(({ train }) => train));
    const naive = naiveBoost(schema, spec.model, data, { ...beginnings, scale });
    expect(trees.map((tree) => described(tree, context))).toEqual(naive.map(rounded));
  }
});

test("both fixed points are used: one coordinate a sum, and two", () => {
  expect(ROWS_MAX.map((rowsMax) => fixedPoint(rowsMax, 4).limbs)).toEqual([1, 2]);
});
