/**
 * A reader of PMML's chains of a sum of trees and a regression, from the standard's text alone. Shares nothing with
 * the writer.
 */
import {
  attribute,
  child,
  type Element,
  type Fields,
  parseXml,
  regressionScore,
  type Value,
} from "./pmml.ts";

/** @returns The probability that the output field names, or null where PMML says "invalid". */
export function pmmlTreesScorer(source: string): (row: Readonly<Record<string, Value>>) => Value {
  const document = parseXml(source);
  const chain = child(document, "MiningModel");
  const [trees, regression, ...more] = segmentsOf(chain, "modelChain");
  if (!trees || !regression || more.length > 0) throw new Error("two models were expected");
  const output = child(child(trees, "Output"), "OutputField");
  if (attribute(output, "feature") !== "predictedValue") throw new Error("no predicted value");
  const constant = Number(attribute(child(child(trees, "Targets"), "Target"), "rescaleConstant"));
  const all = segmentsOf(trees, "sum");
  return (row) => {
    const fields = inputs(chain, row);
    if (fields === null) return null;
    const sum = all.reduce((total, tree) => total + leafOf(child(tree, "Node"), fields), 0);
    fields.set(attribute(output, "name"), sum + constant);
    return regressionScore(regression, fields);
  };
}

/** Null: a field is unknown that must be known. */
function inputs(model: Element, row: Readonly<Record<string, Value>>): Map<string, Value> | null {
  const fields = new Map<string, Value>();
  for (const field of child(model, "MiningSchema").children) {
    if (field.attributes.get("usageType") === "target") continue;
    const name = attribute(field, "name");
    const value = row[name] ?? null;
    if (value === null && field.attributes.get("missingValueTreatment") === "returnInvalid")
      return null;
    fields.set(name, value);
  }
  return fields;
}

function segmentsOf(model: Element, method: string): Element[] {
  const segmentation = child(model, "Segmentation");
  if (attribute(segmentation, "multipleModelMethod") !== method) throw new Error(`not ${method}`);
  return segmentation.children.map((segment) => {
    child(segment, "True");
    const [, model] = segment.children;
    if (!model) throw new Error("an empty segment");
    return model;
  });
}

/** With missingValueStrategy="defaultChild". */
function leafOf(node: Element, fields: Fields): number {
  const children = node.children.filter(({ name }) => name === "Node");
  if (children.length === 0) return Number(attribute(node, "score"));
  for (const one of children) {
    const holds = test(one.children[0], fields);
    if (holds === true) return leafOf(one, fields);
    if (holds === null) break;
  }
  const id = attribute(node, "defaultChild");
  const chosen = children.find((one) => attribute(one, "id") === id);
  if (!chosen) throw new Error("no child is the default");
  return leafOf(chosen, fields);
}

/** Null: unknown. */
function test(predicate: Element | undefined, fields: Fields): boolean | null {
  if (!predicate) throw new Error("no predicate");
  const value = fields.get(attribute(predicate, "field"));
  if (value === undefined) throw new Error("a test of nothing");
  if (value === null) return null;
  if (predicate.name === "SimplePredicate") {
    const limit = Number(attribute(predicate, "value"));
    const operator = attribute(predicate, "operator");
    if (operator === "lessOrEqual") return Number(value) <= limit;
    if (operator === "greaterThan") return Number(value) > limit;
    throw new Error(`unknown operator ${operator}`);
  }
  const array = child(predicate, "Array");
  const names = [...array.text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, name = ""]) =>
    name.replaceAll(/\\(.)/g, "$1"),
  );
  if (names.length !== Number(attribute(array, "n"))) throw new Error("an array of another length");
  const isIn = names.includes(String(value));
  return attribute(predicate, "booleanOperator") === "isIn" ? isIn : !isIn;
}
