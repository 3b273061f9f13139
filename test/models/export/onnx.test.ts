/** ONNX exports in the real runtime: raw rows in, our scores out. */
import { expect, test } from "vitest";
import { architectureOf } from "../../../models/engine/architecture.ts";
import { plainBackend } from "../../../models/engine/plain.ts";
import { largestGap } from "../../support/gap.ts";
import { ALL, crowded, encodedRows, type FeatureName, rawModel, rawRows } from "../raw-rows.ts";
import { scoresOfOnnx } from "./runtimes.ts";

const CASES: readonly [string, readonly FeatureName[], number[], "relu" | "tanh"][] = [
  ["a deep net on everything", ALL, [16, 8, 4], "relu"],
  ["a tanh net on everything", ALL, [6], "tanh"],
  ["logistic regression on everything", ALL, [], "relu"],
  ["one number", ["when"], [], "relu"],
  ["a number that may be unknown", ["age"], [4], "relu"],
  ["logarithms only", ["amount", "debt"], [4], "relu"],
  ["one-hot categories only", ["channel", "day"], [4], "relu"],
  ["one one-hot category", ["day"], [], "relu"],
  ["an embedded category", ["shop"], [4], "relu"],
];

test.each(CASES)("ONNX Runtime scores raw rows as we do: %s", async (_, ...kind) => {
  const model = rawModel(...kind);
  const rows = rawRows(model, 10_000);
  const backend = plainBackend(architectureOf(model.schema, model.spec));
  const ours = backend.scores(model.params, model.scaling, encodedRows(model, rows));
  const theirs = await scoresOfOnnx(model, rows);
  expect(largestGap(ours, theirs)).toBeLessThan(1e-6);
  expect(Math.max(...ours) - Math.min(...ours)).toBeGreaterThan(0.02);
});

test("ONNX Runtime scores as we do where values crowd at one end of the bounds", async () => {
  const { model, rows } = crowded(rawModel(["when", "age", "day"], [8]));
  const backend = plainBackend(architectureOf(model.schema, model.spec));
  const ours = backend.scores(model.params, model.scaling, encodedRows(model, rows));
  const theirs = await scoresOfOnnx(model, rows);
  expect(largestGap(ours, theirs)).toBeLessThan(2e-6);
});

test("an unknown number that the schema refuses gives no score, and spoils no other row", async () => {
  const model = rawModel(ALL, [8]);
  const [first = {}, second = {}] = rawRows(model, 2);
  const [whole] = await scoresOfOnnx(model, [second]);
  const scores = await scoresOfOnnx(model, [{ ...first, amount: null }, second]);
  expect(scores[0]).toBeNaN();
  expect(scores[1]).toBe(whole);
});
