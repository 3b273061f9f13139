/** Which format works for which kind of model, and the files of each. Pure. The one place that says so. */
import { badInput } from "../../shared/base/errors.ts";
import { architectureOf, kindOf } from "../engine/architecture.ts";
import type { Model } from "../model.ts";
import type { PrivacyStatement } from "../privacy-statement.ts";
import type { TreeModel } from "../trees/model.ts";
import { modelToJson } from "./json.ts";
import { modelToOnnx } from "./onnx.ts";
import { treesToOnnx } from "./onnx-trees.ts";
import { modelToPmml } from "./pmml.ts";
import { treesToPmml } from "./pmml-trees.ts";
import { modelToScorer, treesToScorer } from "./scorer.ts";
import { modelToTfjs } from "./tfjs.ts";
import { treesToJson } from "./trees-json.ts";

export interface ExportFile {
  readonly name: string;
  readonly content: string | Uint8Array;
}

export type ExportModel =
  | { readonly kind: "net"; readonly model: Model }
  | { readonly kind: "trees"; readonly model: TreeModel };

type Writer<M> = (model: M, statement: PrivacyStatement) => readonly ExportFile[];

/** Null: the format has no form for that kind. */
interface Format {
  readonly logistic: Writer<Model> | null;
  readonly net: Writer<Model> | null;
  readonly autoencoder: Writer<Model> | null;
  readonly topology: Writer<Model> | null;
  readonly trees: Writer<TreeModel> | null;
}

const KINDS: Readonly<Record<keyof Format, string>> = {
  logistic: "logistic regression",
  net: "a net with hidden layers",
  autoencoder: "an autoencoder",
  topology: "a topology that is no plain net",
  trees: "boosted trees",
};

const asJson: Writer<Model> = (model, statement) => [
  { name: "model.json", content: modelToJson(model, statement) },
];
const asTfjs: Writer<Model> = (model) => {
  const { modelJson, weights } = modelToTfjs(model);
  return [
    { name: "model.json", content: `${JSON.stringify(modelJson)}\n` },
    { name: "weights.bin", content: weights },
  ];
};
const asOnnx: Writer<Model> = (model) => [{ name: "model.onnx", content: modelToOnnx(model) }];
const asScorer: Writer<Model> = (model) => [{ name: "scorer.json", content: modelToScorer(model) }];

const FORMATS: Readonly<Record<string, Format>> = {
  json: {
    logistic: asJson,
    net: asJson,
    autoencoder: asJson,
    topology: asJson,
    trees: (model, statement) => [{ name: "model.json", content: treesToJson(model, statement) }],
  },
  tfjs: { logistic: asTfjs, net: asTfjs, autoencoder: asTfjs, topology: asTfjs, trees: null },
  onnx: {
    logistic: asOnnx,
    net: asOnnx,
    autoencoder: asOnnx,
    topology: asOnnx,
    trees: (model) => [{ name: "model.onnx", content: treesToOnnx(model) }],
  },
  scorer: {
    logistic: asScorer,
    net: asScorer,
    autoencoder: null,
    topology: null,
    trees: (model) => [{ name: "scorer.json", content: treesToScorer(model) }],
  },
  pmml: {
    logistic: (model) => [{ name: "model.pmml", content: modelToPmml(model) }],
    net: null,
    autoencoder: null,
    topology: null,
    trees: (model) => [{ name: "model.pmml", content: treesToPmml(model) }],
  },
};

/** @throws {CloisterError} `model.format`: there is no such format, or none for such a model. */
export function exportFiles(
  exported: ExportModel,
  name: string,
  statement: PrivacyStatement,
): readonly ExportFile[] {
  const found = Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined;
  if (found === undefined)
    throw badInput("model.format", `--format ${name}: unknown; use one of ${namesFor(() => true)}`);
  if (exported.kind === "trees") {
    const write = found.trees ?? refuse(name, "trees");
    return write(exported.model, statement);
  }
  const { schema, spec } = exported.model;
  const kind = kindOf(architectureOf(schema, spec));
  const write = found[kind] ?? refuse(name, kind);
  return write(exported.model, statement);
}

function refuse(name: string, kind: keyof Format): never {
  const others = namesFor((one) => one[kind] !== null);
  throw badInput("model.format", `--format ${name}: not for ${KINDS[kind]}; use one of ${others}`);
}

function namesFor(has: (format: Format) => boolean): string {
  const names = Object.entries(FORMATS).filter(([, format]) => has(format));
  return names.map(([name]) => name).join(", ");
}
