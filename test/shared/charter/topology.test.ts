/** What a plan's topology may not be: each fault is refused, named by its layer, with what to do. */
import { expect, test } from "vitest";
import { ModelSpec } from "../../../shared/charter/model-spec.ts";
import { TrainTask } from "../../../shared/charter/task-spec.ts";
import { readTopology } from "../../../shared/charter/topology/topology.ts";
import { functional, input, type Short, sequential } from "../../models/topologies.ts";

/** The first fault of a plan's model, with its place. */
function faultOf(model: unknown): string {
  const result = ModelSpec.safeParse(model);
  const issue = result.error?.issues[0];
  return issue ? `${issue.path.join(".")}: ${issue.message}` : "none";
}

const numbers = input("numbers", 2);
const SCORE: Short = ["Dense", "score", { units: 1 }, "a"];
const oneLayer = (kind: string, config: object, ...from: string[]): object =>
  functional(numbers, [kind, "a", { ...config }, ...(from.length > 0 ? from : ["numbers"])], SCORE);
const dense = (config: object): object => oneLayer("Dense", { units: 3, ...config });
/** With the wiring of one layer of a sound model replaced. */
const wired = (layer: number, change: object): object => {
  const model = structuredClone(dense({})) as { config: { layers: object[] } };
  Object.assign(model.config.layers[layer] ?? {}, change);
  return model;
};
const configured = (change: object): object => {
  const model = structuredClone(dense({})) as { config: object };
  Object.assign(model.config, change);
  return model;
};

const table: Short = ["Embedding", "table", { input_dim: 3, output_dim: 2 }, "category0"];
const code = input("category0", 1);

