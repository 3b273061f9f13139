/** Topologies over a schema: what is a plain net in other words, first values, and a bound that always holds. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { architectureOf, initialParams, isGraph } from "../../../models/engine/architecture.ts";
import { bestBackend } from "../../../models/engine/best.ts";
import { plainBackend } from "../../../models/engine/plain.ts";
import { modelToTfjs } from "../../../models/export/tfjs.ts";
import { TopologySpec } from "../../../shared/charter/model-spec.ts";
import { type ShortFeature, schemaOf, tableOf, unevenScaling } from "../fixtures.ts";
import { chain, functional, input, normalised, numbersWidth, wideAndDeep } from "../topologies.ts";
import { unitsOf } from "./backends.ts";

const everything: ShortFeature[] = [
  "number",
  "missing",
  { onehot: 3 },
  { embedding: 2 },
  { onehot: 2 },
];
const schema = schemaOf(everything);

const specOf = (topology: object): TopologySpec => TopologySpec.parse({ topology, seed: "a" });
const networkOf = (topology: object, over = schema) => architectureOf(over, specOf(topology));

const SHORT: readonly [string, ShortFeature[], number[], "relu" | "tanh"][] = [
  ["a deep net on everything", everything, [8, 5, 3], "relu"],
  ["a tanh net on everything", everything, [6], "tanh"],
  ["logistic regression on everything", everything, [], "relu"],
  ["numbers only", ["number", "number"], [4], "relu"],
  ["one-hot categories only", [{ onehot: 3 }, { onehot: 4 }], [4], "relu"],
  ["a single one-hot category, logistic", [{ onehot: 3 }], [], "relu"],
  ["embedded categories only", [{ embedding: 3 }, { embedding: 2 }], [4], "relu"],
];

test.each(
  SHORT,
)("our own export of %s is read as the plan that it came from", (_, features, hidden, activation) => {
  const own = schemaOf(features);
  const spec = { hidden: [...hidden], activation, seed: "a" };
  const architecture = architectureOf(own, spec);
  const params = initialParams(architecture, "a");
  const scaling = unevenScaling(architecture.numberCount);
  const { modelJson } = modelToTfjs({ schema: own, spec, params, scaling });
  const read = networkOf(JSON.parse(JSON.stringify(modelJson)), own);
  expect(read).toEqual(architecture);
  expect(bestBackend(read, { acrossMachines: true }).name).toBe("wasm-simd");
});

test("a Sequential model over all columns, categories as one-hot vectors, is a plain net with rows that are added", () => {
  const read = networkOf(chain(schema, ["relu", "relu"]));
  if (isGraph(read)) throw new Error("it is a plain net");
  expect(read.sparse.map(({ column, width }) => [column, width])).toEqual([
    [0, 7],
    [1, 7],
    [2, 7],
  ]);
  expect(read.embeddings).toEqual([]);
  expect(read.layers.map(({ inputWidth, outputWidth }) => [inputWidth, outputWidth])).toEqual([
    [3, 7],
    [7, 6],
    [6, 1],
  ]);
});

test("what is no plain net stays a graph: two activations, a sum of branches, no bias", () => {
  const numbers = input("numbers", 2);
  const two = schemaOf(["number", "number"]);
  const score = ["Dense", "score", { units: 1, activation: "sigmoid" }, "b"] as const;
  const graphs = [
    chain(schema, ["relu", "tanh"]),
    wideAndDeep(schema),
    functional(numbers, ["Dense", "b", { units: 3, activation: "elu" }, "numbers"], score),
    functional(
      numbers,
      ["Dense", "b", { units: 3, activation: "relu", use_bias: false }, "numbers"],
      score,
    ),
    functional(
      numbers,
      ["Dense", "a", { units: 3, activation: "relu" }, "numbers"],
      ["Add", "b", {}, "a", "a"],
      score,
    ),
    functional(numbers, ["Dense", "b", { units: 3 }, "numbers"], score),
    functional(
      numbers,
      ["Concatenate", "a", {}, "numbers", "numbers"],
      ["Dense", "b", { units: 3, activation: "relu" }, "a"],
      score,
    ),
  ];
  for (const [index, topology] of graphs.entries()) {
    const network = networkOf(topology, index < 2 ? schema : two);
    expect(isGraph(network)).toBe(true);
    expect(bestBackend(network, { acrossMachines: false }).name).toBe("plain");
  }
});

test("parameters have no gaps, the seed alone decides them, gains are one and biases zero", () => {
  const network = networkOf(normalised(schema));
  let end = 0;
  const params = initialParams(network, "a");
  for (const { name, offset, shape } of network.slices) {
    expect(offset).toBe(end);
    end += shape.reduce((product, size) => product * size, 1);
    const values = params.subarray(offset, end);
    if (name.endsWith("/gamma")) expect(new Set(values)).toEqual(new Set([1]));
    else if (name.endsWith("/bias") || name.endsWith("/beta"))
      expect(new Set(values)).toEqual(new Set([0]));
    else expect(new Set(values).size).toBe(values.length);
  }
  expect(end).toBe(network.paramCount);
  expect(initialParams(network, "a")).toEqual(params);
  expect(initialParams(network, "b")).not.toEqual(params);
});

test("the first kernel's fan-in counts a one-hot vector once, and a relu doubles the variance", () => {
  const wide = schemaOf(["number", "number", { onehot: 62 }]);
  const width = numbersWidth(wide) + 63;
  const topology = functional(
    input("features", width),
    ["Dense", "first", { units: 400 }, "features"],
    ["Activation", "bend", { activation: "relu" }, "first"],
    ["LayerNormalization", "norm", {}, "bend"],
    ["Dense", "score", { units: 1 }, "norm"],
  );
  const network = networkOf(topology, wide);
  const kernel = initialParams(network, "a").subarray(0, width * 400);
  const variance = kernel.reduce((sum, x) => sum + x * x, 0) / kernel.length;
  expect(Math.abs(variance - 2 / 3)).toBeLessThan(5 * (2 / 3) * Math.sqrt(2 / kernel.length));
});

const wild = fc.oneof(
  fc.constantFrom(0, 1, -1, 1e30, -1e38, Number.NaN, Number.POSITIVE_INFINITY, 3e-39, 1e17),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }),
);

test.each([
  ["layer normalisation and dropout", normalised(schema, { dropout: 0.4 })],
  ["wide and deep", wideAndDeep(schema)],
])("%s: no unit moves the sum by more than the clip norm, whatever its rows and the parameters", (_, topology) => {
  const network = networkOf(topology);
  const backend = plainBackend(network);
  const data = tableOf(schema, 3, () => 2);
  const bounded = fc.property(
    fc.array(wild, { minLength: 4, maxLength: 4 }),
    fc.array(wild, { minLength: 1, maxLength: 9 }),
    fc.double({ min: 1e-6, max: 100, noNaN: true }),
    fc.integer({ min: 1, max: 2 }),
    (numbers, weights, clipNorm, rows) => {
      const params = Float32Array.from(
        { length: network.paramCount },
        (_, i) => weights[i % weights.length] ?? 0,
      );
      const bad = { ...data, numbers: data.numbers.slice() };
      bad.numbers.set(numbers, 4);
      const units = unitsOf([2, 3].slice(0, rows), [0, rows]);
      const scaling = unevenScaling(2);
      const sum = backend.clippedGradientSum(params, scaling, bad, units, clipNorm);
      expect(Math.hypot(...sum.gradient)).toBeLessThanOrEqual(clipNorm);
      expect(Number.isFinite(sum.losses[0])).toBe(true);
    },
  );
  fc.assert(bounded, { numRuns: 300, seed: 1 });
});
