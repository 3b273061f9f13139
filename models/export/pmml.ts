/**
 * Logistic regression as PMML 4.4, preprocessing included: what many banks' decision engines read. Pure.
 *
 * @see Data Mining Group, PMML 4.4, RegressionModel (normalizationMethod logit) and Transformations.
 */
import { badInput } from "../../shared/base/errors.ts";
import { architectureOf, isGraph } from "../engine/architecture.ts";
import { type CategorySums, featureSums } from "../engine/first-layer.ts";
import { columnsOf, type NumberColumn } from "../features/columns.ts";
import type { Model } from "../model.ts";

/** @throws {CloisterError} `export.pmml-net`: a model with hidden layers. */
export function modelToPmml(model: Model): string {
  const { schema, spec, params } = model;
  const network = architectureOf(schema, spec);
  const [layer, ...more] = isGraph(network) ? [] : network.layers;
  if (isGraph(network) || layer === undefined || more.length > 0) {
    const remedy = "use --format onnx or scorer for a net";
    throw badInput("export.pmml-net", `PMML is written for logistic regression only; ${remedy}`);
  }
  const { numbers } = columnsOf(schema);
  const { label } = schema;
  const fields = schema.features.map(({ name, type }) => dataField(name, type));
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
  const values = [label.positive, label.negative].map((value) => element("Value", { value }));
  const target = { name: label.column, optype: "categorical", dataType: "string" };
  const dictionary = [...fields, element("DataField", target, ...values)];
  const positive = { intercept: String(intercept), targetCategory: label.positive };
  const negative = { intercept: "0", targetCategory: label.negative };
  const regression = element(
    "RegressionModel",
    { modelName: "cloister", functionName: "classification", normalizationMethod: "logit" },
    element("MiningSchema", {}, ...schema.features.map(miningField), targetField(label.column)),
    element("Output", {}, scoreField(label.positive)),
    element("RegressionTable", positive, ...predictors),
    element("RegressionTable", negative),
  );
  const document = element(
    "PMML",
    { xmlns: "http://www.dmg.org/PMML-4_4", version: "4.4" },
    element("Header", {}, element("Application", { name: "cloister" })),
    element("DataDictionary", { numberOfFields: String(dictionary.length) }, ...dictionary),
    ...(derived.length > 0 ? [element("TransformationDictionary", {}, ...derived)] : []),
    regression,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${document}\n`;
}

function dataField(name: string, type: "number" | "category"): string {
  const kinds = { number: ["continuous", "double"], category: ["categorical", "string"] } as const;
  const [optype, dataType] = kinds[type];
  return element("DataField", { name, optype, dataType });
}

/** Values that the dictionary does not list are used as they are: they are "anything else". */
function miningField({ name }: { readonly name: string }): string {
  return element("MiningField", { name, invalidValueTreatment: "asIs" });
}

function targetField(name: string): string {
  return element("MiningField", { name, usageType: "target" });
}

function scoreField(value: string): string {
  const kind = { optype: "continuous", dataType: "double", feature: "probability" };
  return element("OutputField", { name: "score", ...kind, value });
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

function element(
  name: string,
  attributes: Readonly<Record<string, string>>,
  ...children: readonly string[]
): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(value)}"`);
  if (children.length === 0) return `<${name}${written.join("")}/>`;
  return `<${name}${written.join("")}>${children.join("")}</${name}>`;
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"'\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}
