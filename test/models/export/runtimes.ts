/** Exports in the real runtimes: rows in, scores out. */
import "@tensorflow/tfjs-backend-cpu";
import { type io, setBackend, type Tensor, tensor2d } from "@tensorflow/tfjs-core";
import { loadLayersModel } from "@tensorflow/tfjs-layers";
import type { EncodedData } from "../../../models/data.ts";
import { architectureOf } from "../../../models/engine/architecture.ts";
import { modelToOnnx } from "../../../models/export/onnx.ts";
import type { TfjsModel } from "../../../models/export/tfjs-draft.ts";
import type { Model } from "../../../models/model.ts";
import { onnxScores } from "../../support/onnx.ts";
import type { RawRow } from "../raw-rows.ts";

/** Inputs as docs/models.md states them: numbers with 0 for unknown, indicators, then codes. */
export function tfjsInputs(model: Model, data: EncodedData): Tensor[] {
  const { numberCount, categoryCount, indicators } = architectureOf(model.schema, model.spec);
  const rows = Array.from({ length: data.rowCount }, (_, row) => {
    const raw = Array.from(data.numbers.subarray(row * numberCount, (row + 1) * numberCount));
    const known = raw.map((x) => (Number.isNaN(x) ? 0 : x));
    return [...known, ...indicators.map((j) => (Number.isNaN(raw[j]) ? 1 : 0))];
  });
  const codes = Array.from({ length: categoryCount }, (_, c) =>
    tensor2d(
      Array.from({ length: data.rowCount }, (_, row) => [data.codes[row * categoryCount + c] ?? 0]),
      undefined,
      "int32",
    ),
  );
  return numberCount === 0 ? codes : [tensor2d(rows), ...codes];
}

export async function scoresOfTfjs(
  exported: TfjsModel,
  inputs: Tensor[],
): Promise<ArrayLike<number>> {
  await setBackend("cpu");
  // Through text, as a file would.
  const { modelTopology, weightsManifest } = JSON.parse(JSON.stringify(exported.modelJson));
  const handler: io.IOHandler = {
    load: async () => ({
      modelTopology,
      weightSpecs: weightsManifest[0].weights,
      weightData: exported.weights.slice().buffer,
    }),
  };
  const loaded = await loadLayersModel(handler);
  const output = loaded.predict(inputs.length === 1 ? (inputs[0] ?? []) : inputs);
  if (Array.isArray(output)) throw new Error("a model has one output");
  return output.dataSync();
}

export async function scoresOfOnnx(model: Model, rows: readonly RawRow[]): Promise<Float32Array> {
  return onnxScores(modelToOnnx(model), model.schema, rows);
}
