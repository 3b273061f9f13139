/** A LayersModel export in the real runtime. */
import "@tensorflow/tfjs-backend-cpu";
import { type io, setBackend, type Tensor } from "@tensorflow/tfjs-core";
import { loadLayersModel } from "@tensorflow/tfjs-layers";
import type { TfjsModel } from "../../../models/export/tfjs-draft.ts";

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
