/** Raw rows through an ONNX export in the real runtime. */
import { InferenceSession, Tensor } from "onnxruntime-web";
import { modelToOnnx } from "../../../models/export/onnx.ts";
import type { Model } from "../../../models/model.ts";
import type { RawRow } from "../raw-rows.ts";

/** Inputs as docs/models.md states them: raw numbers with NaN for unknown, raw category texts. */
function feeds({ schema }: Model, rows: readonly RawRow[]): Record<string, Tensor> {
  const names = (type: string): string[] =>
    schema.features.filter((feature) => feature.type === type).map(({ name }) => name);
  const [numbers, categories] = [names("number"), names("category")];
  const values = rows.flatMap((row) => numbers.map((name) => Number(row[name] ?? Number.NaN)));
  const texts = rows.flatMap((row) => categories.map((name) => String(row[name] ?? "")));
  return {
    ...(numbers.length > 0 && {
      numbers: new Tensor("float64", Float64Array.from(values), [rows.length, numbers.length]),
    }),
    ...(categories.length > 0 && {
      categories: new Tensor("string", texts, [rows.length, categories.length]),
    }),
  };
}

/** By the real runtime. */
export async function scoresOfOnnx(model: Model, rows: readonly RawRow[]): Promise<Float32Array> {
  const session = await InferenceSession.create(modelToOnnx(model));
  const { score } = await session.run(feeds(model, rows));
  if (score?.dims.join() !== `${rows.length},1`) throw new Error("one score a row");
  await session.release();
  return score?.data as Float32Array;
}
