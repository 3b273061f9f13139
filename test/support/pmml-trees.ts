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
  const all = segmentsOf(trees, "sum").map((tree) => walkOf(child(tree, "Node")));
  return (row) => {
    const fields = inputs(chain, row);
    if (fields === null) return null;
    const sum = all.reduce((total, walk) => total + walk(fields), 0);
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

/** With missingValueStrategy="defaultChild". @returns The score of the leaf that a row comes to. */
function walkOf(node: Element): (fields: Fields) => number {
  const children = node.children.filter(({ name }) => name === "Node");
  const score = children.length === 0 ? Number(attribute(node, "score")) : Number.NaN;
  if (children.length === 0) return () => score;
  const id = attribute(node, "defaultChild");
  const walks = children.map((one) => ({ test: testOf(one.children[0]), walk: walkOf(one) }));
  const chosen = walks[children.findIndex((one) => attribute(one, "id") === id)];
  if (!chosen) throw new Error("no child is the default");
  return (fields) => {
    for (const { test, walk } of walks) {
      const holds = test(fields);
      if (holds === true) return walk(fields);
      if (holds === null) break;
    }
    return chosen.walk(fields);
  };
}

/** Null: unknown. */
function testOf(predicate: Element | undefined): (fields: Fields) => boolean | null {
  if (!predicate) throw new Error("no predicate");
  const name = attribute(predicate, "field");
  const holds =
    predicate.name === "SimplePredicate" ? comparison(predicate) : membership(predicate);
  return (fields) => {
    const value = fields.get(name);
    if (value === undefined) throw new Error("a test of nothing");
    return value === null ? null : holds(value);
  };
}

function comparison(predicate: Element): (value: Value) => boolean {
  const limit = Number(attribute(predicate, "value"));
  const operator = attribute(predicate, "operator");
  if (operator === "lessOrEqual") return (value) => Number(value) <= limit;
  if (operator === "greaterThan") return (value) => Number(value) > limit;
  throw new Error(`unknown operator ${operator}`);
}

function membership(predicate: Element): (value: Value) => boolean {
  const array = child(predicate, "Array");
  const names = [...array.text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, name = ""]) =>
    name.replaceAll(/\\(.)/g, "$1"),
  );
  if (names.length !== Number(attribute(array, "n"))) throw new Error("an array of another length");
  const listed = new Set(names);
  const wanted = attribute(predicate, "booleanOperator") === "isIn";
  return (value) => listed.has(String(value)) === wanted;
}
