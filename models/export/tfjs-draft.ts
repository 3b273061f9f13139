/** A TensorFlow.js topology in the making, in the Keras form, and its weights. Pure. */
import { float32ToBytes } from "../../shared/base/bytes.ts";
import type { Json } from "../../shared/base/canonical.ts";
import type { CategoryTable } from "../engine/architecture.ts";

export interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: "float32";
}

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

export function dense(
  draft: Draft,
  name: string,
  from: string,
  units: number,
  activation: string,
  kernel: Float32Array,
  bias: Float32Array,
): string {
  weight(draft, `${name}/kernel`, [kernel.length / units, units], kernel);
  weight(draft, `${name}/bias`, [units], bias);
  return add(draft, "Dense", name, { units, activation, use_bias: true }, [from]);
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

function weight(draft: Draft, name: string, shape: readonly number[], values: Float32Array): void {
  draft.weightSpecs.push({ name, shape, dtype: "float32" });
  draft.weights.push(float32ToBytes(values));
}

/** Appends a layer in the Keras form; returns its name. */
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
