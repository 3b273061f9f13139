/**
 * The JSON of a TensorFlow.js LayersModel (that of Keras 2) → its layers and how they are connected. Pure. What a
 * layer computes is not looked at here.
 */
import { z } from "zod";
import type { Json } from "../../base/canonical.ts";
import { layerFault, topologyFault } from "./fault.ts";

const LAYERS_MAX = 100;

/** A layer as it is written. */
export interface KerasLayer {
  readonly name: string;
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Names of the layers whose outputs it takes, in order. */
  readonly from: readonly string[];
}

export interface KerasModel {
  readonly layers: readonly KerasLayer[];
  /** Null: one input that is part of the first layer, as in a Sequential model. */
  readonly inputs: readonly string[] | null;
  readonly output: string;
}

/** What TensorFlow.js takes for the name of a tensor. */
const Name = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/);
const Config = z.record(z.string(), z.unknown());
const Sequential = z.looseObject({
  class_name: z.literal("Sequential"),
  // Older files have the list of layers in place of the configuration.
  config: z.union([z.array(z.unknown()), z.looseObject({ layers: z.array(z.unknown()) })]),
});
const Functional = z.looseObject({
  class_name: z.enum(["Model", "Functional"]),
  config: z.looseObject({
    layers: z.array(z.unknown()),
    input_layers: z.array(z.unknown()),
    output_layers: z.array(z.unknown()),
  }),
});
const Layer = z.looseObject({
  class_name: z.string().max(200),
  name: z.string().optional(),
  config: Config,
  inbound_nodes: z.unknown().optional(),
});
/** [layer, its call, which of its outputs, arguments of the call]. */
const Connection = z
  .tuple([Name, z.literal(0), z.literal(0)])
  .rest(z.unknown())
  .refine(([, , , call]) => call === undefined || isEmpty(call));

const NOT_A_TOPOLOGY =
  "this is no LayersModel of TensorFlow.js: expected class_name Sequential, Model or Functional with its config; " +
  "give what model.toJSON() returns or the file model.json holds";

/** @throws {CloisterError} If it is no LayersModel, or is connected in a way that is not read here. */
export function readKeras(topology: Json): KerasModel {
  const value = unwrapped(topology);
  const sequential = Sequential.safeParse(value);
  if (sequential.success) {
    const { config } = sequential.data;
    return chained(layersOf(Array.isArray(config) ? config : config.layers));
  }
  const functional = Functional.safeParse(value);
  if (!functional.success) throw topologyFault(NOT_A_TOPOLOGY);
  const { input_layers, output_layers } = functional.data.config;
  const layers = layersOf(functional.data.config.layers);
  const inputs = connections(input_layers, "input_layers");
  const [output, ...more] = connections(output_layers, "output_layers");
  if (output === undefined || more.length > 0) {
    const found = `the model has ${more.length + (output === undefined ? 0 : 1)} outputs`;
    throw topologyFault(`${found}; there must be one, the score: leave the others out`);
  }
  return { layers: layers.map(connected), inputs, output };
}

/** What stands in model.json around the topology itself. */
function unwrapped(value: unknown): unknown {
  const outer = z.looseObject({ modelTopology: z.unknown() }).safeParse(value);
  if (outer.success) return unwrapped(outer.data.modelTopology);
  const inner = z.looseObject({ model_config: z.unknown() }).safeParse(value);
  return inner.success ? unwrapped(inner.data.model_config) : value;
}

type Written = z.infer<typeof Layer> & { readonly name: string };

function layersOf(values: readonly unknown[]): Written[] {
  if (values.length === 0 || values.length > LAYERS_MAX)
    throw topologyFault(`the model has ${values.length} layers; use 1 to ${LAYERS_MAX}`);
  const seen = new Set<string>();
  return values.map((value, index) => {
    const layer = Layer.safeParse(value);
    if (!layer.success)
      throw topologyFault(`layer ${index} of the list is not a class_name with its config`);
    const name = Name.safeParse(layer.data.name ?? layer.data.config["name"]).data;
    if (name === undefined) {
      const rule = "letters, digits and . _ - / only, a letter or digit first";
      throw topologyFault(`layer ${index} of the list has no name, or one that cannot be: ${rule}`);
    }
    if (seen.has(name)) throw layerFault(name, "there are two of this name; rename one of them");
    seen.add(name);
    return { ...layer.data, name };
  });
}

/** Each layer takes what the one before it gives. */
function chained(layers: readonly Written[]): KerasModel {
  return {
    layers: layers.map(({ name, class_name: className, config }, index) => {
      const before = layers[index - 1];
      return { name, className, config, from: before ? [before.name] : [] };
    }),
    inputs: null,
    output: layers.at(-1)?.name ?? "",
  };
}

function connected({ name, class_name: className, config, inbound_nodes }: Written): KerasLayer {
  const calls = z.array(z.unknown()).safeParse(inbound_nodes ?? []);
  if (!calls.success) throw layerFault(name, "inbound_nodes is not a list");
  if (calls.data.length > 1)
    throw layerFault(
      name,
      `it is called ${calls.data.length} times: layers that share weights are not supported; give each place a layer of its own`,
    );
  const [call] = calls.data;
  if (call === undefined) return { name, className, config, from: [] };
  if (!Array.isArray(call))
    throw layerFault(
      name,
      "inbound_nodes is written as by Keras 3; save the model by TensorFlow.js or Keras 2",
    );
  const from = call.map((place) => {
    const connection = Connection.safeParse(place);
    if (connection.success) return connection.data[0];
    throw layerFault(
      name,
      "it takes something other than the one output of a layer that is called once",
    );
  });
  return { name, className, config, from };
}

/** Names of [layer, 0, 0], or of a single such place. */
function connections(value: readonly unknown[], field: string): string[] {
  const places = typeof value[0] === "string" ? [value] : value;
  return places.map((place) => {
    const connection = Connection.safeParse(place);
    if (connection.success) return connection.data[0];
    throw topologyFault(`${field} is not a list of [layer name, 0, 0]`);
  });
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
