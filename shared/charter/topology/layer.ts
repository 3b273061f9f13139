/** What one layer of a topology computes, from its class and configuration; what is not supported says why. Pure. */
import { z } from "zod";
import { faultOf } from "../../base/fault.ts";
import { ACTIVATION_NAMES, type Activation, activationOf } from "./activations.ts";
import { layerFault } from "./fault.ts";
import type { KerasLayer } from "./keras.ts";

export const WIDTH_MAX = 65_536;
const UNITS_MAX = 4096;

export type LayerKind =
  | { readonly kind: "input"; readonly width: number }
  | {
      readonly kind: "dense";
      readonly units: number;
      readonly useBias: boolean;
      readonly activation: Activation | null;
    }
  | { readonly kind: "embedding"; readonly rowCount: number; readonly width: number }
  | { readonly kind: "concatenate"; readonly axis: number }
  | { readonly kind: "add" }
  /** Takes the axis of length one out; `width`: what the result must be wide. */
  | { readonly kind: "flatten"; readonly width: number | null }
  | { readonly kind: "dropout"; readonly rate: number }
  | {
      readonly kind: "layerNorm";
      readonly axis: number;
      readonly epsilon: number;
      readonly center: boolean;
      readonly scale: boolean;
    }
  | { readonly kind: "activation"; readonly activation: Activation | null };

const Width = z.int().min(1).max(WIDTH_MAX);
const Units = z.int().min(1).max(UNITS_MAX);
const ActivationField = z.enum(ACTIVATION_NAMES);
/** Initial weights come from the plan's seed; whatever is written here is read past. */
const Initializer = z.unknown().optional();
/** Must be absent or null: it would change what is trained. */
const None = z.null({ error: "is not supported; leave it out" }).optional();
const Shape = z.custom<readonly [null, number]>(
  (value) => z.tuple([z.null(), Width]).safeParse(value).success,
  `must be [null, width], the width at most ${WIDTH_MAX}`,
);

const COMMON = {
  name: z.string().optional(),
  trainable: z
    .literal(true, { error: "must be true: there are no frozen layers; leave it out" })
    .optional(),
  dtype: z.unknown().optional(),
  batch_input_shape: Shape.optional(),
  input_dtype: z.unknown().optional(),
  activity_regularizer: None,
};
const weights = (name: string) => ({
  [`${name}_initializer`]: Initializer,
  [`${name}_regularizer`]: None,
  [`${name}_constraint`]: None,
});
const strict = <Fields extends z.ZodRawShape>(fields: Fields) =>
  z.strictObject({ ...COMMON, ...fields });
const Axis = z.union([z.int(), z.tuple([z.int()]).transform(([axis]) => axis)]);
const Alpha = z.number().min(0).max(1000);

const InputLayer = z
  .strictObject({
    ...COMMON,
    batch_input_shape: Shape,
    sparse: z.literal(false).optional(),
    ragged: z.literal(false).optional(),
  })
  .transform(({ batch_input_shape: [, width] }): LayerKind => ({ kind: "input", width }));

const Dense = strict({
  units: Units,
  use_bias: z.boolean().default(true),
  activation: ActivationField.default("linear"),
  input_dim: z.unknown().optional(),
  ...weights("kernel"),
  ...weights("bias"),
}).transform(({ units, use_bias: useBias, activation }): LayerKind => {
  return { kind: "dense", units, useBias, activation: activationOf(activation) };
});

const Embedding = strict({
  input_dim: Width,
  output_dim: Units,
  input_length: z.union([z.literal(1), z.tuple([z.literal(1)]), z.null()]).optional(),
  mask_zero: z
    .literal(false, { error: "must be false: 0 is the category that nobody declared" })
    .optional(),
  ...weights("embeddings"),
}).transform(
  ({ input_dim: rowCount, output_dim: width }): LayerKind => ({
    kind: "embedding",
    rowCount,
    width,
  }),
);

const LayerNormalization = strict({
  axis: Axis.default(-1),
  epsilon: z.number().min(1e-12).max(1).default(1e-3),
  center: z.boolean().default(true),
  scale: z.boolean().default(true),
  ...weights("beta"),
  ...weights("gamma"),
}).transform(({ axis, epsilon, center, scale }): LayerKind => {
  return { kind: "layerNorm", axis, epsilon, center, scale };
});

const Dropout = strict({
  rate: z.number().min(0).lt(1),
  noise_shape: None,
  seed: z.unknown().optional(),
}).transform(({ rate }): LayerKind => ({ kind: "dropout", rate }));

const activates = (activation: Activation | null): LayerKind => ({
  kind: "activation",
  activation,
});

const LAYERS: Readonly<Record<string, z.ZodType<LayerKind>>> = {
  InputLayer,
  Dense,
  Embedding,
  LayerNormalization,
  Dropout,
  Concatenate: strict({ axis: z.int().default(-1) }).transform(
    ({ axis }): LayerKind => ({ kind: "concatenate", axis }),
  ),
  Add: strict({}).transform((): LayerKind => ({ kind: "add" })),
  Flatten: strict({ data_format: z.unknown().optional() }).transform(
    (): LayerKind => ({ kind: "flatten", width: null }),
  ),
  Reshape: strict({ target_shape: z.tuple([Width], { error: "must be [width]" }) }).transform(
    ({ target_shape: [width] }): LayerKind => ({ kind: "flatten", width }),
  ),
  Activation: strict({ activation: ActivationField }).transform(({ activation }) =>
    activates(activationOf(activation)),
  ),
  ReLU: strict({ max_value: None }).transform(() => activates({ name: "relu", alpha: 0 })),
  // TensorFlow.js has no other alpha either.
  ELU: strict({ alpha: z.literal(1, { error: "must be 1" }).default(1) }).transform(() =>
    activates(activationOf("elu")),
  ),
  LeakyReLU: strict({ alpha: Alpha.default(0.3) }).transform(({ alpha }) =>
    activates({ name: "leakyRelu", alpha }),
  ),
};

const SHARED = "give it as one model, layer by layer";
const REASONS: Readonly<Record<string, string>> = {
  BatchNormalization:
    "BatchNormalization mixes the records of a batch, so that one record's gradient depends on the others': then no " +
    "bound on what one customer moves holds. Use LayerNormalization",
  Sequential: `a model within a model is not supported; ${SHARED}`,
  Model: `a model within a model is not supported; ${SHARED}`,
  Functional: `a model within a model is not supported; ${SHARED}`,
};

/** @throws {CloisterError} If the layer is of a class, or has a field, that is not supported. */
export function readLayer({ name, className, config }: KerasLayer): LayerKind {
  const reason = Object.hasOwn(REASONS, className) ? REASONS[className] : undefined;
  if (reason !== undefined) throw layerFault(name, reason);
  const known = Object.hasOwn(LAYERS, className) ? LAYERS[className] : undefined;
  if (known === undefined) {
    const names = Object.keys(LAYERS).join(", ");
    throw layerFault(name, `${className} is not supported; use ${names}`);
  }
  const read = known.safeParse(config);
  if (read.success) return read.data;
  const { path, reason: why } = faultOf(read.error, config);
  throw layerFault(name, `${className}${path === "" ? "" : `, ${path}`}: ${why}`);
}
