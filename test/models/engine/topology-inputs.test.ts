/** Inputs and columns: which is which, and what is said where they do not fit. */
import { describe, expect, test } from "vitest";
import { architectureOf, isGraph } from "../../../models/engine/architecture.ts";
import { plannedDimension } from "../../../models/tasks/planned-dimension.ts";
import { TopologySpec } from "../../../shared/charter/model-spec.ts";
import { DataSchema } from "../../../shared/charter/schema.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { schemaOf } from "../fixtures.ts";
import { trainSpec } from "../tasks/federation.ts";
import { functional, input, type Short, sequential } from "../topologies.ts";

/** f0 a number, f1 a number that may be unknown, f2 and f3 of two and of three categories. */
const schema = schemaOf(["number", "missing", { onehot: 2 }, { embedding: 3 }]);
const networkOf = (topology: object, over = schema) =>
  architectureOf(over, TopologySpec.parse({ topology }));

/** All inputs joined, then one layer with an activation that no plain net has. */
const joined = (...inputs: readonly Short[]): object => {
  const names = inputs.map(([, name]) => name);
  const all: Short[] = names.length > 1 ? [["Concatenate", "all", {}, ...names]] : [];
  const from = names.length > 1 ? "all" : (names[0] ?? "");
  const deep: Short = ["Dense", "deep", { units: 2, activation: "elu" }, from];
  return functional(...inputs, ...all, deep, ["Dense", "score", { units: 1 }, "deep"]);
};
const looked = (input_dim: number, ...more: readonly Short[]): object =>
  functional(
    input("numbers", 3),
    input("f2", 3),
    input("category1", 1),
    ["Embedding", "table", { input_dim, output_dim: 2 }, "category1"],
    ["Flatten", "row", {}, "table"],
    ...more,
    ["Concatenate", "all", {}, "numbers", "f2", "row", ...more.map(([, name]) => name)],
    ["Dense", "score", { units: 1, activation: "sigmoid" }, "all"],
  );

const number = (column: number) => ({ kind: "number", column });
const onehot = (column: number, rowCount: number) => ({ kind: "onehot", column, rowCount });
const indicator = { kind: "indicator", column: 1 };

test.each([
  [
    "all numbers by one name",
    joined(input("numbers", 3), input("category0", 3), input("f3", 4)),
    [[number(0), number(1), indicator], [onehot(0, 3)], [onehot(1, 4)]],
  ],
  [
    "every column by its own",
    joined(input("f3", 4), input("f1", 2), input("f2", 3), input("f0", 1)),
    [[onehot(1, 4)], [number(1), indicator], [onehot(0, 3)], [number(0)]],
  ],
  [
    "by place",
    joined(input("number1", 2), input("number0", 1), input("category1", 4), input("category0", 3)),
    [[number(1), indicator], [number(0)], [onehot(1, 4)], [onehot(0, 3)]],
  ],
  [
    "everything by one name",
    joined(input("features", 10)),
    [[number(0), number(1), indicator, onehot(0, 3), onehot(1, 4)]],
  ],
])("%s", (_, topology, expected) => {
  const network = networkOf(topology);
  if (!isGraph(network)) throw new Error("it is no plain net");
  expect(network.nodes.flatMap((n) => (n.kind === "input" ? [n.sources] : []))).toEqual(expected);
});

test("a Sequential model's input is everything, whatever it is called", () => {
  const chain = sequential(
    ["InputLayer", "anything", { batch_input_shape: [null, 10] }],
    ["Dense", "score", { units: 1 }],
  );
  expect(networkOf(chain)).toMatchObject({ numberCount: 2, categoryCount: 2 });
  const one = schemaOf([{ embedding: 3 }]);
  const table = sequential(
    ["Embedding", "table", { input_dim: 4, output_dim: 2, batch_input_shape: [null, 1] }],
    ["Flatten", "row", {}],
    ["Dense", "score", { units: 1 }],
  );
  expect(networkOf(table, one)).toMatchObject({ embeddings: [{ column: 0, width: 2 }] });
});