const FAULTS: readonly [string, object, string][] = [
  [
    "batch normalisation",
    oneLayer("BatchNormalization", {}),
    'layer "a": BatchNormalization mixes the records of a batch',
  ],
  ["and its remedy", oneLayer("BatchNormalization", {}), "Use LayerNormalization"],
  [
    "a convolution",
    oneLayer("Conv1D", {}),
    'layer "a": Conv1D is not supported; use InputLayer, Dense',
  ],
  ["a class of an object's own", oneLayer("toString", {}), "toString is not supported"],
  ["a model within", oneLayer("Sequential", {}), "a model within a model is not supported"],
  ["no units", oneLayer("Dense", {}), 'layer "a": Dense, units'],
  ["units of none", dense({ units: 0 }), "Dense, units: 0 is below 1, the least"],
  ["too many units", dense({ units: 4097 }), "Dense, units: 4097 is above 4096, the most"],
  ["half a unit", dense({ units: 2.5 }), "Dense, units"],
  ["an activation that looks at all units", dense({ activation: "softmax" }), "Dense, activation"],
  ["an activation that is none", dense({ activation: "constructor" }), "Dense, activation"],
  [
    "a regulariser",
    dense({ kernel_regularizer: { class_name: "L2" } }),
    "Dense, kernel_regularizer: is not supported; leave it out",
  ],
  [
    "a constraint",
    dense({ bias_constraint: { class_name: "NonNeg" } }),
    "bias_constraint: is not supported",
  ],
  ["a frozen layer", dense({ trainable: false }), "trainable: must be true"],
  ["a field nobody knows", dense({ colour: 1 }), '"colour" is no field here'],
  ["dropout of everything", oneLayer("Dropout", { rate: 1 }), "Dropout, rate"],
  [
    "dropout by shape",
    oneLayer("Dropout", { rate: 0.1, noise_shape: [1] }),
    "noise_shape: is not supported",
  ],
  ["no epsilon", oneLayer("LayerNormalization", { epsilon: 0 }), "LayerNormalization, epsilon"],
  [
    "normalisation over rows",
    oneLayer("LayerNormalization", { axis: 0 }),
    "axis 0 is not the last one",
  ],
  [
    "normalisation over two axes",
    oneLayer("LayerNormalization", { axis: [0, 1] }),
    "LayerNormalization, axis",
  ],
  ["another elu", oneLayer("ELU", { alpha: 0.5 }), "ELU, alpha: must be 1"],
  ["a capped relu", oneLayer("ReLU", { max_value: 6 }), "max_value: is not supported"],
  [
    "masking",
    functional(
      code,
      [table[0], table[1], { ...table[2], mask_zero: true }, "category0"],
      ["Flatten", "a", {}, "table"],
      SCORE,
    ),
    "mask_zero: must be false",
  ],
  [
    "a table of numbers",
    functional(input("category0", 2), table, ["Flatten", "a", {}, "table"], SCORE),
    "an Embedding takes an InputLayer of shape [null, 1]",
  ],
  [
    "a table joined as it is",
    functional(numbers, code, table, ["Concatenate", "a", {}, "numbers", "table"], SCORE),
    "follow the Embedding with Flatten",
  ],
  [
    "a table at the end",
    functional(code, ["Embedding", "a", { input_dim: 3, output_dim: 1 }, "category0"]),
    "the output has a third axis",
  ],
  [
    "another shape",
    functional(numbers, ["Reshape", "a", { target_shape: [3] }, "numbers"], SCORE),
    "target_shape must be [2]",
  ],
  [
    "a shape of two axes",
    functional(numbers, ["Reshape", "a", { target_shape: [1, 2] }, "numbers"], SCORE),
    "target_shape: must be [width]",
  ],
  ["one to join", oneLayer("Concatenate", {}), "Concatenate takes two layers or more"],
  [
    "joined along rows",
    oneLayer("Concatenate", { axis: 0 }, "numbers", "numbers"),
    "axis 0 is not the last one",
  ],
  [
    "joined to more than fits",
    functional(input("numbers", 65_536), ["Concatenate", "a", {}, "numbers", "numbers"], SCORE),
    "it is 131072 wide; at most 65536",
  ],
  [
    "a sum of unlike layers",
    functional(numbers, input("more", 3), ["Add", "a", {}, "numbers", "more"], SCORE),
    "Add takes two layers or more, all of one shape",
  ],
  [
    "a dense layer of two",
    oneLayer("Dense", { units: 3 }, "numbers", "numbers"),
    "it takes 2 layers; use one",
  ],
  [
    "a layer of nothing",
    functional(numbers, ["Dense", "b", { units: 2 }], ["Add", "a", {}, "numbers", "b"], SCORE),
    'layer "b": it takes nothing',
  ],
  [
    "a layer that leads nowhere",
    functional(
      numbers,
      ["Dense", "b", { units: 3 }, "numbers"],
      ["Dense", "a", { units: 3 }, "numbers"],
      SCORE,
    ),
    'layer "b": it does not lead to the output',
  ],
  [
    "a source that is not there",
    functional(numbers, ["Dense", "a", { units: 3 }, "nobody"], SCORE),
    'layer "a" takes from "nobody", and there is no such layer',
  ],
  [
    "a cycle",
    functional(
      numbers,
      ["Add", "a", {}, "numbers", "b"],
      ["Dense", "b", { units: 2 }, "a"],
      ["Dense", "score", { units: 1 }, "b"],
    ),
    "remove the cycle",
  ],
  [
    "two of one name",
    functional(numbers, ["Dense", "numbers", { units: 2 }, "numbers"], SCORE),
    'layer "numbers": there are two of this name',
  ],
  [
    "a name that cannot be",
    functional(numbers, ["Dense", "a b", { units: 1 }, "numbers"]),
    "layer 1 of the list has no name, or one that cannot be",
  ],
  [
    "an unnamed input",
    functional(
      numbers,
      ["InputLayer", "x", { batch_input_shape: [3, 2] }],
      ["Add", "a", {}, "numbers", "x"],
      SCORE,
    ),
    "batch_input_shape: must be [null, width]",
  ],
  [
    "two units out",
    functional(numbers, ["Dense", "out", { units: 2 }, "numbers"]),
    'layer "out": the output has 2 units; end with Dense {units: 1}',
  ],
  [
    "an output that is cut off",
    functional(numbers, ["Dense", "out", { units: 1, activation: "relu" }, "numbers"]),
    "the output ends in relu; end in sigmoid or linear",
  ],
  [
    "an input for an output",
    functional(input("numbers", 1)),
    "the output must be a Dense {units: 1}",
  ],
  [
    "shared weights",
    wired(1, { inbound_nodes: [[["numbers", 0, 0, {}]], [["numbers", 0, 0, {}]]] }),
    "it is called 2 times: layers that share weights are not supported",
  ],
  [
    "the second output of a layer",
    wired(1, { inbound_nodes: [[["numbers", 0, 1, {}]]] }),
    "something other than the one output",
  ],
  [
    "a call with arguments",
    wired(1, { inbound_nodes: [[["numbers", 0, 0, { training: true }]]] }),
    "something other than the one output",
  ],
  ["Keras 3", wired(1, { inbound_nodes: [{ args: [], kwargs: {} }] }), "written as by Keras 3"],
  ["no connections", wired(1, { inbound_nodes: "numbers" }), "inbound_nodes is not a list"],
  [
    "two outputs",
    configured({
      output_layers: [
        ["score", 0, 0],
        ["a", 0, 0],
      ],
    }),
    "the model has 2 outputs; there must be one",
  ],
  ["no output", configured({ output_layers: [] }), "the model has 0 outputs"],
  [
    "an input that is not named",
    configured({ input_layers: [] }),
    "an input that the model's input_layers do not name",
  ],
  [
    "an input that is none",
    configured({ input_layers: [["a", 0, 0]] }),
    'the model\'s input "a" leads nowhere or is no InputLayer',
  ],
  [
    "an input named twice",
    configured({
      input_layers: [
        ["numbers", 0, 0],
        ["numbers", 0, 0],
      ],
    }),
    "input_layers names one twice",
  ],
  ["no layers", configured({ layers: [] }), "the model has 0 layers; use 1 to 100"],
  [
    "a layer that is none",
    configured({ layers: [1] }),
    "layer 0 of the list is not a class_name with its config",
  ],
  [
    "a chain without a shape",
    sequential(["Dense", "a", { units: 1 }]),
    "the first layer must say batch_input_shape",
  ],
  [
    "more than fits a member's memory",
    functional(
      input("numbers", 40_000),
      ...["x", "y", "z"].map((name): Short => ["Dropout", name, { rate: 0.1 }, "numbers"]),
      ["Add", "a", {}, "x", "y", "z"],
      SCORE,
    ),
    "its layers are 200001 wide in all; at most 131072",
  ],
  [
    "another model",
    { class_name: "Pipeline", config: {} },
    "this is no LayersModel of TensorFlow.js",
  ],
  [
    "a graph model",
    { format: "graph-model", modelTopology: { node: [] } },
    "this is no LayersModel",
  ],
  [
    "a novel",
    { class_name: "Model", config: { text: "x".repeat(1024 * 1024) } },
    "longer than 1048576 characters",
  ],
];

