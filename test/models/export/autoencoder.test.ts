/** An autoencoder handed out: anomaly scores of the real runtimes are ours; formats that cannot say so. */
import { describe, expect, test } from "vitest";
import { architectureOf, outputBiasOf } from "../../../models/engine/architecture.ts";
import { plainBackend } from "../../../models/engine/plain.ts";
import { modelToJson, parseModelJson } from "../../../models/export/json.ts";
import { modelToTfjs } from "../../../models/export/tfjs.ts";
import type { Model } from "../../../models/model.ts";
import { netScorer } from "../../../models/scoring/scorer.ts";
import { largestGap } from "../../support/gap.ts";
import {
  ALL,
  crowded,
  encodedRows,
  type FeatureName,
  type RawRow,
  rawModelOf,
  rawRows,
} from "../raw-rows.ts";
import { expectFormats } from "./formats.ts";
import { scoresOfOnnx, scoresOfTfjs, tfjsInputs } from "./runtimes.ts";

const CASES: readonly [string, readonly FeatureName[], number[], "relu" | "tanh"][] = [
  ["everything", ALL, [8, 3, 8], "tanh"],
  ["everything, relu, one layer", ALL, [5], "relu"],
  ["numbers that are always known", ["amount", "when"], [2], "tanh"],
  ["one number that may be unknown", ["age"], [2], "tanh"],
  ["one-hot categories only", ["channel", "day"], [3], "relu"],
  ["an embedded category", ["shop"], [2], "tanh"],
];

function modelOver(names: readonly FeatureName[], hidden: number[], activation: "relu" | "tanh") {
  return rawModelOf(names, { autoencoder: { hidden, activation }, seed: "raw" });
}

function ours(model: Model, rows: readonly RawRow[]): Float32Array {
  const backend = plainBackend(architectureOf(model.schema, model.spec));
  return backend.scores(model.params, model.scaling, encodedRows(model, rows));
}

describe.each(CASES)("%s", (_, ...kind) => {
  const model = modelOver(...kind);
  const rows = rawRows(model, 1000);
  const scores = ours(model, rows);

  test("scores differ from row to row", () => {
    expect(Math.max(...scores) - Math.min(...scores)).toBeGreaterThan(0.02);
  });

  test("ONNX Runtime", async () => {
    expect(largestGap(scores, await scoresOfOnnx(model, rows))).toBeLessThan(1e-6);
  });

  test("TensorFlow.js", async () => {
    const inputs = tfjsInputs(model, encodedRows(model, rows));
    expect(largestGap(scores, await scoresOfTfjs(modelToTfjs(model), inputs))).toBeLessThan(1e-6);
  });

  test("one row at a time, to the last bit, and through JSON", () => {
    const { row, logits } = netScorer(parseModelJson(modelToJson(model), model.schema));
    const data = encodedRows(model, rows);
    const all = logits(data);
    for (let r = 0; r < rows.length; r++) {
      const at = [r * row.numberCount, r * row.categoryCount] as const;
      expect(Math.fround(row.logit(data.numbers, at[0], data.codes, at[1]))).toBe(all[r]);
    }
  });
});

test("both runtimes score as we do where values crowd at one end of the bounds", async () => {
  const { model, rows } = crowded(modelOver(["when", "age", "day"], [4, 2, 4], "tanh"));
  const scores = ours(model, rows);
  expect(largestGap(scores, await scoresOfOnnx(model, rows))).toBeLessThan(1e-6);
  const inputs = tfjsInputs(model, encodedRows(model, rows));
  // What is read there are 32-bit numbers before the centre is taken off.
  expect(largestGap(scores, await scoresOfTfjs(modelToTfjs(model), inputs))).toBeLessThan(1e-5);
});

test("both runtimes cut off far values as we do, beside numbers that are unknown", async () => {
  const model = modelOver(ALL, [4, 2, 4], "tanh");
  const { numberCount } = architectureOf(model.schema, model.spec);
  // Scaled numbers from −18 to 18.
  model.scaling.fill(0, 0, numberCount).fill(18, numberCount);
  // Estimates near the cut-off, so that scores do not pile up at 1 and depend on where it is.
  const biasOffset = outputBiasOf(architectureOf(model.schema, model.spec));
  for (const sign of [-1, 1]) {
    model.params.fill(7.5 * sign, biasOffset, biasOffset + numberCount);
    const rows = rawRows(model, 1000);
    const scores = ours(model, rows);
    expect(largestGap(scores, await scoresOfOnnx(model, rows))).toBeLessThan(1e-6);
    const inputs = tfjsInputs(model, encodedRows(model, rows));
    expect(largestGap(scores, await scoresOfTfjs(modelToTfjs(model), inputs))).toBeLessThan(1e-6);
    expect(Math.min(...scores)).toBeLessThan(0.95);
  }
});

test("in ONNX an unknown number that the schema refuses gives no score, and spoils no other row", async () => {
  const model = modelOver(ALL, [4], "tanh");
  const [first = {}, second = {}] = rawRows(model, 2);
  const scores = await scoresOfOnnx(model, [{ ...first, amount: null }, second]);
  expect(scores[0]).toBeNaN();
  expect(scores[1]).toBe((await scoresOfOnnx(model, [second]))[0]);
});

test("formats that have no place for a reconstruction say so, and what to use", () => {
  const model = modelOver(ALL, [4], "tanh");
  expectFormats({ kind: "net", model }, "an autoencoder", ["json", "tfjs", "onnx"]);
});
