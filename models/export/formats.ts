/** The formats that a model is exported in, and the files of each. Pure. A new kind of model is added here. */
import { badInput } from "../../shared/base/errors.ts";
import type { Model } from "../model.ts";
import type { PrivacyStatement } from "../privacy-statement.ts";
import { modelToJson } from "./json.ts";
import { modelToOnnx } from "./onnx.ts";
import { modelToPmml } from "./pmml.ts";
import { modelToScorer } from "./scorer.ts";
import { modelToTfjs } from "./tfjs.ts";

export interface ExportFile {
  readonly name: string;
  readonly content: string | Uint8Array;
}

type Writer = (model: Model, statement: PrivacyStatement) => readonly ExportFile[];

const WRITERS: Readonly<Record<string, Writer>> = {
  json: (model, statement) => [{ name: "model.json", content: modelToJson(model, statement) }],
  tfjs: (model) => {
    const { modelJson, weights } = modelToTfjs(model);
    return [
      { name: "model.json", content: `${JSON.stringify(modelJson)}\n` },
      { name: "weights.bin", content: weights },
    ];
  },
  onnx: (model) => [{ name: "model.onnx", content: modelToOnnx(model) }],
  scorer: (model) => [{ name: "scorer.json", content: modelToScorer(model) }],
  pmml: (model) => [{ name: "model.pmml", content: modelToPmml(model) }],
};

/** @throws {CloisterError} If there is no such format, or the model cannot be written in it. */
export function exportFiles(
  model: Model,
  format: string,
  statement: PrivacyStatement,
): readonly ExportFile[] {
  if (Object.hasOwn(WRITERS, format)) return WRITERS[format]?.(model, statement) ?? [];
  const known = Object.keys(WRITERS).join(", ");
  throw badInput("model.format", `--format ${format}: unknown; use one of ${known}`);
}
