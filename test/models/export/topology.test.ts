/** Models of a topology in every format and in scoring: the real runtimes' scores are ours. */
import { tensor2d } from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { architectureOf } from "../../../models/engine/architecture.ts";
import { plainBackend } from "../../../models/engine/plain.ts";
import { netInWords } from "../../../models/export/card.ts";
import { modelToJson, parseModelJson } from "../../../models/export/json.ts";
import { modelToPmml } from "../../../models/export/pmml.ts";
import { modelToScorer } from "../../../models/export/scorer.ts";
import { readScorer } from "../../../models/export/scorer-reader.ts";
import { modelToTfjs } from "../../../models/export/tfjs.ts";
import type { Model } from "../../../models/model.ts";
import { explainer, GAP_MAX } from "../../../models/scoring/reasons.ts";
import { rowScorer } from "../../../models/scoring/row-scorer.ts";
import { identityScaling } from "../../../models/tasks/train/train.ts";
import { TopologySpec } from "../../../shared/charter/model-spec.ts";
import { readTopology } from "../../../shared/charter/topology/topology.ts";
import { largestGap } from "../../support/gap.ts";
import { crowded, encodedRows, type FeatureName, rawRows, rawTopology } from "../raw-rows.ts";
import { trainSpec } from "../tasks/federation.ts";
import { chain, normalised, TOPOLOGIES } from "../topologies.ts";
import { fed } from "../topology-feeds.ts";
import { expectFormats } from "./formats.ts";
import { scoresOfOnnx, scoresOfTfjs } from "./runtimes.ts";

const FEATURES: readonly FeatureName[] = ["amount", "age", "when", "debt", "channel", "shop"];
const ROWS = 500;

function scoresOf(model: Model, rows = rawRows(model, ROWS)): Float32Array {
  const backend = plainBackend(architectureOf(model.schema, model.spec));
  return backend.scores(model.params, model.scaling, encodedRows(model, rows));
}

async function tfjsScores(model: Model, rows = rawRows(model, ROWS)): Promise<ArrayLike<number>> {
  const exported = modelToTfjs(model);
  const { inputs, layers } = readTopology(exported.modelJson.modelTopology);
  const data = encodedRows(model, rows);
  const tensors = inputs.map((index) => {
    const { name, width } = layers[index] ?? { name: "", width: 0 };
    const isCode = layers.some(({ op, from }) => op.kind === "embedding" && from.includes(index));
    const values = fed(name, width, model.schema, identityScaling(4), data);
    return tensor2d(values, [rows.length, width], isCode ? "int32" : "float32");
  });
  return scoresOfTfjs(exported, tensors);
}

describe.each(TOPOLOGIES)("$name", ({ topology }) => {
  const model = rawTopology(FEATURES, topology);

  test("ONNX Runtime scores raw rows as we do", async () => {
    const ours = scoresOf(model);
    expect(largestGap(await scoresOfOnnx(model, rawRows(model, ROWS)), ours)).toBeLessThan(1e-6);
    expect(Math.max(...ours) - Math.min(...ours)).toBeGreaterThan(0.05);
  });

  test("TensorFlow.js scores encoded rows as we do", async () => {
    expect(largestGap(await tfjsScores(model), scoresOf(model))).toBeLessThan(1e-6);
  });

  test("JSON gives the same model back; the scorer and PMML say what to use instead", () => {
    expect(parseModelJson(modelToJson(model), model.schema)).toEqual(model);
    const kind = "a topology that is no plain net";
    expectFormats({ kind: "net", model }, kind, ["json", "tfjs", "onnx"]);
  });

  test("row by row is bit for bit what the engine gives", () => {
    const data = encodedRows(model, rawRows(model, 100));
    data.codes[0] = 60_000; // Beyond every table: "anything else".
    const backend = plainBackend(architectureOf(model.schema, model.spec));
    const logits = backend.logits(model.params, model.scaling, data);
    const { numberCount, categoryCount, logit } = rowScorer(model);
    for (let r = 0; r < data.rowCount; r++) {
      const own = logit(data.numbers, r * numberCount, data.codes, r * categoryCount);
      expect(Math.fround(own)).toBe(logits[r]);
    }
  });

  test("reasons add up to the difference of log-odds from the baseline", () => {
    const data = encodedRows(model, rawRows(model, 40));
    const { numberCount, categoryCount, logit } = rowScorer(model);
    const explain = explainer(model);
    for (let r = 0; r < data.rowCount; r++) {
      const at = [data.numbers, r * numberCount, data.codes, r * categoryCount] as const;
      const { baseline, reasons, gap, logit: found } = explain(...at);
      expect(found).toBeCloseTo(logit(...at), 9);
      const sum = reasons.reduce((all, { contribution }) => all + contribution, 0);
      expect(Math.abs(found - baseline - sum)).toBeLessThan(GAP_MAX);
      expect(gap).toBeCloseTo(found - baseline - sum, 9);
      expect(reasons.map(({ feature }) => feature)).toEqual(
        model.schema.features.map(({ name }) => name),
      );
    }
  });
});

