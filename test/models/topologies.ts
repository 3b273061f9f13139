/** Topologies in the form of TensorFlow.js over any schema of the tests, from a short notation. Pure. */
import type { DataSchema } from "../../shared/charter/schema.ts";

/** [class, name, configuration, names of the layers that it takes]. */
export type Short = readonly [
  className: string,
  name: string,
  config: Readonly<Record<string, unknown>>,
  ...from: readonly string[],
];

/** A functional model; InputLayers are its inputs, the last layer its output. */
export function functional(...layers: readonly Short[]): object {
  const place = (name: string): unknown => [name, 0, 0];
  return {
    class_name: "Model",
    config: {
      name: "model",
      layers: layers.map(([class_name, name, config, ...from]) => ({
        class_name,
        name,
        config: { name, ...config },
        inbound_nodes: from.length === 0 ? [] : [from.map((source) => [source, 0, 0, {}])],
      })),
      input_layers: layers.filter(([kind]) => kind === "InputLayer").map(([, name]) => place(name)),
      output_layers: [place(layers.at(-1)?.[1] ?? "")],
    },
  };
}

export function sequential(...layers: readonly (readonly [string, string, object])[]): object {
  const written = layers.map(([class_name, name, config]) => {
    return { class_name, config: { name, ...config } };
  });
  return { class_name: "Sequential", config: { name: "sequential", layers: written } };
}

export const input = (name: string, width: number): Short => [
  "InputLayer",
  name,
  { batch_input_shape: [null, width], dtype: "float32" },
];

/** Of the input `numbers`: the numbers and the indicators. */
export function numbersWidth({ features }: DataSchema): number {
  const numbers = features.filter((feature) => feature.type === "number");
  return numbers.length + numbers.filter(({ missing }) => missing === "indicator").length;
}

/** Declared categories + 1 of each category column. */
export function rowCounts({ features }: DataSchema): number[] {
  return features.flatMap((f) => (f.type === "category" ? [f.categories.length + 1] : []));
}

/** Each category through a table of its own; the names of their outputs. */
function embedded(schema: DataSchema, width: number): { layers: Short[]; outputs: string[] } {
  const layers = rowCounts(schema).flatMap((input_dim, c): Short[] => [
    input(`category${c}`, 1),
    ["Embedding", `table${c}`, { input_dim, output_dim: width }, `category${c}`],
    ["Flatten", `row${c}`, {}, `table${c}`],
  ]);
  return { layers, outputs: rowCounts(schema).map((_, c) => `row${c}`) };
}

/** Layer normalisation, a branch that is taken twice, a sum, dense layers without bias. */
export function normalised(
  schema: DataSchema,
  { dropout = 0, affine = true }: { readonly dropout?: number; readonly affine?: boolean } = {},
): object {
  const { layers, outputs } = embedded(schema, 3);
  return functional(
    input("numbers", numbersWidth(schema)),
    ...layers,
    ["Concatenate", "all", { axis: -1 }, "numbers", ...outputs],
    ["Dense", "wide", { units: 8, use_bias: false }, "all"],
    ["LayerNormalization", "norm", { axis: [1] }, "wide"],
    ["Activation", "bend", { activation: "relu" }, "norm"],
    ["Dropout", "drop", { rate: dropout, seed: null, noise_shape: null }, "bend"],
    ["Dense", "deep", { units: 8, activation: "tanh" }, "drop"],
    ["Add", "both", {}, "deep", "bend"],
    ["LayerNormalization", "bare", { center: affine, scale: affine, epsilon: 0.01 }, "both"],
    ["Dense", "score", { units: 1, activation: "sigmoid" }, "bare"],
  );
}

/** A linear part over one-hot vectors and a deep part over the numbers, added up. */
export function wideAndDeep(schema: DataSchema): object {
  const categories = rowCounts(schema).map((width, c) => input(`category${c}`, width));
  return functional(
    input("numbers", numbersWidth(schema)),
    ...categories,
    ["Concatenate", "onehot", { axis: 1 }, ...categories.map(([, name]) => name)],
    ["Dense", "wide", { units: 1 }, "onehot"],
    ["Dense", "deep0", { units: 6, activation: "selu" }, "numbers"],
    ["Dense", "deep1", { units: 4, activation: "softplus" }, "deep0"],
    ["Dense", "deep2", { units: 1, use_bias: false }, "deep1"],
    ["Add", "logit", {}, "wide", "deep2"],
    ["Activation", "score", { activation: "sigmoid" }, "logit"],
  );
}

/** Every column by its own name, every activation, an output that is a logit. */
export function byColumn({ features }: DataSchema): object {
  const inputs = features.map((f): Short => {
    const width =
      f.type === "category" ? f.categories.length + 1 : f.missing === "indicator" ? 2 : 1;
    // Names that no layer can have are given by their place.
    const place = features.filter(({ type }) => type === f.type).indexOf(f);
    return input(/^[a-z0-9]+$/.test(f.name) ? f.name : `${f.type}${place}`, width);
  });
  const names = inputs.map(([, name]) => name);
  const bends = ["relu", "tanh", "sigmoid", "elu", "selu", "softplus", "softsign", "swish"];
  return functional(
    ...inputs,
    ...(names.length > 1 ? [["Concatenate", "in", {}, ...names] as const] : []),
    ["Dense", "first", { units: 5 }, names.length > 1 ? "in" : (names[0] ?? "")],
    ...bends.map((activation): Short => ["Dense", activation, { units: 3, activation }, "first"]),
    ["LeakyReLU", "leaky", { alpha: 0.2 }, "first"],
    ["ELU", "half", { alpha: 1 }, "first"],
    ["ReLU", "plain", {}, "first"],
    ["Concatenate", "bent", {}, ...bends, "leaky", "half", "plain"],
    ["Dense", "logit", { units: 1 }, "bent"],
  );
}

/** As a short plan: everything into one vector, dense layers one after the other. */
export function chain(schema: DataSchema, activations: readonly string[]): object {
  const width = numbersWidth(schema) + rowCounts(schema).reduce((sum, count) => sum + count, 0);
  const hidden = activations.map(
    (activation, l) => ["Dense", `dense${l}`, { units: 7 - l, activation }] as const,
  );
  const score = ["Dense", "score", { units: 1, activation: "sigmoid" }] as const;
  const [[kind, name, config] = score, ...rest] = [...hidden, score];
  return sequential([kind, name, { ...config, batch_input_shape: [null, width] }], ...rest);
}

export interface NamedTopology {
  readonly name: string;
  readonly topology: (schema: DataSchema) => object;
  /** Its output is the log-odds, not the probability. */
  readonly endsInLogit?: true;
  /** TensorFlow.js 4.22 cannot differentiate it: a layer normalisation without gain or bias. */
  readonly isNotDifferentiated?: true;
}

export const TOPOLOGIES: readonly NamedTopology[] = [
  { name: "layer normalisation, a sum, shared branches", topology: (s) => normalised(s) },
  {
    name: "layer normalisation without gain and bias",
    topology: (s) => normalised(s, { affine: false }),
    isNotDifferentiated: true,
  },
  { name: "wide and deep", topology: wideAndDeep },
  { name: "an input a column, every activation", topology: byColumn, endsInLogit: true },
  {
    name: "a chain of two activations over one-hot vectors",
    topology: (s) => chain(s, ["elu", "tanh"]),
  },
];
