/** The engine's gradients against automatic differentiation by TensorFlow.js, which shares no code with ours. */
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
// Brings the gradients of all operations with it.
import "@tensorflow/tfjs-layers";
import { beforeAll, expect, test } from "vitest";
import type { EncodedData } from "../../../models/data.ts";
import {
  type Architecture,
  architectureOf,
  type CategoryTable,
} from "../../../models/engine/architecture.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { rng, type ShortFeature, schemaOf, tableOf, unevenScaling } from "../fixtures.ts";
import { ENGINES } from "./backends.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

/** Scaled numbers and indicators. Shape [rowCount × (numbers + indicators)]. */
function denseInputs(
  { numberCount, indicators }: Architecture,
  scaling: Float32Array,
  data: EncodedData,
): number[][] {
  return Array.from({ length: data.rowCount }, (_, row) => {
    const raw = Array.from(data.numbers.subarray(row * numberCount, (row + 1) * numberCount));
    const scaled = raw.map((x, j) => (x - (scaling[j] ?? 0)) * (scaling[numberCount + j] ?? 1));
    const unknown = indicators.map((j) => (Number.isNaN(raw[j]) ? 1 : 0));
    return [...scaled.map((x) => (Number.isNaN(x) ? 0 : x)), ...unknown];
  });
}

/** The model as TensorFlow.js operations: one-hot vectors in full, where the engine looks rows up. */
function meanLoss(
  architecture: Architecture,
  scaling: Float32Array,
  data: EncodedData,
  slices: readonly tf.Tensor[],
): tf.Scalar {
  const sliceAt = (offset: number): tf.Tensor => {
    const found = slices[architecture.slices.findIndex((slice) => slice.offset === offset)];
    if (found === undefined) throw new Error(`no parameters start at ${offset}`);
    return found;
  };
  const looked = ({ column, rowCount, offset }: CategoryTable): tf.Tensor2D => {
    const codes = Array.from(
      { length: data.rowCount },
      (_, row) => data.codes[row * architecture.categoryCount + column] ?? 0,
    );
    const hot = tf.cast(tf.oneHot(tf.tensor1d(codes, "int32"), rowCount), "float32");
    return tf.matMul(hot as tf.Tensor2D, sliceAt(offset) as tf.Tensor2D);
  };
  const numbers = tf.tensor2d(denseInputs(architecture, scaling, data));
  let values = tf.concat([numbers, ...architecture.embeddings.map(looked)], 1) as tf.Tensor2D;
  for (const [l, layer] of architecture.layers.entries()) {
    const kernel = sliceAt(layer.kernelOffset) as tf.Tensor2D;
    let sum = tf.add(tf.matMul(values, kernel), sliceAt(layer.biasOffset));
    if (l === 0) for (const table of architecture.sparse) sum = tf.add(sum, looked(table));
    const isLast = l === architecture.layers.length - 1;
    const active = architecture.activation === "relu" ? tf.relu(sum) : tf.tanh(sum);
    values = (isLast ? sum : active) as tf.Tensor2D;
  }
  const logits = tf.reshape(values, [data.rowCount]);
  const labels = tf.tensor1d(Array.from(data.labels));
  return tf.mean(tf.sub(tf.softplus(logits), tf.mul(logits, labels))) as tf.Scalar;
}

const everything: ShortFeature[] = [
  "number",
  "missing",
  { onehot: 3 },
  { embedding: 2 },
  { onehot: 2 },
  { embedding: 4 },
];
const kinds: [string, number[], "relu" | "tanh"][] = [
  ["logistic regression", [], "relu"],
  ["a deep relu model", [9, 6, 4], "relu"],
  ["a tanh model", [7], "tanh"],
];

const cases = ENGINES.flatMap(({ name, open }) =>
  kinds.map(([kind, hidden, activation]) => [name, kind, hidden, activation, open] as const),
);
test.each(
  cases,
)("%s and TensorFlow.js find the same loss and gradient: %s", (_, _kind, hidden, activation, open) => {
  const schema = schemaOf(everything);
  const architecture = architectureOf(schema, { hidden: [...hidden], activation, seed: "a" });
  const source = new UniformSource(rng("params"));
  const params = Float32Array.from(
    { length: architecture.paramCount },
    () => 0.5 * source.normal(),
  );
  const scaling = unevenScaling(architecture.numberCount);
  const data = tableOf(schema, 40, () => 1);
  const rows = Uint32Array.from({ length: data.rowCount }, (_, row) => row);
  const ours = open(architecture).meanGradient(params, scaling, data, rows);

  const slices = architecture.slices.map(({ offset, shape }) => {
    const length = shape.reduce((product, size) => product * size, 1);
    return tf.tensor(params.slice(offset, offset + length), [...shape]);
  });
  const differentiate = tf.valueAndGrads((...given: tf.Tensor[]) =>
    meanLoss(architecture, scaling, data, given),
  );
  const theirs = differentiate(slices);

  expect(Math.abs(theirs.value.dataSync()[0] ?? Number.NaN)).toBeCloseTo(ours.loss, 5);
  const gradient = theirs.grads.flatMap((part) => Array.from(part.dataSync()));
  expect(gradient).toHaveLength(architecture.paramCount);
  for (const [i, value] of gradient.entries()) {
    expect(Math.abs(value - (ours.gradient[i] ?? Number.NaN))).toBeLessThan(1e-5);
  }
  expect(Math.hypot(...gradient)).toBeGreaterThan(0.05);
});
