/**
 * Logistic regression as PMML 4.4, preprocessing included: what many banks' decision engines read. Pure.
 *
 * @see Data Mining Group, PMML 4.4, RegressionModel (normalizationMethod logit) and Transformations.
 */
import { assert } from "../../shared/base/assert.ts";
import { architectureOf, isGraph } from "../engine/architecture.ts";
import { type CategorySums, featureSums } from "../engine/first-layer.ts";
import { columnsOf, type NumberColumn } from "../features/columns.ts";
import type { Model } from "../model.ts";
import {
  CLASSIFIER,
  logitTables,
  miningField,
  pmmlDocument,
  scoreOutput,
  targetField,
} from "./pmml-document.ts";
import { element } from "./xml.ts";

/** Only of a model without hidden layers. */
export function modelToPmml(model: Model): string {
  const { schema, spec, params } = model;
  const network = architectureOf(schema, spec);
  assert(!isGraph(network), "logistic regression is a plain net");
  const [layer, ...others] = network.layers;
  assert(layer !== undefined && others.length === 0, "logistic regression has one layer");
  const { numbers } = columnsOf(schema);
  const derived: string[] = [];
  const predictors: string[] = [];
  let intercept = params[layer.biasOffset] ?? 0;
  for (const sums of featureSums(model, network)) {
    if (sums.type === "category") {
      intercept += sums.rows[0]?.[0] ?? 0;
      predictors.push(...categoryPredictors(sums, model));
      continue;
    }
    const column = numbers[sums.column];
    if (column === undefined) continue;
    const { centre, inverseScale, weights, missing } = sums;
    derived.push(derivedField(`x ${column.name}`, scaled(column, centre, inverseScale)));
    predictors.push(numericPredictor(`x ${column.name}`, weights[0] ?? 0));
    if (missing === null) continue;
    const flag = apply("if", apply("isMissing", field(column.name)), number(1), number(0));
    derived.push(derivedField(`unknown ${column.name}`, flag));
    predictors.push(numericPredictor(`unknown ${column.name}`, missing[0] ?? 0));
  }
  const inputs = schema.features.map(({ name }) => miningField(name));
  const regression = element(
    "RegressionModel",
    { modelName: "cloister", ...CLASSIFIER },
    element("MiningSchema", {}, ...inputs, targetField(schema)),
    scoreOutput(schema),
    ...logitTables(schema, intercept, ...predictors),
  );
  const transformations =
    derived.length > 0 ? [element("TransformationDictionary", {}, ...derived)] : [];
  return pmmlDocument(schema, ...transformations, regression);
}

/** (encoded − centre) · inverseScale; 0 where unknown and the schema allows it. */
function scaled(column: NumberColumn, centre: number, inverseScale: number): string {
  const { name, min, max, low, scale, isLog, mayBeMissing } = column;
  const clamped = apply("min", apply("max", field(name), number(min)), number(max));
  const shaped = isLog ? signedLog(clamped, min) : clamped;
  const encoded = apply("-", apply("*", apply("-", shaped, number(low)), number(scale)), number(1));
  const value = apply("*", apply("-", encoded, number(centre)), number(inverseScale));
  if (!mayBeMissing) return value;
  return apply("if", apply("isMissing", field(name)), number(0), value);
}

/** sign(x) · ln(1 + |x|). */
function signedLog(x: string, min: number): string {
  const above = apply("ln", apply("+", number(1), x));
  if (min >= 0) return above;
  const below = apply("-", number(0), apply("ln", apply("-", number(1), x)));
  return apply("if", apply("lessThan", x, number(0)), below, above);
}

/** What a category adds beyond "anything else", which is in the intercept. */
function categoryPredictors({ feature, rows }: CategorySums, { schema }: Model): string[] {
  const declared = schema.features.find(({ name }) => name === feature);
  const categories = declared?.type === "category" ? declared.categories : [];
  const other = rows[0]?.[0] ?? 0;
  const seen = new Set<string>();
  return categories.flatMap((category, i) => {
    const value = category.trim();
    if (seen.has(value)) return [];
    seen.add(value);
    const coefficient = String((rows[i + 1]?.[0] ?? 0) - other);
    return [element("CategoricalPredictor", { name: feature, value, coefficient })];
  });
}

function numericPredictor(name: string, coefficient: number): string {
  return element("NumericPredictor", { name, coefficient: String(coefficient) });
}

function derivedField(name: string, expression: string): string {
  return element("DerivedField", { name, optype: "continuous", dataType: "double" }, expression);
}

function apply(name: string, ...parts: readonly string[]): string {
  return element("Apply", { function: name }, ...parts);
}

function field(name: string): string {
  return element("FieldRef", { field: name });
}

function number(value: number): string {
  return `<Constant dataType="double">${value}</Constant>`;
}
