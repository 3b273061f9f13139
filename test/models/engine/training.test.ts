/** Around the engine: the parameters' layout, the choice of units, local training. */
import { expect, test } from "vitest";
import { architectureOf, initialParams } from "../../../models/engine/architecture.ts";
import { bestBackend } from "../../../models/engine/best.ts";
import { trainLocally } from "../../../models/engine/local-training.ts";
import { selectUnits } from "../../../models/engine/units.ts";
import { identityScaling } from "../../../models/tasks/train/train.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { rng, type ShortFeature, schemaOf, tableOf } from "../fixtures.ts";

const everything: ShortFeature[] = [
  "number",
  "missing",
  { onehot: 3 },
  { embedding: 2 },
  { onehot: 2 },
];

test("parameters are laid out without gaps, and the seed alone decides the first ones", () => {
  const schema = schemaOf(everything);
  const spec = { hidden: [5, 2], activation: "relu", seed: "a" } as const;
  const architecture = architectureOf(schema, { ...spec, hidden: [5, 2] });
  let end = 0;
  for (const { offset, shape } of architecture.slices) {
    expect(offset).toBe(end);
    end += shape.reduce((product, size) => product * size, 1);
  }
  expect(architecture.paramCount).toBe(end);
  // Embedding 3×3, one-hot 4×5 and 3×5, layers (3+3)×5+5, 5×2+2, 2×1+1.
  expect(end).toBe(9 + 20 + 15 + 35 + 12 + 3);
  expect(initialParams(architecture, "a")).toEqual(initialParams(architecture, "a"));
  expect(initialParams(architecture, "a")).not.toEqual(initialParams(architecture, "b"));
});

test("units are sampled at the given rate, each with its own rows and no row twice", () => {
  const schema = schemaOf(["number"]);
  const data = tableOf(schema, 4000, (u) => (u % 2 === 0 ? 5 : 1));
  const { rows, starts, tags } = selectUnits(data, 0.3, 3, new UniformSource(rng("units")));
  expect(tags).toHaveLength(starts.length - 1);
  expect(new Set(tags).size).toBeGreaterThan(starts.length - 10);
  expect(Math.abs(starts.length - 1 - 1200)).toBeLessThan(5 * Math.sqrt(4000 * 0.21));
  expect(new Set(rows).size).toBe(rows.length);
  const unitOf = (row: number): number => data.unitStarts.findIndex((start) => start > row) - 1;
  for (let u = 0; u < 50; u++) {
    const mine = [...rows.subarray(starts[u], starts[u + 1])];
    expect(mine.length === 3 || mine.length === 1).toBe(true);
    expect(new Set(mine.map(unitOf)).size).toBe(1);
  }
  const places = new Set(
    [...rows].filter((row) => unitOf(row) === 0 || row % 6 < 5).map((row) => row % 6),
  );
  expect([...places].sort()).toEqual([0, 1, 2, 3, 4]);
});

test.each([
  "sgd",
  "adam",
] as const)("local training by %s learns, and leaves its start alone", (kind) => {
  const schema = schemaOf(["number", { onehot: 2 }]);
  const architecture = architectureOf(schema, { hidden: [8], activation: "relu", seed: "a" });
  const backend = bestBackend(architecture, { acrossMachines: true });
  const data = tableOf(schema, 400, () => 1);
  const start = initialParams(architecture, "a");
  const optimizer = { kind, learningRate: kind === "sgd" ? 0.5 : 0.02 };
  const training = { epochs: 20, batchSize: 32, optimizer };
  const scaling = identityScaling(1);
  const { params, meanLoss } = trainLocally(backend, start, scaling, data, training, rng("order"));
  expect(start).toEqual(initialParams(architecture, "a"));
  expect(meanLoss).toBeLessThan(0.3);
  const again = trainLocally(backend, start, scaling, data, training, rng("order"));
  expect(again.params).toEqual(params);
});
