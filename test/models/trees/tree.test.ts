/** Trees: what a walk over bins gives against the values themselves; numbers that are no tree are refused. */
import { expect, test } from "vitest";
import { modelOf } from "../../../models/tasks/boost/boost.ts";
import { featureBins } from "../../../models/trees/bins.ts";
import { pushTree, readerOf, readTree } from "../../../models/trees/codec.ts";
import { boosted, boostTaskOf, treeScores, unnoisedContext } from "../../support/boosted.ts";
import { walkedRows } from "../../support/tree-walk.ts";
import { membersOf, schemaOf, tableOf } from "../fixtures.ts";

const schema = schemaOf(["number", "missing", { onehot: 3 }, { embedding: 12 }, "number"]);
const layout = featureBins(schema, 16);
const context = unnoisedContext(boostTaskOf({ trees: 5, depth: 4 }), schema, 3);
const model = modelOf(context, boosted(context, membersOf(schema, 3, 150)));
const rows = tableOf(schema, 200, () => 1, "rows");

test("a row's score is that of the leaf it walks to, by the values themselves", () => {
  const [numberCount, categoryCount] = [3, 2];
  const naive = Array.from({ length: rows.rowCount }, (_, row) => {
    const known = (f: number): number => {
      const { column = 0, kind } = layout[f] ?? {};
      return kind === "number"
        ? (rows.numbers[row * numberCount + column] ?? 0)
        : (rows.codes[row * categoryCount + column] ?? 0);
    };
    return model.trees.reduce((sum, tree) => {
      let node = tree[0];
      while (node && node.kind !== "leaf") {
        const value = known(node.feature);
        const column = layout[node.feature]?.column ?? 0;
        const isLeft =
          node.kind === "category"
            ? node.bins.includes(value)
            : Number.isNaN(value)
              ? node.missingLeft
              : node.bin === 15 || value <= (model.edges[15 * column + node.bin] ?? 0);
        node = tree[isLeft ? node.left : node.left + 1];
      }
      return sum + (node?.value ?? 0);
    }, model.base);
  });
  expect([...walkedRows(model, rows).logits]).toEqual(naive);
  expect(new Set(naive).size).toBeGreaterThan(20);
  expect(treeScores(model, rows)[0]).toBeCloseTo(1 / (1 + Math.exp(-(naive[0] ?? 0))), 6);
});

test("a tree comes back from its numbers as it was", () => {
  for (const tree of model.trees) {
    const values: number[] = [];
    pushTree(values, tree);
    expect(readTree(readerOf(Float32Array.from(values)), layout)).toEqual(tree);
  }
});

const LEAF = [0, 0.5];
const ROOT = [1, 0, 0, 1, 3, 0];
test.each([
  ["cut short", [3, ...ROOT, ...LEAF]],
  ["of no nodes", [0]],
  ["with a node that is its own child", [3, 1, 0, 0, 0, 3, 0, ...LEAF, ...LEAF]],
  ["with a child beyond the end", [3, 1, 0, 0, 2, 3, 0, ...LEAF, ...LEAF]],
  [
    "with a node of two parents",
    [5, ...ROOT, 1, 0, 0, 3, 3, 0, 1, 0, 0, 3, 3, 0, ...LEAF, ...LEAF],
  ],
  ["with a node of no parent", [4, ...ROOT, ...LEAF, ...LEAF, ...LEAF]],
  ["with a feature that is not there", [3, 1, 0, 9, 1, 3, 0, ...LEAF, ...LEAF]],
  ["that splits a category by order", [3, 1, 0, 2, 1, 1, 0, ...LEAF, ...LEAF]],
  ["that lists bins of a number", [3, 2, 0, 0, 1, 1, 0, ...LEAF, ...LEAF]],
  ["with a bin that is not there", [3, 1, 0, 0, 1, 16, 0, ...LEAF, ...LEAF]],
  ["with categories out of order", [3, 2, 0, 2, 1, 2, 1, 0, ...LEAF, ...LEAF]],
  ["with a value that is not finite", [3, ...ROOT, 0, Infinity, ...LEAF]],
])("numbers %s are not a tree", (_, values) => {
  expect(() => readTree(readerOf(values), layout)).toThrow("The ask's ensemble");
});

test("the numbers that those cases spoil are a tree", () => {
  expect(readTree(readerOf([3, ...ROOT, ...LEAF, ...LEAF]), layout)).toHaveLength(3);
});
