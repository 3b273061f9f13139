/** Boosting as a fold over members, through the ring: the federated trees are the pooled trees. */
import { expect, test } from "vitest";
import type { EncodedData, PartitionedData } from "../../../models/data.ts";
import { metricsOfScores } from "../../../models/metrics/ranking.ts";
import { boostTask, modelOf } from "../../../models/tasks/boost.ts";
import { fixedPoint } from "../../../models/tasks/boost-fixed-point.ts";
import type { BoostContext } from "../../../models/tasks/boost-shape.ts";
import type { BoostState } from "../../../models/tasks/boost-state.ts";
import { featureBins } from "../../../models/trees/bins.ts";
import { treeScores } from "../../../models/trees/model.ts";
import type { Tree } from "../../../models/trees/tree.ts";
import type { BoostTask } from "../../../shared/charter/boost-spec.ts";
import { DataSchema } from "../../../shared/charter/schema.ts";
import { boosted, boostTaskOf, rosterOf, unnoisedContext } from "../../support/boosted.ts";
import { type NaiveTree, naiveBoost } from "../../support/naive-boost.ts";
import { rng, schemaOf, tableOf } from "../fixtures.ts";

const schema = schemaOf(["number", "missing", { onehot: 3 }, { embedding: 6 }, "number"]);
const [numberCount, categoryCount] = [3, 2];

function uneven(seed: string): PartitionedData[] {
  return [170, 12, 301, 64].map((rows, k) => ({
    train: tableOf(schema, rows, () => 1, `${seed} train ${k}`),
    holdout: tableOf(schema, 40, () => 1, `${seed} holdout ${k}`),
  }));
}

function joined(parts: readonly EncodedData[]): EncodedData {
  const rowCount = parts.reduce((sum, part) => sum + part.rowCount, 0);
  return {
    rowCount,
    numbers: Float32Array.from(parts.flatMap(({ numbers }) => [...numbers])),
    codes: Uint16Array.from(parts.flatMap(({ codes }) => [...codes])),
    labels: Uint8Array.from(parts.flatMap(({ labels }) => [...labels])),
    unitStarts: Uint32Array.from({ length: rowCount + 1 }, (_, i) => i),
  };
}

const EMPTY: EncodedData = joined([]);

/** One member has everybody's rows, the others none: the same roster, and so the same fixed point. */
function pooled(members: readonly PartitionedData[]): PartitionedData[] {
  const all = {
    train: joined(members.map(({ train }) => train)),
    holdout: joined(members.map(({ holdout }) => holdout)),
  };
  return members.map((_, k) => (k === 0 ? all : { train: EMPTY, holdout: EMPTY }));
}

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

test("a score never falls where it may only rise, whatever the other features are", () => {
  const spec = boostTaskOf({ monotone: { f0: 1, f4: -1 }, depth: 4, trees: 12, learningRate: 0.5 });
  const context = unnoisedContext(spec, schema, 4);
  const model = modelOf(context, boosted(context, uneven("monotone")));
  const grid = Array.from({ length: 41 }, (_, i) => -1 + i / 20);
  const others = tableOf(schema, 60, () => 1, "others");
  for (const [column, direction] of [
    [0, 1],
    [2, -1],
  ] as const) {
    let moved = 0;
    for (let row = 0; row < others.rowCount; row++) {
      const scores = treeScores(model, along(others, row, column, grid));
      for (let i = 1; i < scores.length; i++) {
        const change = direction * ((scores[i] ?? 0) - (scores[i - 1] ?? 0));
        expect(change).toBeGreaterThanOrEqual(0);
        moved += change;
      }
    }
    expect(moved).toBeGreaterThan(0);
  }
});

/** One row again and again, with one number moved along a grid. */
function along(
  data: EncodedData,
  row: number,
  column: number,
  grid: readonly number[],
): EncodedData {
  const numbers = data.numbers.slice(row * numberCount, (row + 1) * numberCount);
  const codes = data.codes.slice(row * categoryCount, (row + 1) * categoryCount);
  return {
    rowCount: grid.length,
    numbers: Float32Array.from(
      grid.flatMap((value) => [...numbers].map((own, j) => (j === column ? value : own))),
    ),
    codes: Uint16Array.from(grid.flatMap(() => [...codes])),
    labels: new Uint8Array(grid.length),
    unitStarts: Uint32Array.from({ length: grid.length + 1 }, (_, i) => i),
  };
}

test("three members learn a separable problem, and the secure evaluation says so", () => {
  const spec = boostTaskOf({ trees: 20, learningRate: 0.3 }, { everyTrees: 5, bins: 256 });
  const context = unnoisedContext(spec, schema, 4);
  const members = uneven("separable");
  const losses: number[] = [];
  const state = boosted(context, members, rosterOf(4), (_, { loss }) => losses.push(loss ?? 9));
  const model = modelOf(context, state);
  const holdout = joined(members.map((member) => member.holdout));
  const exact = metricsOfScores(treeScores(model, holdout), holdout.labels);
  expect(state.metrics?.rocAuc).toBeGreaterThan(0.95);
  expect(state.metrics?.rocAuc).toBeCloseTo(exact?.rocAuc ?? 0, 2);
  expect(losses.at(-1)).toBeLessThan((losses[1] ?? 0) / 2);
  expect(state.done).toBe(state.total);
});