test("reasons are integrated gradients: of a linear topology they are logistic regression's", () => {
  const names: readonly FeatureName[] = ["when", "age", "day"];
  const plain = rawTopology(names, (schema) => chain(schema, []));
  const twice = rawTopology(names, (schema) => chain(schema, ["linear"]));
  // The first of seven linear units has the weights of the plain net, and is the score; the others are nothing. Inputs
  // are two numbers, an indicator and three one-hot columns; a plain net keeps the last three first.
  twice.params.fill(0);
  for (const [i, at] of [3, 4, 5, 0, 1, 2].entries()) twice.params[7 * i] = plain.params[at] ?? 0;
  twice.params[7 * 6 + 7] = 1;
  const { numbers, codes } = encodedRows(plain, rawRows(plain, 50));
  const [expected, found] = [explainer(plain), explainer(twice)].map((explain) =>
    Array.from({ length: 50 }, (_, r) => explain(numbers, 2 * r, codes, r).reasons).flatMap(
      (reasons) => reasons.map(({ contribution }) => contribution),
    ),
  );
  expect(largestGap(found ?? [], expected ?? [])).toBeLessThan(1e-9);
  expect(Math.max(...(expected ?? []))).toBeGreaterThan(0.1);
});

test("exports score as we do where values crowd at one end of the bounds", async () => {
  const { model, rows } = crowded(rawTopology(["when", "age", "debt", "channel"], normalised));
  expect(largestGap(await scoresOfOnnx(model, rows), scoresOf(model, rows))).toBeLessThan(2e-6);
});

test("the model card says what it is", () => {
  const { schema, spec } = rawTopology(FEATURES, normalised);
  const strategy = { kind: "fedAvg", rounds: 1, learningRate: 0.1 };
  const { kind, size } = netInWords(schema, trainSpec({ model: spec, strategy }));
  expect(kind).toContain("layer normalisation, relu");
  expect(size).toMatch(/^\d+ parameters$/);
});

test("a topology that is a plain net has every format", () => {
  const model = rawTopology(FEATURES, (schema) => chain(schema, ["relu", "relu"]));
  const score = readScorer(modelToScorer(model));
  const rows = rawRows(model, 100);
  expect(largestGap(rows.map(score), scoresOf(model, rows))).toBeLessThan(1e-6);
  expect(modelToPmml(rawTopology(FEATURES, (schema) => chain(schema, [])))).toContain("PMML");
});

test("our own export of a topology is a topology again", () => {
  const model = rawTopology(FEATURES, normalised);
  const { modelJson } = modelToTfjs({ ...model, scaling: identityScaling(4) });
  const topology = JSON.parse(JSON.stringify(modelJson));
  const again = architectureOf(model.schema, TopologySpec.parse({ topology }));
  expect(again).toEqual(architectureOf(model.schema, model.spec));
});
