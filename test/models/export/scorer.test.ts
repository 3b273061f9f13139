/** The scorer file and its reader: our scores to 10⁻⁶ from a file that imports nothing. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { architectureOf } from "../../../models/engine/architecture.ts";
import { plainBackend } from "../../../models/engine/plain.ts";
import { modelToScorer } from "../../../models/export/scorer.ts";
import { readScorer } from "../../../models/export/scorer-reader.ts";
import { importsOf } from "../../support/architecture.ts";
import { ALL, crowded, encodedRows, type FeatureName, rawModel, rawRows } from "../raw-rows.ts";

const CASES: readonly [string, readonly FeatureName[], number[], "relu" | "tanh"][] = [
  ["a net on everything", ALL, [16, 8], "relu"],
  ["a tanh net on everything", ALL, [6], "tanh"],
  ["logistic regression on everything", ALL, [], "relu"],
  ["categories only", ["channel", "day"], [4], "relu"],
];

test.each(CASES)("the reader scores 10 000 raw rows as we do: %s", (_, ...kind) => {
  const model = rawModel(...kind);
  const rows = rawRows(model, 10_000);
  const backend = plainBackend(architectureOf(model.schema, model.spec));
  const logits = backend.logits(model.params, model.scaling, encodedRows(model, rows));
  const score = readScorer(modelToScorer(model));
  let worst = 0;
  for (const [i, row] of rows.entries()) {
    const ours = 1 / (1 + Math.exp(-(logits[i] ?? Number.NaN)));
    worst = Math.max(worst, Math.abs(score(row) - ours));
  }
  expect(worst).toBeLessThan(1e-6);
  expect(Math.max(...logits) - Math.min(...logits)).toBeGreaterThan(0.1);
});

test("the reader scores as we do where values crowd at one end of the bounds", () => {
  const { model, rows } = crowded(rawModel(["when", "age", "day"], [8]));
  const backend = plainBackend(architectureOf(model.schema, model.spec));
  const ours = backend.scores(model.params, model.scaling, encodedRows(model, rows));
  const score = readScorer(modelToScorer(model));
  for (const [i, row] of rows.entries())
    expect(Math.abs(score(row) - (ours[i] ?? Number.NaN))).toBeLessThan(1e-6);
});

test("the reader refuses another format, absent fields and what is not a number, by the field's name", () => {
  const model = rawModel(ALL, [4]);
  const text = modelToScorer(model);
  const score = readScorer(text);
  const [row = {}] = rawRows(model, 1);
  const { amount: _, ...absent } = row;
  expect(() => score(absent)).toThrow('"amount" is absent');
  expect(() => score({ ...row, amount: "many" })).toThrow('"amount" is not a number');
  expect(() => score({ ...row, amount: Number.POSITIVE_INFINITY })).toThrow('"amount" is not');
  expect(() => score({ ...row, amount: null })).toThrow('"amount" must be known');
  expect(score({ ...row, age: null })).toBeGreaterThan(0);
  expect(() => readScorer(text.replace("scorer/1", "scorer/2"))).toThrow("not a cloister-scorer/1");
});

test("the reader is short and imports nothing", () => {
  const path = new URL("../../../models/export/scorer-reader.ts", import.meta.url);
  const source = readFileSync(path, "utf8");
  expect(importsOf("scorer-reader.ts", source)).toEqual([]);
  expect(source.split("\n").length).toBeLessThanOrEqual(100);
});