test("patience stops a run that gets no better, and keeps the best ensemble", () => {
  const evaluation = { everyTrees: 1, bins: 256, patience: 3 };
  const spec = boostTaskOf({ trees: 200, learningRate: 1, depth: 5, l2: 0 }, evaluation);
  const context = unnoisedContext(spec, schema, 4);
  const seen: { trees: number; auc: number }[] = [];
  const members = uneven("patience");
  const state = boosted(context, members, rosterOf(4), ({ kind }, { trees, metrics }) => {
    if (kind === "evaluate") seen.push({ trees: trees.length, auc: metrics?.rocAuc ?? 0 });
  });
  const best = Math.max(...seen.map(({ auc }) => auc));
  expect(seen.length).toBeLessThan(200);
  expect(state.metrics?.rocAuc).toBe(best);
  const first = seen.findIndex(({ auc }) => auc === best);
  expect(state.trees).toHaveLength(first + 1);
  expect(seen).toHaveLength(first + 4);
  expect(state.done).toBe(state.total);
});

test("a state survives the store after every round, bit for bit", () => {
  const spec = boostTaskOf({ trees: 2, depth: 4, leavesMax: 6 }, { everyTrees: 1, patience: 1 });
  const context = unnoisedContext(spec, schema, 4);
  const bytes: Uint8Array[] = [];
  boosted(context, uneven("state"), rosterOf(4), (_, state) => {
    const encoded = boostTask.encodeState(state);
    expect(boostTask.decodeState(context, encoded)).toEqual(state);
    bytes.push(encoded);
  });
  expect(bytes.length).toBeGreaterThan(8);
  for (const cut of [0, 7, 8, 100, -8, -1])
    expect(() =>
      boostTask.decodeState(context, bytes[3]?.slice(0, cut) ?? bytes[0] ?? EMPTY_BYTES),
    ).toThrow("The stored state is not one of this boosting run.");
});
const EMPTY_BYTES = new Uint8Array();

test("what members remember between asks decides nothing", () => {
  const spec = boostTaskOf({ trees: 4 }, { everyTrees: 2 });
  const context = unnoisedContext(spec, schema, 4);
  const members = uneven("memory");
  const asks: { kind: string; input: Float32Array }[] = [];
  boosted(context, members, rosterOf(4), (ask) => asks.push(ask));
  const [member] = members;
  if (!member) throw new Error("there are members");
  // Backwards: what is remembered is always of later trees, or of other edges.
  for (const ask of asks.toReversed()) {
    const copy = { train: { ...member.train }, holdout: { ...member.holdout } };
    const fresh = boostTask.contribute(context, ask, copy, rng("x"));
    expect(boostTask.contribute(context, ask, member, rng("x"))).toEqual(fresh);
  }
});

function oneClass(data: EncodedData): EncodedData {
  return { ...data, labels: new Uint8Array(data.rowCount) };
}

test("constant columns and a single class give no tree, and the run ends", () => {
  const context = unnoisedContext(boostTaskOf({ trees: 50 }), schema, 4);
  const constant = uneven("constant").map(({ train, holdout }) => ({
    train: { ...train, numbers: train.numbers.map(() => 0.5), codes: train.codes.map(() => 1) },
    holdout,
  }));
  const single = uneven("single").map(({ train, holdout }) => ({
    train: oneClass(train),
    holdout,
  }));
  const sides: BoostState[] = [boosted(context, constant), boosted(context, single)];
  expect(sides.map(({ trees }) => trees.length)).toEqual([0, 0]);
  const scores = treeScores(
    modelOf(context, sides[0] as BoostState),
    joined([uneven("x")[0]?.train ?? EMPTY]),
  );
  expect(new Set(scores).size).toBe(1);
  expect(scores[0]).toBeGreaterThan(0);
});

test("members without rows take part", () => {
  const context = unnoisedContext(boostTaskOf({}), schema, 4);
  const nobody = uneven("none").map(() => ({ train: EMPTY, holdout: EMPTY }));
  expect(boosted(context, nobody).metrics).toBeNull();
});

test("categories that training never saw go with the rest", () => {
  const spec = boostTaskOf({ depth: 2, trees: 1 });
  const wide = DataSchema.parse({
    label: { column: "label" },
    unit: null,
    features: [{ name: "f", type: "category", categories: ["a", "b", "c", "d"] }],
  });
  const table = (codes: number[], labels: number[]): EncodedData => ({
    rowCount: codes.length,
    numbers: new Float32Array(0),
    codes: Uint16Array.from(codes),
    labels: Uint8Array.from(labels),
    unitStarts: Uint32Array.from({ length: codes.length + 1 }, (_, i) => i),
  });
  const codes = Array.from({ length: 90 }, (_, i) => (i % 3 === 0 ? 2 : 1));
  const train = table(
    codes,
    codes.map((code) => (code === 2 ? 1 : 0)),
  );
  const context = unnoisedContext(spec, wide, 3);
  const state = boosted(
    context,
    [train, EMPTY, EMPTY].map((one) => ({ train: one, holdout: one })),
  );
  const scores = treeScores(modelOf(context, state), table([1, 2, 3, 4, 0], [0, 0, 0, 0, 0]));
  expect(scores[1]).toBeGreaterThan(scores[0] ?? 1);
  // Code 1 has twice the rows of code 2: the unseen keep company with it.
  expect([...scores.slice(2)]).toEqual([scores[0], scores[0], scores[0]]);
});