test.each(FAULTS)("%s is refused", (_, topology, message) => {
  expect(faultOf({ topology })).toContain("topology: ");
  expect(faultOf({ topology })).toContain(message);
});

test("too many layers are refused", () => {
  const layers = Array.from({ length: 100 }, (_, l): Short => {
    return ["Dense", `l${l}`, { units: 1 }, l === 0 ? "numbers" : `l${l - 1}`];
  });
  expect(faultOf({ topology: functional(numbers, ...layers) })).toContain(
    "101 layers; use 1 to 100",
  );
});

test.each([
  [{}, "give one of hidden, autoencoder, topology"],
  [{ hidden: [3], topology: dense({}) }, "give one of hidden, autoencoder, topology"],
  [{ hidden: "many" }, "hidden: Invalid input: expected array"],
  [{ hidden: [0] }, "hidden.0: Too small"],
  [{ hidden: [3], activation: "elu" }, "activation"],
  [{ topology: Number.NaN }, "topology: is not JSON"],
  [{ topology: dense({}), hiden: 1 }, 'Unrecognized key: "hiden"'],
  ["deep", "give one of hidden, autoencoder, topology"],
])("a model that is not of one of the shapes says so: %j", (model, message) => {
  expect(faultOf(model)).toContain(message);
});

test("a model, its configuration and a whole model.json are the same topology", () => {
  const model = dense({});
  const read = readTopology(JSON.parse(JSON.stringify(model)));
  const file = { format: "layers-model", modelTopology: { model_config: model, backend: "x" } };
  for (const wrapped of [{ model_config: model }, file])
    expect(readTopology(JSON.parse(JSON.stringify(wrapped)))).toEqual(read);
  expect(read.layers.map(({ name }) => name)).toEqual(["numbers", "a", "score"]);
});

test("personal layers do not go with a topology", () => {
  const task = {
    kind: "train",
    model: { topology: dense({}) },
    scaling: "bounds",
    strategy: {
      kind: "fedAvg",
      rounds: 1,
      localEpochs: 1,
      batchSize: 8,
      localOptimizer: "sgd",
      learningRate: 0.1,
      clipNorm: 1,
    },
    evaluation: { everyRounds: null, bins: 8 },
  };
  expect(TrainTask.safeParse(task).error).toBeUndefined();
  const personal = { ...task, strategy: { ...task.strategy, personalLayers: 1 } };
  const issue = TrainTask.safeParse(personal).error?.issues[0];
  expect(issue?.path).toEqual(["strategy", "personalLayers"]);
  expect(issue?.message).toContain("does not go with a topology");
});
