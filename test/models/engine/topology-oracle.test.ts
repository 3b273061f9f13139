/** Topologies loaded by TensorFlow.js itself: its scores and gradients are ours, and norms are those of the gradients. */
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { type LayersModel, loadLayersModel } from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, test } from "vitest";
import { architectureOf, isGraph } from "../../../models/engine/architecture.ts";
import { plainBackend } from "../../../models/engine/plain.ts";
import { sizeOf } from "../../../models/engine/slices.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { TopologySpec } from "../../../shared/charter/model-spec.ts";
import type { DataSchema } from "../../../shared/charter/schema.ts";
import { readTopology } from "../../../shared/charter/topology/topology.ts";
import { rng, type ShortFeature, schemaOf, tableOf, unevenScaling } from "../fixtures.ts";
import { TOPOLOGIES } from "../topologies.ts";
import { fed } from "../topology-feeds.ts";
import { allUnits, largestDifference, rowsOfUnit } from "./backends.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

const everything: ShortFeature[] = [
  "number",
  "missing",
  { onehot: 3 },
  { embedding: 2 },
  "missing",
  { onehot: 2 },
];

async function setup(topology: (schema: DataSchema) => object, rowsOf: (u: number) => number) {
  const schema = schemaOf(everything);
  const spec = TopologySpec.parse({ topology: topology(schema) });
  const network = architectureOf(schema, spec);
  if (!isGraph(network)) throw new Error("this topology is a plain net");
  const source = new UniformSource(rng("params"));
  const params = Float32Array.from({ length: network.paramCount }, () => 0.5 * source.normal());
  const scaling = unevenScaling(network.numberCount);
  const data = tableOf(schema, 40, rowsOf);
  const handler = { load: async () => ({ modelTopology: topology(schema) }) };
  const theirs = await loadLayersModel(handler);
  const slices = new Map(network.slices.map((slice) => [slice.name, slice]));
  theirs.setWeights(
    theirs.weights.map(({ originalName, shape }) => {
      const slice = slices.get(originalName);
      if (slice === undefined) throw new Error(`no parameters of ours are ${originalName}`);
      const values = params.slice(slice.offset, slice.offset + sizeOf(slice.shape));
      return tf.tensor(values, shape.map(Number));
    }),
  );
  const { inputs: order, layers } = readTopology(spec.topology);
  const inputs = order.map((index) => {
    const { name, width } = layers[index] ?? { name: "", width: 0 };
    return tf.tensor2d(fed(name, width, schema, scaling, data), [data.rowCount, width]);
  });
  return { network, params, scaling, data, theirs, inputs, backend: plainBackend(network) };
}

/** Scores, where the model ends in a sigmoid; else log-odds. */
function outputOf(theirs: LayersModel, inputs: tf.Tensor[]): tf.Tensor {
  const output = theirs.apply(inputs.length === 1 ? (inputs[0] ?? []) : inputs);
  if (Array.isArray(output) || !(output instanceof tf.Tensor)) throw new Error("one output");
  return output;
}

describe.each(TOPOLOGIES)("$name", ({ topology, endsInLogit, isNotDifferentiated }) => {
  test("scores, loss and gradient are those of TensorFlow.js", async () => {
    const { network, params, scaling, data, theirs, inputs, backend } = await setup(
      topology,
      () => 1,
    );
    const ours = backend.scores(params, scaling, data);
    const output = outputOf(theirs, inputs);
    const scores = (endsInLogit ? tf.sigmoid(output) : output).dataSync();
    expect(largestDifference(scores, ours)).toBeLessThan(1e-5);
    expect(Math.max(...ours) - Math.min(...ours)).toBeGreaterThan(0.05);
    if (isNotDifferentiated) return;

    const labels = tf.tensor2d(Array.from(data.labels), [data.rowCount, 1]);
    const { value, grads } = tf.variableGrads(() => {
      const given = outputOf(theirs, inputs);
      const p = endsInLogit ? tf.sigmoid(given) : given;
      const other = tf.log(tf.sub(1, p));
      const loss = tf.add(tf.mul(labels, tf.log(p)), tf.mul(tf.sub(1, labels), other));
      return tf.neg(tf.mean(loss)) as tf.Scalar;
    });
    const rows = Uint32Array.from({ length: data.rowCount }, (_, row) => row);
    const found = backend.meanGradient(params, scaling, data, rows);
    expect(found.loss).toBeCloseTo(value.dataSync()[0] ?? Number.NaN, 5);
    const gradient = new Float64Array(network.paramCount).fill(Number.NaN);
    for (const weight of theirs.weights) {
      const slice = network.slices.find((one) => one.name === weight.originalName);
      gradient.set(grads[weight.name]?.dataSync() ?? [], slice?.offset ?? 0);
    }
    expect(largestDifference(found.gradient, gradient)).toBeLessThan(1e-5);
    expect(Math.hypot(...gradient)).toBeGreaterThan(0.05);
  });

  test("gradients are those of finite differences, norms and the clipped sum those of the gradients", async () => {
    const rowsOf = (u: number): number => [1, 2, 3, 5, 16, 1, 70][u % 7] ?? 1;
    const { network, params, scaling, data, backend } = await setup(topology, rowsOf);
    const values = Float64Array.from(params);
    const some = Uint32Array.from([3, 0, 7, 7, 11]);
    const { gradient } = backend.meanGradient(values, scaling, data, some);
    const step = 1e-6;
    for (let i = 0; i < values.length; i++) {
      const at = (by: number): number => {
        const moved = values.slice();
        moved[i] = (moved[i] ?? 0) + by;
        return backend.meanGradient(moved, scaling, data, some).loss;
      };
      const numeric = (at(step) - at(-step)) / (2 * step);
      expect(Math.abs(numeric - (gradient[i] ?? Number.NaN))).toBeLessThan(1e-8);
    }
    const clipNorm = 0.4;
    const fast = backend.clippedGradientSum(params, scaling, data, allUnits(data), clipNorm);
    const sum = new Float64Array(network.paramCount);
    for (let u = 0; u < 40; u++) {
      const rows = Uint32Array.from(rowsOfUnit(data, u));
      const own = backend.meanGradient(params, scaling, data, rows);
      const norm = Math.hypot(...own.gradient);
      const room = 1e-12 + 1e-13 * rows.length ** 2;
      expect(Math.abs((fast.norms[u] ?? Number.NaN) - norm)).toBeLessThan(room);
      expect(fast.losses[u]).toBeCloseTo(own.loss, 12);
      const factor = Math.min(1, clipNorm / norm);
      for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + factor * (own.gradient[i] ?? 0);
    }
    expect(largestDifference(fast.gradient, sum)).toBeLessThan(2e-8);
    expect(fast.norms.some((norm) => norm > clipNorm)).toBe(true);
  });
});
