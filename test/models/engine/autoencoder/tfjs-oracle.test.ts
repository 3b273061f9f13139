/** An autoencoder's scores and gradients against automatic differentiation by TensorFlow.js, which shares no code with ours. */
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
// Brings the gradients of all operations with it.
import "@tensorflow/tfjs-layers";
import { beforeAll, expect, test } from "vitest";
import type { EncodedData } from "../../../../models/data.ts";
import {
  type Architecture,
  architectureOf,
  type CategoryTable,
} from "../../../../models/engine/architecture.ts";
import { plainBackend } from "../../../../models/engine/plain.ts";
import { schemaOf, tableOf, unevenScaling } from "../../fixtures.ts";
import { autoencoder, drawnParams, EVERYTHING } from "./explicit.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

interface Inputs {
  readonly numbers: tf.Tensor2D;
  readonly unknown: tf.Tensor2D;
  readonly indicators: tf.Tensor2D;
  /** One-hot, by column. */
  readonly codes: readonly tf.Tensor2D[];
}

function inputsOf(architecture: Architecture, scaling: Float32Array, data: EncodedData): Inputs {
  const { numberCount: n, categoryCount, indicators } = architecture;
  const raw = Array.from({ length: data.rowCount }, (_, row) =>
    Array.from(data.numbers.subarray(row * n, (row + 1) * n)),
  );
  const unknown = raw.map((row) => row.map((x) => (Number.isNaN(x) ? 1 : 0)));
  const scaled = raw.map((row) =>
    row.map((x, j) =>
      Number.isNaN(x) ? 0 : (x - (scaling[j] ?? 0)) * (scaling[n + j] ?? Number.NaN),
    ),
  );
  const codes = Array.from({ length: categoryCount }, (_, c) => {
    const width = widthOf(architecture, c);
    const values = raw.map((_row, r) => data.codes[r * categoryCount + c] ?? 0);
    return tf.cast(tf.oneHot(tf.tensor1d(values, "int32"), width), "float32") as tf.Tensor2D;
  });
  return {
    numbers: tf.tensor2d(scaled),
    unknown: tf.tensor2d(unknown),
    indicators: tf.tensor2d(unknown.map((row) => indicators.map((j) => row[j] ?? 0))),
    codes,
  };
}

function widthOf({ embeddings, sparse }: Architecture, column: number): number {
  return [...embeddings, ...sparse].find((table) => table.column === column)?.rowCount ?? 0;
}

/** e of every row. */
function errors(
  architecture: Architecture,
  { numbers, unknown, indicators, codes }: Inputs,
  slices: readonly tf.Tensor[],
): tf.Tensor1D {
  const sliceAt = (offset: number): tf.Tensor2D => {
    const found = slices[architecture.slices.findIndex((slice) => slice.offset === offset)];
    if (found === undefined) throw new Error(`no parameters start at ${offset}`);
    return found as tf.Tensor2D;
  };
  const looked = ({ column, offset }: CategoryTable): tf.Tensor2D =>
    tf.matMul(codes[column] as tf.Tensor2D, sliceAt(offset));
  let values = tf.concat([numbers, indicators, ...architecture.embeddings.map(looked)], 1);
  for (const [l, layer] of architecture.layers.entries()) {
    let sum: tf.Tensor = tf.add(
      tf.matMul(values, sliceAt(layer.kernelOffset)),
      sliceAt(layer.biasOffset),
    );
    if (l === 0) for (const table of architecture.sparse) sum = tf.add(sum, looked(table));
    const isLast = l === architecture.layers.length - 1;
    values = (isLast ? sum : tf.tanh(sum)) as tf.Tensor2D;
  }
  const { numberCount: n, indicators: flagged } = architecture;
  const part = (from: number, width: number): tf.Tensor2D =>
    tf.slice(values, [0, from], [-1, width]) as tf.Tensor2D;
  const away = tf.abs(tf.sub(part(0, n), tf.clipByValue(numbers, -8, 8)));
  // Huber by another formula: m² + 2 (|r| − m) with m = min(|r|, 1).
  const near = tf.minimum(away, 1);
  const huber = tf.add(tf.square(near), tf.mul(2, tf.sub(away, near)));
  const sums = [tf.sum(tf.mul(huber, tf.sub(1, unknown)), 1)];
  const odds = part(n, flagged.length);
  const bits = tf.sub(tf.softplus(odds), tf.mul(odds, indicators));
  sums.push(tf.div(tf.sum(bits, 1), Math.LN2));
  let from = n + flagged.length;
  for (const [column, hot] of codes.entries()) {
    const width = widthOf(architecture, column);
    const logs = tf.logSoftmax(part(from, width));
    sums.push(tf.div(tf.neg(tf.sum(tf.mul(logs, hot), 1)), Math.log(width)));
    from += width;
  }
  return tf.div(tf.addN(sums), n + flagged.length + codes.length) as tf.Tensor1D;
}

test("the plain engine and TensorFlow.js find the same scores, loss and gradient", () => {
  const schema = schemaOf(EVERYTHING);
  const architecture = architectureOf(schema, autoencoder([6, 2, 6]));
  const params = Float32Array.from(drawnParams(architecture));
  const scaling = unevenScaling(architecture.numberCount).map((s, j) => (j === 5 ? 12 : s));
  const data = tableOf(schema, 40, () => 1);
  const backend = plainBackend(architecture);
  const rows = Uint32Array.from({ length: 40 }, (_, row) => row);
  const ours = backend.meanGradient(params, scaling, data, rows);

  const slices = architecture.slices.map(({ offset, shape }) => {
    const length = shape.reduce((product, size) => product * size, 1);
    return tf.tensor(params.slice(offset, offset + length), [...shape]);
  });
  const inputs = inputsOf(architecture, scaling, data);
  const differentiate = tf.valueAndGrads((...given: tf.Tensor[]) =>
    tf.mean(errors(architecture, inputs, given)),
  );
  const theirs = differentiate(slices);
  expect(Math.abs((theirs.value.dataSync()[0] ?? Number.NaN) - ours.loss)).toBeLessThan(1e-5);
  const gradient = theirs.grads.flatMap((part) => Array.from(part.dataSync()));
  expect(gradient).toHaveLength(architecture.paramCount);
  for (const [i, value] of gradient.entries())
    expect(Math.abs(value - (ours.gradient[i] ?? Number.NaN))).toBeLessThan(1e-5);
  expect(Math.hypot(...gradient)).toBeGreaterThan(0.05);

  const scores = errors(architecture, inputs, slices).dataSync();
  const logits = backend.logits(params, scaling, data);
  for (const [row, e] of scores.entries())
    expect(Math.abs(2 * Math.log(e) - (logits[row] ?? Number.NaN))).toBeLessThan(1e-5);
});
