/** ONNX exports in ONNX Runtime: raw rows in, scores out. EDGE: loads the runtime. */
import { InferenceSession, Tensor } from "onnxruntime-web";
import type { DataSchema } from "../../shared/charter/schema.ts";
import type { RawRow } from "../models/raw-rows.ts";

/** Inputs as docs/models.md states them: raw numbers with NaN for unknown, raw category texts. */
function feeds({ features }: DataSchema, rows: readonly RawRow[]): Record<string, Tensor> {
  const names = (type: string): string[] =>
    features.filter((feature) => feature.type === type).map(({ name }) => name);
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

/** @throws {Error} If the runtime does not take the file, or its output is not one score a row. */
export async function onnxScores(
  file: Uint8Array,
  schema: DataSchema,
  rows: readonly RawRow[],
): Promise<Float32Array> {
  const session = await InferenceSession.create(file);
  const { score, ...others } = await session.run(feeds(schema, rows));
  await session.release();
  const { dims, data } = score ?? {};
  if (Object.keys(others).length > 0 || dims?.join() !== `${rows.length},1`)
    throw new Error("the output is not one score a row");
  if (data instanceof Float32Array) return data;
  throw new Error("scores are not floats");
}
