/** Boosted trees in every runtime at hand: 10 000 raw rows, unknown numbers and undeclared categories among them. */
import { expect, test } from "vitest";
import { treesToOnnx } from "../../../models/export/onnx-trees.ts";
import { treesToPmml } from "../../../models/export/pmml-trees.ts";
import { treesToScorer } from "../../../models/export/scorer.ts";
import { readScorer } from "../../../models/export/scorer-reader.ts";
import { treesScorer } from "../../../models/scoring/scorer.ts";
import type { TreeModel } from "../../../models/trees/model.ts";
import { DataSchema } from "../../../shared/charter/schema.ts";
import { largestGap } from "../../support/gap.ts";
import { onnxScores } from "../../support/onnx.ts";
import { pmmlTreesScorer } from "../../support/pmml-trees.ts";
import { randomForest } from "../../support/random-forest.ts";
import {
  ALL,
  encodedRows,
  FEATURES,
  type FeatureName,
  type RawRow,
  rawModel,
  rawRows,
} from "../raw-rows.ts";
import { expectFormats } from "./formats.ts";

/** More than have a bin of their own; one name twice. */
const MANY = {
  name: "many",
  type: "category",
  categories: [...Array.from({ length: 290 }, (_, i) => `c${i}`), " c7 "],
};

function treesOver(names: readonly FeatureName[], more: object[] = []): TreeModel {
  const features = [...names.map((name) => FEATURES[name]), ...more];
  const schema = DataSchema.parse({ label: { column: "label" }, unit: null, features });
  return randomForest(schema, { trees: 40, leaves: 26, bins: 64 });
}

function ourScores(model: TreeModel, rows: readonly RawRow[]): Float64Array {
  const logits = treesScorer(model).logits(encodedRows(model, rows));
  return Float64Array.from(logits, (logit) => 1 / (1 + Math.exp(-logit)));
}

/** Texts as both runtimes want them: without white space around. */
function manyRows(model: TreeModel): RawRow[] {
  const trim = (value: RawRow[string]) =>
    typeof value === "string" ? value.trim() : (value ?? null);
  return rawRows(model, 10_000).map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, trim(value)])),
  );
}

const CASES: [string, () => TreeModel][] = [
  ["everything", () => treesOver(ALL, [MANY])],
  ["numbers that must be known", () => treesOver(["amount", "when"])],
  ["numbers that may be unknown", () => treesOver(["age", "debt"])],
  ["categories only", () => treesOver(["channel", "day"])],
  ["categories, and no split", () => ({ ...treesOver(["channel"]), trees: [] })],
];

test.each(CASES)("ONNX Runtime scores raw rows as we do: %s", async (_, make) => {
  const model = make();
  const rows = manyRows(model);
  const ours = ourScores(model, rows);
  const theirs = await onnxScores(treesToOnnx(model), model.schema, rows);
  expect(largestGap(ours, theirs)).toBeLessThan(1e-6);
  if (model.trees.length > 0) expect(new Set(ours).size).toBeGreaterThan(10);
});

test.each(CASES)("the JSON scorer and PMML give our scores: %s", (_, make) => {
  const model = make();
  const rows = manyRows(model);
  const ours = ourScores(model, rows);
  const read = readScorer(treesToScorer(model));
  const byPmml = pmmlTreesScorer(treesToPmml(model));
  expect(largestGap(ours, rows.map(read))).toBe(0);
  expect(
    largestGap(
      ours,
      rows.map((row) => Number(byPmml(row) ?? Number.NaN)),
    ),
  ).toBeLessThan(1e-12);
});

/** Both sides of every limit, and the limits themselves: what the bisection must find. */
test("raw values at the edges of bins and one step beside them go where our encoding sends them", () => {
  const model = treesOver(["amount", "age", "when", "debt"]);
  const text = treesToScorer(model);
  const limits = [...text.matchAll(/"atMost":(-?[\d.e+-]+),"input":(\d)/g)];
  expect(limits.length).toBeGreaterThan(500);
  const [plain = {}] = rawRows(model, 1);
  const names = model.schema.features.map(({ name }) => name);
  const rows = limits.flatMap(([, limit, input]) => {
    const value = Number(limit);
    // Beyond every value.
    if (Math.abs(value) > 1e300) return [];
    const step = Math.abs(value) * 2 ** -52 + 1e-300;
    return [value - step, value, value + step].map((x) => ({
      ...plain,
      [names[Number(input)] ?? ""]: x,
    }));
  });
  const score = readScorer(text);
  expect(largestGap(ourScores(model, rows), rows.map(score))).toBe(0);
});

test("an unknown number that the schema refuses gives no score", async () => {
  const model = treesOver(ALL);
  const [first = {}, second = {}] = rawRows(model, 2);
  const faulty = { ...first, amount: null };
  const scores = await onnxScores(treesToOnnx(model), model.schema, [faulty, second]);
  expect(scores[0]).toBeNaN();
  expect(scores[1]).toBeGreaterThan(0);
  const byPmml = pmmlTreesScorer(treesToPmml(model));
  expect([byPmml(faulty), typeof byPmml(second)]).toEqual([null, "number"]);
  const read = readScorer(treesToScorer(model));
  expect(() => read(faulty)).toThrow('"amount" must be known');
  expect(() => read({ ...first, age: "old" })).toThrow('"age" is not a number');
});

test("an ensemble of a hundred thousand nodes is written", () => {
  const { schema } = treesOver(["age"]);
  const model = randomForest(schema, { trees: 2000, leaves: 26, bins: 64 });
  expect(treesToOnnx(model).length).toBeGreaterThan(1e6);
});

test("an infinite number counts as its bound", async () => {
  const model = treesOver(["amount", "age"]);
  const rows = [Infinity, 1e9, -Infinity, -1e9].map((amount) => ({ amount, age: 30 }));
  const [high, top, low, bottom] = await onnxScores(treesToOnnx(model), model.schema, rows);
  expect([high, low]).toEqual([top, bottom]);
});

test("a format that has no form for a kind of model is refused with those that have", () => {
  const trees = { kind: "trees", model: treesOver(["age"]) } as const;
  expectFormats(trees, "boosted trees", ["json", "onnx", "scorer", "pmml"]);
  const net = { kind: "net", model: rawModel(["age"], [4]) } as const;
  expectFormats(net, "a net with hidden layers", ["json", "tfjs", "onnx", "scorer"]);
  const logistic = { kind: "net", model: rawModel(["age"], []) } as const;
  expectFormats(logistic, "", ["json", "tfjs", "onnx", "scorer", "pmml"]);
});
