/** Fast scoring of trees, one row and many, against the walk over bins: the same bits, whatever the rows and trees. */
import { expect, test } from "vitest";
import { treesScorer } from "../../../models/scoring/scorer.ts";
import { modelOf } from "../../../models/tasks/boost/boost.ts";
import { batchLogits, eachLogits, kernelLogits } from "../../../models/trees/batch.ts";
import { forestOf } from "../../../models/trees/forest.ts";
import type { TreeModel } from "../../../models/trees/model.ts";
import { boosted, boostTaskOf, unnoisedContext } from "../../support/boosted.ts";
import { randomForest } from "../../support/random-forest.ts";
import { walkedRows } from "../../support/tree-walk.ts";
import { membersOf, type ShortFeature, schemaOf, tableOf } from "../fixtures.ts";

const FEATURES: ShortFeature[] = ["number", "missing", { onehot: 3 }, { onehot: 300 }, "number"];
const schema = schemaOf(FEATURES);

function grown(): TreeModel {
  const context = unnoisedContext(boostTaskOf({ trees: 5, depth: 5 }), schema, 3);
  return modelOf(context, boosted(context, membersOf(schema, 3, 150)));
}

/** Edges far closer together than what the kernel looks up tells apart. */
function crowded(): TreeModel {
  const model = randomForest(schema, { trees: 20, leaves: 26, bins: 64 });
  const steps = model.spec.bins - 1;
  const edges = model.edges.map((_, i) => -0.3 + 5e-5 * (i % steps) * (1 + Math.floor(i / steps)));
  return { ...model, edges };
}

/** Rows of the schema, and among them values at, just below and just above the model's edges. */
function rowsFor(model: TreeModel, count: number) {
  const rows = tableOf(schema, count, () => 1, "scoring rows");
  const numberCount = 3;
  for (let i = 0; i < rows.numbers.length; i++) {
    if (i % 4 === 0 || Number.isNaN(rows.numbers[i])) continue;
    const steps = model.spec.bins - 1;
    const edge = model.edges[(i % numberCount) * steps + (i % steps)] ?? 0;
    const step = [0, 1e-7, -1e-7][i % 3] ?? 0;
    if (Math.abs(edge) <= 1) rows.numbers[i] = edge + step;
  }
  rows.numbers.set([-1, 1, 0, 1e-30, -1e-30, 0.5], 0);
  return rows;
}

const MODELS: [string, () => TreeModel][] = [
  ["grown on members' rows", grown],
  ["random, with few bins", () => randomForest(schema, { trees: 20, leaves: 26, bins: 2 })],
  [
    "random, with as many bins as there can be",
    () => randomForest(schema, { trees: 20, leaves: 31, bins: 255 }),
  ],
  ["random, with several edges in a cell of the grid", crowded],
  ["random, of a leaf each", () => randomForest(schema, { trees: 3, leaves: 1, bins: 16 })],
  [
    "random, with as many leaves as a byte counts",
    () => randomForest(schema, { trees: 2, leaves: 256, bins: 64 }),
  ],
  [
    "random, with more leaves than a byte counts",
    () => randomForest(schema, { trees: 2, leaves: 300, bins: 64 }),
  ],
];

test.each(MODELS)("one row and many score as the walk over bins does: trees %s", (_, make) => {
  const model = make();
  const rows = rowsFor(model, 1111);
  const { logits, parts } = walkedRows(model, rows);
  const forest = forestOf(model);
  expect(eachLogits(forest, rows)).toEqual(logits);
  expect(batchLogits(model)(rows)).toEqual(logits);
  const together = kernelLogits(model);
  const leavesMax = Math.max(...model.trees.map((tree) => (tree.length + 1) / 2));
  expect(together === null).toBe(leavesMax > 256);
  if (together !== null) {
    expect(together(rows)).toEqual(logits);
    for (const rowCount of [1, 63, 64, 65, 512, 513])
      expect(together({ ...rows, rowCount })).toEqual(logits.slice(0, rowCount));
  }
  const width = schema.features.length;
  const own = new Float64Array(width);
  for (let row = 0; row < rows.rowCount; row++) {
    expect(forest.explain(own, rows.numbers, row * 3, rows.codes, row * 2)).toBe(logits[row]);
    expect(own).toEqual(parts.slice(row * width, (row + 1) * width));
  }
  if (leavesMax > 1) expect(new Set(logits).size).toBeGreaterThan(20);
});

test("two models that score in turns do not disturb each other", () => {
  const models = [3, 5].map((trees) => randomForest(schema, { trees, leaves: 20, bins: 16 }));
  const rows = tableOf(schema, 200, () => 1, "turns");
  const scorers = models.map(treesScorer);
  for (let turn = 0; turn < 2; turn++)
    for (const [m, model] of models.entries())
      expect(scorers[m]?.logits(rows)).toEqual(walkedRows(model, rows).logits);
});

test("reasons add up to the log-odds, and name the features that the path asked", () => {
  const model = grown();
  const rows = tableOf(schema, 200, () => 1, "rows");
  const { explain } = treesScorer(model);
  const shares = new Float64Array(schema.features.length);
  for (let row = 0; row < rows.rowCount; row++) {
    const { baseline, logit, reasons } = explain(rows.numbers, row * 3, rows.codes, row * 2);
    const sum = reasons.reduce((all, { contribution }) => all + contribution, baseline);
    expect(sum).toBeCloseTo(logit, 10);
    for (const [f, { contribution }] of reasons.entries())
      shares[f] = (shares[f] ?? 0) + Math.abs(contribution);
  }
  // The label follows the first number.
  for (const f of [1, 2, 3, 4]) expect(shares[0]).toBeGreaterThan(5 * (shares[f] ?? 0));
});
