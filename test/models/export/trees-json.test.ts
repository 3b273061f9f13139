/** The file of boosted trees: it comes back bit for bit, and what is spoilt is refused by name. */
import { expect, test } from "vitest";
import { scorerOf } from "../../../models/export/model-file.ts";
import { parseTreesJson, treesToJson } from "../../../models/export/trees-json.ts";
import { modelOf } from "../../../models/tasks/boost/boost.ts";
import { boosted, boostTaskOf, unnoisedContext } from "../../support/boosted.ts";
import { walkedRows } from "../../support/tree-walk.ts";
import { membersOf, schemaOf, tableOf } from "../fixtures.ts";

const schema = schemaOf(["missing", { onehot: 12 }, "number"]);
const context = unnoisedContext(boostTaskOf({ trees: 4, depth: 4 }), schema, 3);
const model = modelOf(context, boosted(context, membersOf(schema, 3, 150)));
const text = treesToJson(model);

test("an ensemble comes back as it was, and scores as it did", () => {
  expect(parseTreesJson(JSON.parse(text))).toEqual(model);
  expect(treesToJson(parseTreesJson(JSON.parse(text)))).toBe(text);
  const kinds = new Set(model.trees.flatMap((tree) => tree.map(({ kind }) => kind)));
  expect([...kinds].sort()).toEqual(["category", "leaf", "number"]);
  const rows = tableOf(schema, 50, () => 1, "rows");
  const scorer = scorerOf(text);
  const { logits } = walkedRows(model, rows);
  expect(scorer.logits(rows)).toEqual(logits);
  const { numberCount, categoryCount } = scorer.row;
  for (const [row, logit] of logits.entries()) {
    const at = [rows.numbers, row * numberCount, rows.codes, row * categoryCount] as const;
    expect(scorer.row.logit(...at)).toBe(logit);
    const { baseline, reasons, gap } = scorer.explain(...at);
    const sum = reasons.reduce((all, { contribution }) => all + contribution, baseline);
    expect(Math.abs(sum - logit)).toBeLessThan(1e-9);
    expect(Math.abs(gap)).toBeLessThan(1e-9);
  }
});

type Parsed = Record<string, unknown> & { trees: Record<string, unknown>[][] };

const SPOILT: [string, (file: Parsed) => unknown, string][] = [
  ["another field", (file) => ({ ...file, more: 1 }), "is no field here"],
  ["no edges for a number", (file) => ({ ...file, edges: {} }), '"f0" does not have 15 values'],
  ["a base that is no number", (file) => ({ ...file, base: "0" }), 'Field "base"'],
  [
    "a feature unknown",
    (file) => spoilRoot(file, { feature: "x" }),
    'Field "trees.0" is not a tree',
  ],
  [
    "a child that is not there",
    (file) => spoilRoot(file, { left: 900 }),
    'Field "trees.0" is not a tree',
  ],
  [
    "a node that is its own child",
    (file) => spoilRoot(file, { left: 0 }),
    'Field "trees.0" is not a tree',
  ],
  ["a tree of nothing", (file) => ({ ...file, trees: [[]] }), 'Field "trees.0"'],
];

function spoilRoot(file: Parsed, change: Record<string, unknown>): Parsed {
  const [[root, ...nodes] = [], ...trees] = file.trees;
  return { ...file, trees: [[{ ...root, ...change }, ...nodes], ...trees] };
}

test.each(SPOILT)("a file with %s is refused", (_, spoil, message) => {
  const file = JSON.parse(text) as Parsed;
  expect(() => scorerOf(JSON.stringify(spoil(file)))).toThrow(message);
});

test("a text that is cut short is refused", () => {
  expect(() => scorerOf(text.slice(0, -20))).toThrow("It is not JSON");
});
