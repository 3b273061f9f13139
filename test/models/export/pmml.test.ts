/** PMML of logistic regression, read by a second implementation of the standard. No PMML runtime was at hand. */
import { expect, test } from "vitest";
import { architectureOf } from "../../../models/engine/architecture.ts";
import { plainBackend } from "../../../models/engine/plain.ts";
import { modelToPmml } from "../../../models/export/pmml.ts";
import { parseXml, pmmlScorer } from "../../support/pmml.ts";
import { ALL, encodedRows, type FeatureName, rawModel, rawRows } from "../raw-rows.ts";

const CASES: readonly [string, readonly FeatureName[]][] = [
  ["everything", ALL],
  ["numbers only", ["amount", "debt"]],
  ["categories only", ["channel", "day"]],
];

test.each(CASES)("a PMML reader scores raw rows as we do: %s", (_, names) => {
  const model = rawModel(names, []);
  const rows = rawRows(model, 1000);
  const backend = plainBackend(architectureOf(model.schema, model.spec));
  const ours = backend.scores(model.params, model.scaling, encodedRows(model, rows));
  const score = pmmlScorer(modelToPmml(model));
  for (const [i, row] of rows.entries())
    expect(Math.abs(Number(score(row)) - (ours[i] ?? Number.NaN))).toBeLessThan(1e-6);
  expect(Math.max(...ours) - Math.min(...ours)).toBeGreaterThan(0.05);
});

test("an unknown number that the schema refuses gives no score", () => {
  const model = rawModel(ALL, []);
  const [row = {}] = rawRows(model, 1);
  const score = pmmlScorer(modelToPmml(model));
  expect(score({ ...row, amount: null })).toBeNull();
  expect(score({ ...row, age: null })).not.toBeNull();
});

test("names of people's making are escaped", () => {
  const model = rawModel(["channel"], []);
  const { schema } = model;
  const odd = { ...schema, label: { column: "<l>&\"'", positive: "<", negative: "&amp;" } };
  const document = parseXml(modelToPmml({ ...model, schema: odd }));
  expect(JSON.stringify([...(document.children[1]?.children[1]?.attributes ?? [])])).toContain(
    JSON.stringify(odd.label.column),
  );
});
