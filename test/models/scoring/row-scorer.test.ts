/** One row at a time gives the bits that the engine gives for all. */
import { expect, test } from "vitest";
import { architectureOf } from "../../../models/engine/architecture.ts";
import { plainBackend } from "../../../models/engine/plain.ts";
import { rowScorer } from "../../../models/scoring/row-scorer.ts";
import { ALL, encodedRows, type FeatureName, rawModel, rawRows } from "../raw-rows.ts";

const CASES: readonly [string, readonly FeatureName[], number[], "relu" | "tanh"][] = [
  ["a deep net on everything", ALL, [17, 6, 3], "relu"],
  ["a tanh net on everything", ALL, [6, 5], "tanh"],
  ["logistic regression on everything", ALL, [], "relu"],
  ["one-hot categories only", ["channel", "day"], [4], "relu"],
  ["numbers only", ["age", "when"], [3], "relu"],
];

test.each(CASES)("row by row is bit for bit what the engine gives: %s", (_, ...kind) => {
  const model = rawModel(...kind);
  const data = encodedRows(model, rawRows(model, 300));
  data.codes[0] = 60_000; // Beyond every table: "anything else".
  const backend = plainBackend(architectureOf(model.schema, model.spec));
  const logits = backend.logits(model.params, model.scaling, data);
  const { numberCount, categoryCount, logit } = rowScorer(model);
  for (let r = 0; r < data.rowCount; r++) {
    const own = logit(data.numbers, r * numberCount, data.codes, r * categoryCount);
    expect(Math.fround(own)).toBe(logits[r]);
  }
});

test("a model that is not a number stays seen to be so", () => {
  const model = rawModel(["when"], [4]);
  model.params.fill(Number.NaN);
  expect(rowScorer(model).logit(Float32Array.of(0.5), 0, new Uint16Array(), 0)).toBeNaN();
});
