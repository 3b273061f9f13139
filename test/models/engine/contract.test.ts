/** What every engine owes: the definition's outputs and gradients, exact norms, and a bound that always holds. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { architectureOf } from "../../../models/engine/architecture.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { rng, type ShortFeature, schemaOf, tableOf, unevenScaling } from "../fixtures.ts";
import { allUnits, ENGINES, largestDifference, rowsOfUnit, unitsOf } from "./backends.ts";
import { explicitGradient, explicitLogit, explicitLoss } from "./explicit.ts";

const everything: ShortFeature[] = [
  "number",
  "missing",
  { onehot: 3 },
  { embedding: 2 },
  { onehot: 2 },
];
const kinds: [string, ShortFeature[], number[], "relu" | "tanh"][] = [
  ["logistic regression on everything", everything, [], "relu"],
  ["one hidden layer on everything", everything, [5], "tanh"],
  ["two hidden layers on everything", [...everything, { embedding: 4 }], [6, 3], "tanh"],
  ["three wide layers", everything, [19, 16, 9], "tanh"],
  ["relu on everything", everything, [7, 4], "relu"],
  ["numbers only", ["number", "number", "number"], [4], "tanh"],
  ["one-hot categories only", [{ onehot: 3 }, { onehot: 2 }], [4], "tanh"],
  ["one-hot categories only, logistic", [{ onehot: 3 }, { onehot: 2 }], [], "relu"],
  ["embedded categories only", [{ embedding: 3 }], [4], "relu"],
  ["embedded categories only, logistic", [{ embedding: 3 }, { embedding: 2 }], [], "relu"],
];

describe.each(ENGINES)("$name", ({ open, tolerance }) => {
  /** Finite differences themselves are good to about 10⁻⁹. */
  const numericTolerance = Math.max(tolerance, 1e-8);

  function setup(
    features: ShortFeature[],
    hidden: number[],
    activation: "relu" | "tanh",
    rowsOf: (unit: number) => number = (u) => 1 + (u % 4),
  ) {
    const schema = schemaOf(features);
    const architecture = architectureOf(schema, { hidden, activation, seed: "a" });
    const source = new UniformSource(rng("params"));
    // Single-precision numbers, so that no engine rounds them first.
    const params = Float64Array.from({ length: architecture.paramCount }, () =>
      Math.fround(0.6 * source.normal()),
    );
    const scaling = unevenScaling(architecture.numberCount);
    const data = tableOf(schema, 12, rowsOf);
    return { schema, architecture, params, scaling, data, backend: open(architecture) };
  }

  test.each(
    kinds,
  )("%s: logits, mean loss and gradient are those of the definition", (_, ...kind) => {
    const { architecture, params, scaling, data, backend } = setup(...kind);
    const rows = [3, 0, 7, 7, 11];
    const explicit = Array.from({ length: data.rowCount }, (_, row) =>
      explicitLogit(architecture, params, scaling, data, row),
    );
    expect(largestDifference(backend.logits(params, scaling, data), explicit)).toBeLessThan(2e-6);
    const scores = explicit.map((z) => 1 / (1 + Math.exp(-z)));
    expect(largestDifference(backend.scores(params, scaling, data), scores)).toBeLessThan(1e-6);
    const { gradient, loss } = backend.meanGradient(params, scaling, data, Uint32Array.from(rows));
    const expected = explicitLoss(architecture, params, scaling, data, rows);
    expect(Math.abs(loss - expected)).toBeLessThan(tolerance);
    const numeric = explicitGradient(architecture, params, scaling, data, rows);
    expect(largestDifference(gradient, numeric)).toBeLessThan(numericTolerance);
    expect(Math.hypot(...numeric)).toBeGreaterThan(1e-3);
  });

  test.each(
    kinds,
  )("%s: ghost norms, losses and the clipped sum are the explicit ones", (_, ...kind) => {
    const { architecture, params, scaling, data, backend } = setup(...kind);
    const clipNorm = 0.6;
    const sum = new Float64Array(architecture.paramCount);
    const norms: number[] = [];
    for (let u = 0; u + 1 < data.unitStarts.length; u++) {
      const gradient = explicitGradient(architecture, params, scaling, data, rowsOfUnit(data, u));
      const norm = Math.hypot(...gradient);
      norms.push(norm);
      const factor = Math.min(1, clipNorm / norm);
      for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + factor * (gradient[i] ?? 0);
    }
    const fast = backend.clippedGradientSum(params, scaling, data, allUnits(data), clipNorm);
    expect(largestDifference(fast.norms, norms)).toBeLessThan(numericTolerance);
    // Twelve units, each shrunk by at most two parts in a million.
    expect(largestDifference(fast.gradient, sum)).toBeLessThan(2 * numericTolerance);
    for (const [u, loss] of fast.losses.entries()) {
      const expected = explicitLoss(architecture, params, scaling, data, rowsOfUnit(data, u));
      expect(Math.abs(loss - expected)).toBeLessThan(tolerance);
    }
    expect(norms.some((norm) => norm > clipNorm)).toBe(true);
  });

  test.each(
    kinds,
  )("%s: units of 1 to 16 rows and of 70, norms as of their mean gradients", (_, ...kind) => {
    const rowsOf = (u: number): number =>
      u === 11 ? 70 : ([1, 2, 3, 5, 8, 16, 1, 4, 7, 15, 1][u] ?? 0);
    const { architecture, params, scaling, data, backend } = setup(...kind, rowsOf);
    const fast = backend.clippedGradientSum(params, scaling, data, allUnits(data), 1e6);
    const sum = new Float64Array(architecture.paramCount);
    for (let u = 0; u < 12; u++) {
      const rows = Uint32Array.from(rowsOfUnit(data, u));
      const { gradient, loss } = backend.meanGradient(params, scaling, data, rows);
      // What is added for safety grows with the square of the rows.
      const norm = fast.norms[u] ?? Number.NaN;
      const room = tolerance + 1e-13 * rows.length ** 2;
      expect(Math.abs(norm - Math.hypot(...gradient))).toBeLessThan(room);
      expect(Math.abs((fast.losses[u] ?? 0) - loss)).toBeLessThan(tolerance);
      for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (gradient[i] ?? 0);
    }
    expect(largestDifference(fast.gradient, sum)).toBeLessThan(2 * tolerance);
  });

  test("one engine's result is equal to the last bit from call to call and object to object", () => {
    const { schema, params, scaling, architecture, backend } = setup(everything, [6, 3], "relu");
    const data = tableOf(schema, 301, (u) => (u % 50 === 7 ? 70 : u % 9));
    const units = allUnits(data);
    const first = backend.clippedGradientSum(params, scaling, data, units, 0.3);
    const rows = units.rows.subarray(5, 160);
    const mean = backend.meanGradient(params, scaling, data, rows);
    const { architecture: other, params: otherParams } = setup(["number"], [40], "tanh");
    open(other).scores(
      otherParams,
      unevenScaling(1),
      tableOf(schemaOf(["number"]), 9, () => 1),
    );
    expect(open(architecture).clippedGradientSum(params, scaling, data, units, 0.3)).toEqual(first);
    expect(backend.meanGradient(params, scaling, data, rows)).toEqual(mean);
  });

  test("a sum is the sum of its units taken alone, each within the clip norm", () => {
    const { schema, params, scaling, architecture, backend } = setup(everything, [6, 3], "relu");
    const data = tableOf(schema, 301, (u) => (u % 50 === 7 ? 70 : u % 9));
    const whole = backend.clippedGradientSum(params, scaling, data, allUnits(data), 0.3);
    const parts = new Float64Array(architecture.paramCount);
    for (let u = 0; u < 301; u++) {
      const rows = rowsOfUnit(data, u);
      const units = unitsOf(rows, [0, rows.length]);
      const one = backend.clippedGradientSum(params, scaling, data, units, 0.3);
      expect(Math.hypot(...one.gradient)).toBeLessThanOrEqual(0.3);
      expect(Math.abs((one.norms[0] ?? 0) - (whole.norms[u] ?? 0))).toBeLessThan(1e-9);
      for (let i = 0; i < parts.length; i++) parts[i] = (parts[i] ?? 0) + (one.gradient[i] ?? 0);
    }
    expect(largestDifference(whole.gradient, parts)).toBeLessThan(Math.max(1e-10, tolerance));
  });

  const wild = fc.oneof(
    fc.constantFrom(
      0,
      1,
      -1,
      1e30,
      -1e38,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      3e-39,
      1e-23,
      1e17,
    ),
    fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  );

  test("no unit moves the sum by more than the clip norm, whatever its rows and the parameters", () => {
    const { schema, architecture, backend } = setup(everything, [4, 3], "relu");
    const data = tableOf(schema, 3, () => 2);
    const bounded = fc.property(
      fc.array(wild, { minLength: 4, maxLength: 4 }),
      fc.array(wild, { minLength: 1, maxLength: 9 }),
      fc.double({ min: 1e-6, max: 100, noNaN: true }),
      fc.integer({ min: 1, max: 2 }),
      (numbers, weights, clipNorm, rows) => {
        const params = Float32Array.from(
          { length: architecture.paramCount },
          (_, i) => weights[i % weights.length] ?? 0,
        );
        const bad = { ...data, numbers: data.numbers.slice() };
        bad.numbers.set(numbers, 4);
        const units = unitsOf([2, 3].slice(0, rows), [0, rows]);
        const { gradient, losses } = backend.clippedGradientSum(
          params,
          unevenScaling(2),
          bad,
          units,
          clipNorm,
        );
        expect(Math.hypot(...gradient)).toBeLessThanOrEqual(clipNorm);
        expect(Number.isFinite(losses[0])).toBe(true);
      },
    );
    fc.assert(bounded, { numRuns: 400, seed: 1 });
  });

  test.each([
    Number.POSITIVE_INFINITY,
    3.4e38,
  ])("a unit with an input of %d contributes at most the clip norm and leaves the others as they are", (huge) => {
    const features: ShortFeature[] = ["number", { embedding: 2 }];
    const { schema, params, scaling, backend } = setup(features, [4], "relu");
    const data = tableOf(schema, 4, () => 2);
    const broken = { ...data, numbers: data.numbers.slice() };
    broken.numbers[3] = huge;
    const { gradient, losses } = backend.clippedGradientSum(
      params,
      scaling,
      broken,
      allUnits(data),
      1,
    );
    const others = unitsOf([0, 1, 4, 5, 6, 7], [0, 2, 4, 6]);
    const expected = backend.clippedGradientSum(params, scaling, data, others, 1);
    const moved = gradient.map((x, i) => x - (expected.gradient[i] ?? 0));
    expect(Math.hypot(...moved)).toBeLessThanOrEqual(1 + tolerance);
    if (huge === Number.POSITIVE_INFINITY) {
      expect(losses[1]).toBe(0);
      expect(Math.hypot(...moved)).toBeLessThan(tolerance);
    }
  });

  test("a unit whose loss alone overflows is left out: no gradient, no loss, and no norm", () => {
    const { schema, architecture, scaling, backend } = setup(["number", "number"], [], "relu");
    const table = tableOf(schema, 1, () => 1);
    // Two products that single precision holds, and a sum that it does not.
    const data = { ...table, numbers: Float32Array.of(1, 1), labels: Uint8Array.of(0) };
    const params = new Float32Array(architecture.paramCount).fill(3e38, 0, 2);
    scaling.set([0, 0, 1, 1]);
    const { gradient, losses, norms } = backend.clippedGradientSum(
      params,
      scaling,
      data,
      allUnits(data),
      1,
    );
    if (backend.name === "plain") return expect(Number.isFinite(norms[0])).toBe(true);
    expect([losses[0], norms[0]]).toEqual([0, Number.NaN]);
    expect(gradient).toEqual(new Float64Array(architecture.paramCount));
  });

  test("no rows and one row are data like any other", () => {
    const { schema, architecture, params, scaling, backend } = setup(everything, [4], "relu");
    const empty = tableOf(schema, 0, () => 0);
    const none = backend.clippedGradientSum(params, scaling, empty, allUnits(empty), 1);
    expect(none.gradient).toEqual(new Float64Array(architecture.paramCount));
    const nothing = backend.meanGradient(params, scaling, empty, new Uint32Array(0));
    expect(nothing).toEqual({ gradient: new Float64Array(architecture.paramCount), loss: 0 });
    expect(backend.logits(params, scaling, empty)).toHaveLength(0);
    const one = tableOf(schema, 1, () => 1);
    const { loss } = backend.meanGradient(params, scaling, one, Uint32Array.of(0));
    const expected = explicitLoss(architecture, params, scaling, one, [0]);
    expect(Math.abs(loss - expected)).toBeLessThan(tolerance);
    const hollow = backend.clippedGradientSum(params, scaling, one, unitsOf([0], [0, 0, 1, 1]), 1);
    expect([hollow.norms[0], hollow.losses[0], hollow.norms[2]]).toEqual([0, 0, 0]);
    expect(hollow.losses[1]).toBeCloseTo(expected, 5);
  });
});
