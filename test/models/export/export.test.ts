/** Models written and read back: our own JSON bit for bit, TensorFlow.js against our scores. */
import { expect, test } from "vitest";
import { architectureOf } from "../../../models/engine/architecture.ts";
import { plainBackend } from "../../../models/engine/plain.ts";
import { modelToJson, parseModelJson } from "../../../models/export/json.ts";
import { modelToTfjs } from "../../../models/export/tfjs.ts";
import type { Model } from "../../../models/model.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { largestGap } from "../../support/gap.ts";
import { rng, type ShortFeature, schemaOf, tableOf, unevenScaling } from "../fixtures.ts";
import { scoresOfTfjs, tfjsInputs } from "./runtimes.ts";

const everything: ShortFeature[] = [
  "number",
  "missing",
  { onehot: 3 },
  { embedding: 2 },
  { onehot: 2 },
];

function modelOver(features: ShortFeature[], hidden: number[], activation: "relu" | "tanh"): Model {
  const schema = schemaOf(features);
  const spec = { hidden, activation, seed: "a" };
  const architecture = architectureOf(schema, spec);
  const source = new UniformSource(rng("params"));
  const params = Float32Array.from(
    { length: architecture.paramCount },
    () => 0.5 * source.normal(),
  );
  return { schema, spec, params, scaling: unevenScaling(architecture.numberCount) };
}

const kinds: [string, ShortFeature[], number[], "relu" | "tanh"][] = [
  ["a deep model on everything", everything, [8, 5, 3], "relu"],
  ["a tanh model on everything", everything, [6], "tanh"],
  ["logistic regression on everything", everything, [], "relu"],
  ["numbers only", ["number", "number"], [4], "relu"],
  ["numbers that may be missing, logistic", ["missing", "missing"], [], "relu"],
  ["a single number", ["number"], [], "relu"],
  ["one-hot categories only", [{ onehot: 3 }, { onehot: 4 }], [4], "relu"],
  ["a single one-hot category, logistic", [{ onehot: 3 }], [], "relu"],
  ["embedded categories only", [{ embedding: 3 }, { embedding: 2 }], [4], "relu"],
];

test.each(kinds)("TensorFlow.js scores as we do: %s", async (_, ...kind) => {
  const model = modelOver(...kind);
  const data = tableOf(model.schema, 10_000, () => 1);
  const backend = plainBackend(architectureOf(model.schema, model.spec));
  const ours = backend.scores(model.params, model.scaling, data);
  const theirs = await scoresOfTfjs(modelToTfjs(model), tfjsInputs(model, data));
  expect(largestGap(ours, theirs)).toBeLessThan(1e-6);
  expect(Math.max(...ours) - Math.min(...ours)).toBeGreaterThan(0.05);
});

test.each(
  kinds,
)("TensorFlow.js scores as we do where values crowd at one end of the bounds: %s", async (_, ...kind) => {
  const model = modelOver(...kind);
  const { numberCount } = architectureOf(model.schema, model.spec);
  // As moments find it where the declared bounds are a thousand times the usual value.
  model.scaling.fill(-0.99, 0, numberCount).fill(1000, numberCount);
  const spread = tableOf(model.schema, 200, () => 1);
  const data = { ...spread, numbers: spread.numbers.map((x) => -0.99 + x / 1000) };
  const backend = plainBackend(architectureOf(model.schema, model.spec));
  const ours = backend.scores(model.params, model.scaling, data);
  const theirs = await scoresOfTfjs(modelToTfjs(model), tfjsInputs(model, data));
  for (let i = 0; i < 200; i++) {
    expect(Math.abs((ours[i] ?? 0) - (theirs[i] ?? Number.NaN))).toBeLessThan(1e-5);
  }
});

test.each(kinds)("JSON gives the same model back: %s", (_, ...kind) => {
  const model = modelOver(...kind);
  const text = modelToJson(model);
  expect(parseModelJson(text, model.schema)).toEqual(model);
  expect(modelToJson(parseModelJson(text))).toBe(text);
});

test("a model of two million parameters is written and read back", () => {
  const model = modelOver(["number"], [1400, 1400], "relu");
  const { params } = parseModelJson(modelToJson(model));
  expect(Buffer.compare(Buffer.from(params.buffer), Buffer.from(model.params.buffer))).toBe(0);
});

test("what is not a whole model of this version and schema is refused by a clear message", () => {
  const model = modelOver(everything, [3], "relu");
  const text = modelToJson(model);
  const read = (changed: string) => () => parseModelJson(changed);
  for (const cut of [0, 1, 100, text.length - 2]) {
    expect(read(text.slice(0, cut))).toThrow("may be cut short");
  }
  expect(read("[1]")).toThrow("not a model file");
  expect(read(text.replace("model/1", "model/2"))).toThrow('reads "cloister-model/1"');
  expect(read(text.replace('"spec":', '"spek":'))).toThrow('read. "spek" is no field');
  const fewer = { ...model, params: model.params.subarray(1) };
  expect(read(modelToJson(fewer))).toThrow('"params" has');
  const broken = { ...model, params: model.params.map((x, i) => (i === 3 ? Number.NaN : x)) };
  expect(read(modelToJson(broken))).toThrow("not finite");
  const other = schemaOf(["number"]);
  expect(() => parseModelJson(text, other)).toThrow("another schema");
});
