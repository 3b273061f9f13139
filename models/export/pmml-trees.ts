/**
 * Boosted trees as PMML 4.4: a chain of a sum of trees, which gives the log-odds, and a regression that makes them a
 * probability. Pure. Splits compare raw values, so there is nothing to transform.
 *
 * @see Data Mining Group, PMML 4.4, TreeModel (defaultChild), MiningModel (sum, modelChain), Targets.
 */
import type { DataSchema } from "../../shared/charter/schema.ts";
import type { TreeModel } from "../trees/model.ts";
import {
  CLASSIFIER,
  logitTables,
  miningField,
  pmmlDocument,
  scoreOutput,
  targetField,
} from "./pmml-document.ts";
import { finite, type RawNode, type RawTrees, rawTrees } from "./raw-trees.ts";
import { element, escaped } from "./xml.ts";

const ALWAYS = element("True", {});

export function treesToPmml(model: TreeModel): string {
  const { schema } = model;
  const inputs = schema.features.map((feature) => {
    const mustBeKnown = feature.type === "number" && feature.missing !== "indicator";
    return miningField(feature.name, mustBeKnown ? { missingValueTreatment: "returnInvalid" } : {});
  });
  const logOdds = logOddsName(schema);
  const chain = [sumOfTrees(model, inputs, logOdds), probability(schema, logOdds)];
  const mining = element(
    "MiningModel",
    { modelName: "cloister", functionName: "classification" },
    element("MiningSchema", {}, ...inputs, targetField(schema)),
    segmentation("modelChain", chain),
  );
  return pmmlDocument(schema, mining);
}

/** A name that no column has. */
function logOddsName({ features, label }: DataSchema): string {
  const taken = new Set([label.column, ...features.map(({ name }) => name)]);
  let name = "log-odds";
  while (taken.has(name)) name += "'";
  return name;
}

function segmentation(multipleModelMethod: string, models: readonly string[]): string {
  const segments = models.map((model, i) =>
    element("Segment", { id: String(i + 1) }, ALWAYS, model),
  );
  return element("Segmentation", { multipleModelMethod }, ...segments);
}

function sumOfTrees(model: TreeModel, inputs: readonly string[], logOdds: string): string {
  const raw = rawTrees(model);
  const { features } = model.schema;
  const names = features.map(({ name }) => name);
  // A sum of nothing is not a model.
  const all = raw.trees.length > 0 ? raw.trees : [[{ kind: "leaf", value: 0 }] as const];
  const trees = all.map((tree) => treeModel(tree, raw.categories, names, inputs));
  const field = { name: logOdds, optype: "continuous", dataType: "double" };
  const output = element("OutputField", {
    ...field,
    feature: "predictedValue",
    isFinalResult: "false",
  });
  return element(
    "MiningModel",
    { functionName: "regression" },
    element("MiningSchema", {}, ...inputs),
    element("Output", {}, output),
    element("Targets", {}, element("Target", { rescaleConstant: String(model.base) })),
    segmentation("sum", trees),
  );
}

function probability(schema: DataSchema, logOdds: string): string {
  const predictor = element("NumericPredictor", { name: logOdds, coefficient: "1" });
  return element(
    "RegressionModel",
    CLASSIFIER,
    element("MiningSchema", {}, element("MiningField", { name: logOdds }), targetField(schema)),
    scoreOutput(schema),
    ...logitTables(schema, 0, predictor),
  );
}

function treeModel(
  tree: readonly RawNode[],
  categories: RawTrees["categories"],
  names: readonly string[],
  inputs: readonly string[],
): string {
  const nodeOf = (i: number, predicate: string): string => {
    const node = tree[i] ?? { kind: "leaf", value: 0 };
    const id = String(i);
    if (node.kind === "leaf") return element("Node", { id, score: String(node.value) }, predicate);
    const { left } = node;
    const name = names[node.feature] ?? "";
    const [isLeft, isRight, unknownLeft] =
      node.kind === "number"
        ? numberTests(name, node)
        : categoryTests(name, node.codes, categories[node.feature]?.codeOf ?? new Map());
    const defaultChild = String(unknownLeft ? left : left + 1);
    return element(
      "Node",
      { id, defaultChild },
      predicate,
      nodeOf(left, isLeft),
      nodeOf(left + 1, isRight),
    );
  };
  const strategy = { missingValueStrategy: "defaultChild", splitCharacteristic: "binarySplit" };
  return element(
    "TreeModel",
    { functionName: "regression", ...strategy },
    element("MiningSchema", {}, ...inputs),
    nodeOf(0, ALWAYS),
  );
}

/** What goes left, what goes right, and whether the unknown goes left. */
type Tests = readonly [string, string, boolean];

function numberTests(
  field: string,
  { limit, missingLeft }: Extract<RawNode, { kind: "number" }>,
): Tests {
  const value = String(finite(limit));
  const test = (operator: string): string => element("SimplePredicate", { field, operator, value });
  return [test("lessOrEqual"), test("greaterThan"), missingLeft];
}

/** By the declared names on the side that "anything else" is not on. */
function categoryTests(
  field: string,
  codes: readonly number[],
  codeOf: ReadonlyMap<string, number>,
): Tests {
  const otherLeft = codes.includes(0);
  const names = [...codeOf].filter(([, code]) => codes.includes(code) !== otherLeft);
  const array = element(
    "Array",
    { type: "string", n: String(names.length) },
    names.map(([name]) => quoted(name)).join(" "),
  );
  const test = (booleanOperator: string): string =>
    element("SimpleSetPredicate", { field, booleanOperator }, array);
  const [listed, others] = [test("isIn"), test("isNotIn")];
  return otherLeft ? [others, listed, true] : [listed, others, false];
}

/** As an array's entry: between quotes, with quotes and backslashes marked. */
function quoted(name: string): string {
  return escaped(`"${name.replaceAll(/["\\]/g, "\\$&")}"`);
}
