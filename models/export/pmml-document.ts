/** What PMML documents of every kind of model have in common. Pure. @see Data Mining Group, PMML 4.4. */
import type { DataSchema } from "../../shared/charter/schema.ts";
import { element } from "./xml.ts";

/** The whole text. @param parts What follows the data dictionary. */
export function pmmlDocument({ features, label }: DataSchema, ...parts: readonly string[]): string {
  const fields = features.map(({ name, type }) => dataField(name, type));
  const values = [label.positive, label.negative].map((value) => element("Value", { value }));
  const target = { name: label.column, optype: "categorical", dataType: "string" };
  const dictionary = [...fields, element("DataField", target, ...values)];
  const document = element(
    "PMML",
    { xmlns: "http://www.dmg.org/PMML-4_4", version: "4.4" },
    element("Header", {}, element("Application", { name: "cloister" })),
    element("DataDictionary", { numberOfFields: String(dictionary.length) }, ...dictionary),
    ...parts,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${document}\n`;
}

function dataField(name: string, type: "number" | "category"): string {
  const kinds = { number: ["continuous", "double"], category: ["categorical", "string"] } as const;
  const [optype, dataType] = kinds[type];
  return element("DataField", { name, optype, dataType });
}

/** Values that the dictionary does not list are used as they are: they are "anything else". */
export function miningField(name: string, more: Readonly<Record<string, string>> = {}): string {
  return element("MiningField", { name, invalidValueTreatment: "asIs", ...more });
}

export function targetField({ label }: DataSchema): string {
  return element("MiningField", { name: label.column, usageType: "target" });
}

/** The output field `score`: the probability of "positive". */
export function scoreOutput({ label }: DataSchema): string {
  const kind = { optype: "continuous", dataType: "double", feature: "probability" };
  return element(
    "Output",
    {},
    element("OutputField", { name: "score", ...kind, value: label.positive }),
  );
}

/** Log-odds to a probability. @param parts Of the positive's table. */
export function logitTables(
  { label }: DataSchema,
  intercept: number,
  ...parts: readonly string[]
): readonly [string, string] {
  const positive = { intercept: String(intercept), targetCategory: label.positive };
  const negative = { intercept: "0", targetCategory: label.negative };
  return [element("RegressionTable", positive, ...parts), element("RegressionTable", negative)];
}

/** A model whose outcome is a probability by way of log-odds. */
export const CLASSIFIER = { functionName: "classification", normalizationMethod: "logit" } as const;
