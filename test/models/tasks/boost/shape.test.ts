/** What a boosting run sends: lengths, bounds that hold, sensitivities that are not exceeded, refusals. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { EncodedData } from "../../../../models/data.ts";
import { boostTask } from "../../../../models/tasks/boost/boost.ts";
import {
  fixedPoint,
  readSum,
  writeSumInPlace,
} from "../../../../models/tasks/boost/fixed-point.ts";
import { encodeInput } from "../../../../models/tasks/boost/input.ts";
import type { BoostContext } from "../../../../models/tasks/boost/shape.ts";
import { uniformEdges } from "../../../../models/trees/bins.ts";
import type { Tree } from "../../../../models/trees/tree.ts";
import { BoostTask } from "../../../../shared/charter/boost-spec.ts";
import { quantizerScale } from "../../../../shared/privacy/encoding/quantize.ts";
import { boosted, boostTaskOf, rosterOf, unnoisedContext } from "../../../support/boosted.ts";
import { membersOf, rng, schemaOf, tableOf } from "../../fixtures.ts";

const schema = schemaOf(["number", "missing", { onehot: 3 }, "number"]);
const noise = { trainMultiplier: 2, holdoutMultiplier: 3, unitsExpected: 500 };

function noisedContext(model: Record<string, unknown> = {}, evaluation = {}): BoostContext {
  const spec = boostTaskOf({ edges: "bounds", ...model }, evaluation);
  return { spec, schema, noise, rowsMax: 1000, memberCount: 3 };
}

test("no sum of members at their bounds leaves the ring, and every unit arrives", () => {
  const rows = fc.integer({ min: 1, max: 10_000_000 });
  fc.assert(
    fc.property(
      rows,
      fc.integer({ min: 3, max: 200 }),
      fc.infiniteStream(fc.double({ min: -1, max: 1, noNaN: true })),
      (rowsMax, memberCount, draws) => {
        const point = fixedPoint(rowsMax, memberCount);
        const quantizer = {
          magnitudeMax: point.limbMax,
          ringBits: 32,
          memberCount,
          exact: true,
        } as const;
        expect(quantizerScale(quantizer).scale).toBeGreaterThanOrEqual(1);
        const total = new Float64Array(2);
        let expected = 0;
        for (let k = 0; k < memberCount; k++) {
          const sum = Math.round(
            rowsMax * point.scale * (k % 5 === 0 ? 1 : (draws.next().value ?? 0)),
          );
          const vector = new Float64Array(2);
          writeSumInPlace(vector, 0, sum, point);
          expect(Math.max(...vector.map(Math.abs))).toBeLessThanOrEqual(point.limbMax);
          for (let i = 0; i < 2; i++) total[i] = (total[i] ?? 0) + (vector[i] ?? 0);
          expected += sum;
        }
        expect(readSum(total, 0, point)).toBe(expected);
        for (const limb of total) expect(Math.abs(limb)).toBeLessThan(2 ** 31);
      },
    ),
    { numRuns: 200 },
  );
});

test("every contribution of a whole run is as long as its shape says, and within its bounds", () => {
  const spec = boostTaskOf({ depth: 5, leavesMax: 9, columnShare: 0.6, positiveWeight: 40 });
  for (const rowsMax of [1000, 10_000_000]) {
    const context = unnoisedContext(spec, schema, 3, rowsMax);
    const members = membersOf(schema, 3, 150);
    const kinds = new Set<string>();
    boosted(context, members, rosterOf(3), (ask) => {
      kinds.add(ask.kind);
      const { dimension, release } = boostTask.shapeOf(context, ask.kind);
      if (release.kind !== "bounded") throw new Error("a run without noise has bounded sums");
      for (const member of members) {
        const vector = boostTask.contribute(context, ask, member, rng("any"));
        expect(vector).toHaveLength(dimension);
        const { magnitudeMax } = release;
        const fits = (value: number): boolean =>
          Number.isInteger(value) && Math.abs(value) <= magnitudeMax;
        expect(vector.every(fits)).toBe(true);
      }
    });
    const planned = boostTask.plannedAsks(context).map(({ kind }) => kind);
    expect([...kinds].every((kind) => planned.includes(kind))).toBe(true);
    expect(kinds).toContain("level3");
  }
});

const STUMP: Tree = [
  { kind: "number", value: 0, feature: 0, left: 1, bin: 7, missingLeft: true },
  { kind: "leaf", value: 0 },
  { kind: "leaf", value: 0 },
];

function inputOf(context: BoostContext, base: number, positiveWeight: number, slots: number[]) {
  const edges = uniformEdges(3, context.spec.model.bins);
  const common = { edges, trees: [], growing: STUMP };
  return encodeInput({ ...common, base: Math.fround(base), positiveWeight, slots });
}

test.each([
  ["level1", [1, 2]],
  ["leaves", []],
])("under noise no unit adds more to %s than its sensitivity, wherever the model stands", (kind, slots) => {
  const unitOf = fc.record({ rows: fc.integer({ min: 1, max: 30 }), seed: fc.string() });
  const margin = fc.oneof(
    fc.double({ min: -6, max: 6, noNaN: true }),
    fc.constantFrom(-1e30, 1e30),
  );
  let largest = 0;
  fc.assert(
    fc.property(
      unitOf,
      margin,
      fc.constantFrom(0.02, 1, 300),
      fc.constantFrom(0.5, 1),
      (unit, base, weight, columnShare) => {
        const context = noisedContext({ columnShare });
        const own = tableOf(schema, 1, () => unit.rows, unit.seed);
        const input = inputOf(context, base, Math.fround(weight), slots);
        const data = { train: own, holdout: tableOf(schema, 0, () => 0) };
        const vector = boostTask.contribute(context, { kind, input }, data, rng("units"));
        const { release } = boostTask.shapeOf(context, kind);
        if (release.kind !== "noised") throw new Error("a run with noise has noised sums");
        const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
        largest = Math.max(largest, norm / release.sensitivity);
        expect(norm).toBeLessThanOrEqual(release.sensitivity * (1 + 1e-12));
      },
    ),
    {
      numRuns: 400,
      // Whatever the row's label: in one of them the model is sure of it, and wrong.
      examples: [1e30, -1e30].map((base) => [{ rows: 1, seed: "sure" }, base, 300, 1]),
    },
  );
  // A row that the model is sure of, and wrong about.
  expect(largest).toBeGreaterThan(0.999);
});

test("under noise every ask of one partition is charged alike", () => {
  const context = noisedContext({ trees: 4, depth: 3 }, { everyTrees: 2 });
  const asks = boostTask.plannedAsks(context);
  expect(asks).toEqual([
    { kind: "level0", partition: "train", count: 4 },
    { kind: "level1", partition: "train", count: 4 },
    { kind: "level2", partition: "train", count: 4 },
    { kind: "leaves", partition: "train", count: 4 },
    { kind: "evaluate", partition: "holdout", count: 2 },
  ]);
  for (const { kind, partition } of asks) {
    const { release } = boostTask.shapeOf(context, kind);
    expect(release).toMatchObject({ kind: "noised", partition });
  }
  const [level, half] = [1, 0.5].map((columnShare) => {
    const { release } = boostTask.shapeOf(noisedContext({ columnShare }), "level0");
    return release.kind === "noised" ? release.sensitivity : 0;
  });
  expect([level, half]).toEqual([Math.sqrt(4), Math.sqrt(2)]);
});

test("an ensemble is learned from noised sums as well, where there is hardly noise", () => {
  const evaluation = { everyTrees: null, bins: 64 };
  const base = noisedContext(
    { trees: 15, depth: 3, learningRate: 0.3, monotone: { f3: 1 } },
    evaluation,
  );
  const context = { ...base, noise: { ...noise, trainMultiplier: 0.01, holdoutMultiplier: 0.01 } };
  const privacy = { epsilon: 1, delta: 1e-5, maxDropouts: 0, maxColluders: 1, ...context.noise };
  const kinds: string[] = [];
  const state = boosted(
    context,
    membersOf(schema, 3, 300),
    { ...rosterOf(3), privacy },
    (ask, next) => {
      kinds.push(ask.kind);
      expect(boostTask.decodeState(context, boostTask.encodeState(next))).toEqual(next);
    },
  );
  expect(state.metrics?.rocAuc).toBeGreaterThan(0.93);
  expect(kinds.slice(0, 4)).toEqual(["level0", "level1", "level2", "leaves"]);
});

test("under noise, too, a split's own value is between its children's: that of its leaves together", () => {
  const base = noisedContext({ trees: 3, depth: 3, l2: 0, minChildWeight: 1 });
  const context = { ...base, noise: { ...noise, trainMultiplier: 0.01, holdoutMultiplier: 0.01 } };
  const privacy = { epsilon: 1, delta: 1e-5, maxDropouts: 0, maxColluders: 1, ...context.noise };
  const members = membersOf(schema, 3, 300);
  const { trees } = boosted(context, members, { ...rosterOf(3), privacy });
  let splits = 0;
  for (const tree of trees)
    for (const node of tree) {
      if (node.kind === "leaf") continue;
      const children = [tree[node.left], tree[node.left + 1]].map((child) => child?.value ?? 0);
      expect(node.value).toBeGreaterThan(Math.min(...children));
      expect(node.value).toBeLessThan(Math.max(...children));
      splits += 1;
    }
  expect(splits).toBeGreaterThan(6);
});

test.each([
  [
    "quantiles under noise",
    noisedContext({ edges: "quantiles" }),
    "level0",
    "cannot open exact grids",
  ],
  [
    "counts under noise",
    noisedContext({ positiveWeight: "balanced" }),
    "level0",
    "cannot open exact counts",
  ],
  ["a monotone category", noisedContext({ monotone: { f2: 1 } }), "level0", '"f2" is a category'],
  [
    "a monotone stranger",
    noisedContext({ monotone: { x: 1 } }),
    "level0",
    '"x" is not in the schema',
  ],
  ["a level below the leaves", noisedContext({ depth: 2 }), "level2", 'never asks for "level2"'],
  ["a start under noise", noisedContext(), "start", 'never asks for "start"'],
])("%s is refused", (_, context, kind, message) => {
  expect(() => boostTask.shapeOf(context, kind)).toThrow(message);
});

test("histograms beyond all measure are refused before anybody works on them", () => {
  const wide = schemaOf(new Array(2000).fill("number"));
  const context = unnoisedContext(boostTaskOf({ bins: 255, depth: 12 }), wide, 3);
  expect(() => boostTask.shapeOf(context, "level11")).toThrow("Use fewer bins");
});

test.each([
  ["no depth", { depth: 0 }],
  ["no trees", { trees: 0 }],
  ["more bins than fit a byte", { bins: 256 }],
  ["one leaf", { leavesMax: 1 }],
  ["a direction of 2", { monotone: { f0: 2 } }],
])("a plan with %s is none", (_, model) => {
  const plan = {
    kind: "boost",
    model: { trees: 3, ...model },
    evaluation: { everyTrees: null, bins: 8 },
  };
  expect(BoostTask.safeParse(plan).success).toBe(false);
});

const DATA: { train: EncodedData; holdout: EncodedData } = {
  train: tableOf(schema, 40, () => 1),
  holdout: tableOf(schema, 10, () => 1),
};
const PLAIN = unnoisedContext(boostTaskOf({}), schema, 3);

test.each([
  ["too short", (input: Float32Array) => input.slice(0, -1), "is cut short"],
  ["too long", (input: Float32Array) => Float32Array.of(...input, 0), "values instead of"],
  [
    "with a weight of zero",
    (input: Float32Array) => input.with(0, 0),
    "weight that is not positive",
  ],
  ["with edges out of order", (input: Float32Array) => input.with(2, 0.9), "not ascending"],
  [
    "with a slot that is no leaf",
    (input: Float32Array) => input.with(input.length - 1, 0),
    "not leaves",
  ],
])("an input that is %s is refused", (_, spoil, message) => {
  const input = inputOf(PLAIN, 0, 1, [1]);
  const contribute = (values: Float32Array): Float64Array =>
    boostTask.contribute(PLAIN, { kind: "level1", input: values }, DATA, rng("x"));
  expect(contribute(input).some((value) => value !== 0)).toBe(true);
  expect(() => contribute(spoil(input))).toThrow(message);
});

test("more slots than a level has, and more rows than the charter allows, are refused", () => {
  const ask = { kind: "level1", input: inputOf(PLAIN, 0, 1, [1, 2]) };
  expect(() => boostTask.contribute(PLAIN, ask, DATA, rng("x"))).toThrow("2 slots; 1 fit");
  const small = { ...PLAIN, rowsMax: 39 };
  expect(() => boostTask.contribute(small, { ...ask, kind: "start" }, DATA, rng("x"))).toThrow(
    "40 rows",
  );
});
