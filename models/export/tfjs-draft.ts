/** A LayersModel in the making: layers in the form of Keras 2, weights in one binary file. Pure. */
import { concatBytes, float32ToBytes } from "../../shared/base/bytes.ts";
import type { Json } from "../../shared/base/canonical.ts";
import type { CategoryTable } from "../engine/architecture.ts";

export interface TfjsModel {
  /** Content of `model.json`: `format: "layers-model"`, topology and weights manifest. */
  readonly modelJson: TfjsModelJson;
  /** Content of `weights.bin`: little-endian float32, in the order of the manifest. */
  readonly weights: Uint8Array;
}

export interface TfjsModelJson {
  readonly format: "layers-model";
  readonly generatedBy: string;
  readonly convertedBy: null;
  readonly modelTopology: { readonly [key: string]: Json };
  readonly weightsManifest: readonly {
    readonly paths: readonly string[];
    readonly weights: readonly WeightSpec[];
  }[];
}

interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: "float32";
}

/** A topology in the making. */
export interface Draft {
  readonly layers: Json[];
  readonly weightSpecs: WeightSpec[];
  readonly weights: Uint8Array[];
  readonly inputs: string[];
}

export function newDraft(): Draft {
  return { layers: [], weightSpecs: [], weights: [], inputs: [] };
}

export function input(draft: Draft, name: string, width: number, dtype: string): string {
  draft.inputs.push(name);
  return add(draft, "InputLayer", name, { batch_input_shape: [null, width], dtype }, []);
}

/** @param bias Null: it uses none. */
export function dense(
  draft: Draft,
  name: string,
  from: string,
  units: number,
  activation: string,
  kernel: Float32Array,
  bias: Float32Array | null,
): string {
  weight(draft, `${name}/kernel`, [kernel.length / units, units], kernel);
  if (bias) weight(draft, `${name}/bias`, [units], bias);
  return add(draft, "Dense", name, { units, activation, use_bias: bias !== null }, [from]);
}

/** A lookup in one of the model's tables. `extra` is added to every row. */
export function embedding(
  draft: Draft,
  { column, rowCount, width, offset }: CategoryTable,
  params: Float32Array,
  extra: Float32Array | null = null,
): string {
  const values = params.slice(offset, offset + rowCount * width);
  for (let i = 0; i < values.length && extra !== null; i++) {
    values[i] = (values[i] ?? 0) + (extra[i % width] ?? 0);
  }
  return lookup(draft, `table${column}`, column, width, values);
}

/** The row of `values`, shape [rows × width], that a category's index says; flattened to [rows, width]. */
export function lookup(
  draft: Draft,
  name: string,
  column: number,
  width: number,
  values: Float32Array,
): string {
  const rowCount = values.length / width;
  weight(draft, `${name}/embeddings`, [rowCount, width], values);
  const config = { input_dim: rowCount, output_dim: width, input_length: 1, mask_zero: false };
  add(draft, "Embedding", name, config, [`category${column}`]);
  return add(draft, "Flatten", `${name}_flat`, {}, [name]);
}

export function merge(
  draft: Draft,
  kind: "Concatenate" | "Add" | "Multiply",
  name: string,
  from: readonly string[],
): string {
  return add(draft, kind, name, kind === "Concatenate" ? { axis: -1 } : {}, from);
}

export function weight(
  draft: Draft,
  name: string,
  shape: readonly number[],
  values: Float32Array,
): void {
  draft.weightSpecs.push({ name, shape, dtype: "float32" });
  draft.weights.push(float32ToBytes(values));
}

/** Appends a layer; returns its name. */
export function add(
  draft: Draft,
  className: string,
  name: string,
  config: { readonly [key: string]: Json },
  from: readonly string[],
): string {
  const nodes = from.length === 0 ? [] : [from.map((source) => [source, 0, 0, {}])];
  const layer = { class_name: className, name, config: { name, ...config }, inbound_nodes: nodes };
  draft.layers.push(layer);
  return name;
}

/** The model whose one output is that of layer `output`. */
export function finished(draft: Draft, output: string): TfjsModel {
  const config = {
    name: "cloister",
    layers: draft.layers,
    input_layers: draft.inputs.map((name) => [name, 0, 0]),
    output_layers: [[output, 0, 0]],
  };
  return {
    modelJson: {
      format: "layers-model",
      generatedBy: "cloister",
      convertedBy: null,
      modelTopology: {
        keras_version: "2.15.0",
        backend: "tensorflow",
        model_config: { class_name: "Model", config },
      },
      weightsManifest: [{ paths: ["weights.bin"], weights: draft.weightSpecs }],
    },
    weights: concatBytes(...draft.weights),
  };
}