describe("what does not fit says where and what to do", () => {
  test.each([
    ["another name", joined(input("amount", 1)), 'layer "amount": this input\'s name is no column'],
    [
      "a place too far",
      joined(input("category2", 3)),
      'layer "category2": this input\'s name is no column',
    ],
    [
      "no indicators",
      joined(input("numbers", 2), input("f2", 3), input("f3", 4)),
      "its shape is [null, 2]; the schema needs [null, 3]: 2 numbers, 1 indicator of unknown numbers",
    ],
    [
      "a number without its indicator",
      joined(input("f1", 1)),
      'layer "f1": its shape is [null, 1]; the schema needs [null, 2]',
    ],
    [
      "a one-hot vector without the rest",
      joined(input("numbers", 3), input("f2", 2)),
      "the schema needs [null, 3]: a column for each category",
    ],
    [
      "a column that nobody reads",
      joined(input("numbers", 3), input("f3", 4)),
      'column "f2" is read by no input; add an InputLayer named "category0"',
    ],
    [
      "numbers that nobody reads",
      joined(input("f2", 3), input("f3", 4)),
      'column "f0" is read by no input; add an InputLayer named "numbers"',
    ],
    [
      "a column read twice",
      joined(input("numbers", 3), input("f0", 1)),
      'layer "f0": column "f0" is read by "numbers" already',
    ],
    [
      "a table of another size",
      looked(3),
      'layer "table": input_dim is 3; it must be 4: "category1" has 3 categories',
    ],
    [
      "a code that is taken as a number too",
      looked(4, ["Dense", "odd", { units: 1 }, "category1"]),
      'layer "category1": it is taken by an Embedding and by others',
    ],
    [
      "an output without a bias",
      functional(
        input("features", 10),
        ["Dense", "a", { units: 2, activation: "elu" }, "features"],
        ["Dense", "score", { units: 1, use_bias: false }, "a"],
      ),
      "that uses its bias",
    ],
    [
      "more parameters than a vector holds",
      functional(
        input("features", 10),
        ...Array.from(
          { length: 4 },
          (_, l): Short => [
            "Dense",
            `l${l}`,
            { units: 4096, activation: "elu" },
            l === 0 ? "features" : `l${l - 1}`,
          ],
        ),
        ["Dense", "score", { units: 1 }, "l3"],
      ),
      "50393089 parameters; at most 50000000",
    ],
  ])("%s", (_, topology, message) => {
    expect(() => networkOf(topology)).toThrow(message);
  });

  test("an Embedding of a number", () => {
    const numbers = schemaOf(["number"]);
    const topology = functional(
      input("f0", 1),
      ["Embedding", "table", { input_dim: 3, output_dim: 2 }, "f0"],
      ["Flatten", "row", {}, "table"],
      ["Dense", "score", { units: 1 }, "row"],
    );
    expect(() => networkOf(topology, numbers)).toThrow("takes the code of one category");
  });
});

test("a column called like a rule is given by its place", () => {
  const parts = { label: { column: "y" }, unit: null };
  const feature = { name: "numbers", type: "category", categories: ["a"] };
  const odd = DataSchema.parse({ ...parts, features: [feature] });
  expect(() => networkOf(joined(input("numbers", 2)), odd)).toThrow("[null, 0]");
  expect(isGraph(networkOf(joined(input("category0", 2)), odd))).toBe(true);
});

test("a plan whose topology does not fit the charter is refused before a run, with the layer's name", () => {
  const charter = smallCharter(memberIds(3));
  const strategy = {
    kind: "dpSgd",
    rounds: 1,
    samplingProbability: 0.5,
    clipNorm: 1,
    learningRate: 1,
  };
  const model = { topology: joined(input("amount_", 1)) };
  expect(() => plannedDimension(charter, trainSpec({ model, strategy }))).toThrow(
    'layer "amount_"',
  );
});
