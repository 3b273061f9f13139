/** Dropout: drawn anew for each row, the same again for the same draw, gone in scoring, and no unit's is another's business. */
import { expect, test } from "vitest";
import { architectureOf, type Network } from "../../../models/engine/architecture.ts";
import type { TrainerBackend } from "../../../models/engine/backend.ts";
import { dropInPlace, rowSeed } from "../../../models/engine/graph/dropout.ts";
import { trainLocally } from "../../../models/engine/local-training.ts";
import { plainBackend } from "../../../models/engine/plain.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { TopologySpec } from "../../../shared/charter/model-spec.ts";
import type { DataSchema } from "../../../shared/charter/schema.ts";
import { rng, schemaOf, tableOf, unevenScaling } from "../fixtures.ts";
import { normalised } from "../topologies.ts";
import { allUnits, largestDifference, rowsOfUnit, unitsOf } from "./backends.ts";

const schema: DataSchema = schemaOf(["number", "missing", { onehot: 3 }, { embedding: 2 }]);
const scaling = unevenScaling(2);
const data = tableOf(schema, 30, (u) => 1 + (u % 5));
const units = allUnits(data);

function setup(dropout: number) {
  const topology = normalised(schema, { dropout });
  const network: Network = architectureOf(schema, TopologySpec.parse({ topology }));
  const source = new UniformSource(rng("params"));
  const params = Float32Array.from({ length: network.paramCount }, () => 0.5 * source.normal());
  return { network, params, backend: plainBackend(network) };
}

test("the share that is dropped is the rate, the rest is scaled up, and rows, layers and draws differ", () => {
  const draw = (word: number, place: number, node: number): string => {
    const values = new Float64Array(20_000).fill(1);
    dropInPlace(values, new Float64Array(20_000), 0, 20_000, 0.3, rowSeed(word, place), node);
    expect(new Set(values)).toEqual(new Set([0, 1 / 0.7]));
    const dropped = values.filter((x) => x === 0).length / values.length;
    expect(Math.abs(dropped - 0.3)).toBeLessThan(5 * Math.sqrt(0.21 / values.length));
    return values.join();
  };
  const different = [draw(1, 0, 0), draw(2, 0, 0), draw(1, 1, 0), draw(1, 0, 1), draw(0, 0, 0)];
  expect(new Set(different).size).toBe(5);
  expect(draw(1, 0, 0)).toBe(different[0]);
});

test("two rows of one table drop independently of each other", () => {
  const both = [0, 0, 0, 0];
  for (let word = 0; word < 4000; word++) {
    const values = Float64Array.of(1, 1);
    const factors = new Float64Array(2);
    dropInPlace(values, factors, 0, 1, 0.5, rowSeed(word, 0), 3);
    dropInPlace(values, factors, 1, 1, 0.5, rowSeed(word, 1), 3);
    const cell = (values[0] === 0 ? 0 : 2) + (values[1] === 0 ? 0 : 1);
    both[cell] = (both[cell] ?? 0) + 1;
  }
  for (const count of both) expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(750));
});

test("scores have no dropout, nor has a gradient without a draw", () => {
  const [none, half] = [setup(0), setup(0.5)];
  expect(half.backend.logits(half.params, scaling, data)).toEqual(
    none.backend.logits(none.params, scaling, data),
  );
  const without = half.backend.meanGradient(half.params, scaling, data, units.rows);
  expect(without).toEqual(none.backend.meanGradient(none.params, scaling, data, units.rows));
  const one = half.backend.meanGradient(half.params, scaling, data, units.rows, undefined, 7);
  expect(half.backend.meanGradient(half.params, scaling, data, units.rows, undefined, 7)).toEqual(
    one,
  );
  expect(largestDifference(one.gradient, without.gradient)).toBeGreaterThan(1e-3);
  expect([none.backend.drawsInTraining, half.backend.drawsInTraining]).toEqual([false, true]);
});

test("a gradient with dropout is that of its loss: finite differences under the same draw", () => {
  const { backend, params } = setup(0.5);
  const rows = Uint32Array.of(3, 0, 7, 7, 11);
  const values = Float64Array.from(params);
  const { gradient } = backend.meanGradient(values, scaling, data, rows, undefined, 42);
  const step = 1e-6;
  for (let i = 0; i < values.length; i++) {
    const at = (by: number): number => {
      const moved = values.slice();
      moved[i] = (moved[i] ?? 0) + by;
      return backend.meanGradient(moved, scaling, data, rows, undefined, 42).loss;
    };
    const numeric = (at(step) - at(-step)) / (2 * step);
    expect(Math.abs(numeric - (gradient[i] ?? Number.NaN))).toBeLessThan(1e-8);
  }
});

test("a unit's clipped gradient depends on its rows and its tag alone, whoever else is there", () => {
  const { backend, params, network } = setup(0.5);
  const clipNorm = 0.3;
  const whole = backend.clippedGradientSum(params, scaling, data, units, clipNorm);
  const parts = new Float64Array(network.paramCount);
  for (let u = 0; u < 30; u++) {
    const rows = rowsOfUnit(data, u);
    const alone = { ...unitsOf(rows, [0, rows.length]), tags: units.tags.subarray(u, u + 1) };
    const { gradient, norms, losses } = backend.clippedGradientSum(
      params,
      scaling,
      data,
      alone,
      clipNorm,
    );
    expect(Math.hypot(...gradient)).toBeLessThanOrEqual(clipNorm);
    expect([norms[0], losses[0]]).toEqual([whole.norms[u], whole.losses[u]]);
    for (let i = 0; i < parts.length; i++) parts[i] = (parts[i] ?? 0) + (gradient[i] ?? 0);
  }
  expect(largestDifference(whole.gradient, parts)).toBeLessThan(1e-12);
  const tags = units.tags.map((tag) => tag + 1);
  const other = backend.clippedGradientSum(params, scaling, data, { ...units, tags }, clipNorm);
  expect(largestDifference(other.gradient, whole.gradient)).toBeGreaterThan(1e-3);
});

test("local training draws anew for every step, and repeats from its generator", () => {
  const { backend: sound, params } = setup(0.2);
  const draws: (number | undefined)[] = [];
  const backend: TrainerBackend = {
    ...sound,
    meanGradient(...args) {
      draws.push(args[5]);
      return sound.meanGradient(...args);
    },
  };
  const training = {
    epochs: 3,
    batchSize: 8,
    optimizer: { kind: "adam", learningRate: 0.01 },
  } as const;
  const train = (seed: string): Float32Array =>
    trainLocally(backend, params, scaling, data, training, rng(seed)).params;
  expect(train("a")).toEqual(train("a"));
  const steps = draws.length / 2;
  expect(steps).toBe(3 * Math.ceil(data.rowCount / 8));
  expect(new Set(draws).size).toBe(steps);
  expect(draws).not.toContain(undefined);
  expect(train("a")).not.toEqual(train("b"));
});
