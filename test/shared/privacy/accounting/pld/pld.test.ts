/** Tests of the accountant of privacy loss distributions: values, bounds and extremes. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { repeated, sampledGaussian } from "../../../../../shared/privacy/accounting/events.ts";
import { pldAccountant } from "../../../../../shared/privacy/accounting/pld/accountant.ts";
import { composedLoss } from "../../../../../shared/privacy/accounting/pld/composition.ts";
import { deltaOnCurve } from "../../../../../shared/privacy/accounting/pld/curve.ts";
import { mixtureAdjacency } from "../../../../../shared/privacy/accounting/pld/gaussian-pair.ts";
import { discreteLaplaceAdjacency } from "../../../../../shared/privacy/accounting/pld/noise-pair.ts";
import { relativeError } from "../../vectors.ts";
import {
  deltaOfLosses,
  discreteLaplaceLosses,
  epsilonWhere,
  gaussianDelta,
  sampledGaussianDelta,
} from "../exact.ts";

const afterSteps = (q: number, z: number, steps: number, tolerance?: number) =>
  pldAccountant(tolerance === undefined ? {} : { tolerance }).compose(
    repeated(sampledGaussian(q, z), steps),
  );

// Limits of finer and finer grids of another implementation (Google's dp_accounting), extrapolated.
test.each([
  [0.01, 1.1, 10_000, 1e-5, 5.192583453601503],
  [0.004, 1, 1000, 1e-6, 0.813551830785814],
  [0.25, 1.2, 20, 1e-5, 5.982370648364432],
  [0.0001, 0.8, 1000, 1e-9, 0.15471977467541237],
  [0.01, 4, 3000, 1e-6, 0.5704344139951065],
])("q = %d, z = %d, T = %i at δ = %d costs ε = %d", (q, z, steps, delta, expected) => {
  const epsilon = afterSteps(q, z, steps).getEpsilon(delta);
  // The last digits of an extrapolation are not known.
  expect(epsilon).toBeGreaterThanOrEqual(expected * (1 - 1e-6));
  expect(epsilon).toBeLessThanOrEqual(expected * (1 + 1e-4));
});

test("any grid gives a bound, and a finer one a closer", () => {
  const plans = fc.record({
    q: fc.double({ min: 0.002, max: 0.5, noNaN: true }),
    z: fc.double({ min: 0.7, max: 4, noNaN: true }),
    steps: fc.integer({ min: 1, max: 300 }),
    delta: fc.constantFrom(1e-4, 1e-7, 1e-10),
  });
  fc.assert(
    fc.property(plans, ({ q, z, steps, delta }) => {
      const fine = afterSteps(q, z, steps, 4e-6).getEpsilon(delta);
      if (fine < 1e-3) return;
      for (const tolerance of [3e-1, 1e-2, 1e-3, 2e-5]) {
        const epsilon = afterSteps(q, z, steps, tolerance).getEpsilon(delta);
        expect(epsilon).toBeGreaterThanOrEqual(fine * (1 - 8e-6));
        expect(epsilon).toBeLessThanOrEqual(fine * (1 + 2 * tolerance));
      }
    }),
    { numRuns: 8 },
  );
});

test("one step of a sampled Gaussian is exact between 10^-10 and 1/10, in both orders of neighbours", () => {
  for (const [q, z] of [
    [0.3, 1],
    [0.01, 0.7],
    [0.9, 2],
  ] as const) {
    for (const delta of [1e-3, 1e-6, 1e-10]) {
      const exact = epsilonWhere((epsilon) => sampledGaussianDelta(q, z, epsilon), delta);
      const epsilon = afterSteps(q, z, 1).getEpsilon(delta);
      expect(epsilon).toBeGreaterThanOrEqual(exact * (1 - 1e-12));
      expect(epsilon).toBeLessThanOrEqual(exact * (1 + 5e-5) + 1e-9);
    }
  }
});

test("Gaussian releases of different noise are one, and exact", () => {
  const accountant = pldAccountant()
    .compose(repeated({ kind: "gaussian", noiseMultiplier: 10 }, 20))
    .compose({ kind: "gaussian", noiseMultiplier: 5 })
    .compose(sampledGaussian(1, 5));
  const exact = epsilonWhere((epsilon) => gaussianDelta(1 / Math.sqrt(0.28), 1, epsilon), 1e-8);
  const epsilon = accountant.getEpsilon(1e-8);
  expect(epsilon).toBeGreaterThanOrEqual(exact);
  expect(epsilon).toBeLessThanOrEqual(exact * (1 + 5e-5));
});

test("tilting, folding and the errors of the transform only add: against sums without a transform", () => {
  const [a, sensitivity, count] = [0.3, 2, 30];
  const losses = discreteLaplaceLosses(a, sensitivity, count);
  const { remove } = discreteLaplaceAdjacency(a, sensitivity);
  // The grid is the lattice of losses, so nothing is rounded; the window is much smaller than ±18.
  for (const [tilt, epsilon] of [
    [0, 3],
    [2, 9],
    [6, 13.2],
    [10, 15.6],
  ] as const) {
    const loss = composedLoss({
      pairs: [{ pair: remove, count }],
      cut: { upperMass: 0, lowerMass: 0 },
      step: a,
      tilt,
      tailTilt: tilt + 40,
      first: tilt === 0 ? -64 : 0,
      length: tilt === 0 ? 128 : 64,
    });
    const exact = deltaOfLosses(losses, a, epsilon);
    const point = deltaOnCurve(loss, epsilon);
    expect(point.delta).toBeGreaterThanOrEqual(exact);
    expect(point.delta).toBeLessThanOrEqual(exact * (1 + 1e-5));
    // What is above the exact value is what covers rounding errors.
    expect(point.delta).toBeLessThanOrEqual((exact + 1e-18) * (1 + 2 * point.noiseShare));
  }
});

test("what does not fit into the window is charged, not lost", () => {
  const losses = discreteLaplaceLosses(0.3, 2, 30);
  const { remove } = discreteLaplaceAdjacency(0.3, 2);
  for (const length of [16, 32]) {
    const loss = composedLoss({
      pairs: [{ pair: remove, count: 30 }],
      cut: { upperMass: 0, lowerMass: 0 },
      step: 0.3,
      tilt: 1,
      tailTilt: 3,
      first: 16,
      length,
    });
    expect(deltaOnCurve(loss, 6).delta).toBeGreaterThanOrEqual(deltaOfLosses(losses, 0.3, 6));
  }
});

test("grids keep the masses of both distributions", () => {
  const { remove, add } = mixtureAdjacency([0, 1], [0.98, 0.02], 0.8);
  for (const pair of [remove, add]) {
    for (const upperMass of [1e-30, 1e-3]) {
      const { first, probabilities, infinity } = pair.discretize(1e-3, {
        upperMass,
        lowerMass: 1e-30,
      });
      let [p, q] = [infinity, 0];
      probabilities.forEach((probability, k) => {
        p += probability;
        q += probability * Math.exp(-(first + k) * 1e-3);
      });
      expect(Math.abs(p - 1)).toBeLessThan(1e-13);
      // An infinite loss has no mass under Q.
      expect(q).toBeLessThanOrEqual(1 + 1e-12);
      expect(q).toBeGreaterThan(1 - 1e-12 - upperMass);
      expect(infinity).toBeLessThanOrEqual(upperMass);
    }
  }
});

test("replacing a unit costs what Gaussian noise against twice the clip norm does", () => {
  const replaced = pldAccountant({ neighboringRelation: "replace-one" });
  const epsilon = replaced.compose({ kind: "gaussian", noiseMultiplier: 2 }).getEpsilon(1e-5);
  const exact = epsilonWhere((at) => gaussianDelta(1, 1, at), 1e-5);
  expect(relativeError(epsilon, exact)).toBeLessThan(5e-5);
});

test("a group of one record is a record, and a sample that is never truncated a plain one", () => {
  const plain = afterSteps(0.05, 1, 50).getEpsilon(1e-6);
  const group = repeated(
    {
      kind: "mixtureOfGaussians",
      noiseStdDev: 1,
      sensitivities: [1, 0],
      samplingProbabilities: [0.05, 0.95],
    },
    50,
  );
  expect(relativeError(pldAccountant().compose(group).getEpsilon(1e-6), plain)).toBeLessThan(1e-9);
  const untruncated = repeated(
    {
      kind: "truncatedSubsampledGaussian",
      datasetSize: 100,
      samplingProbability: 0.05,
      truncatedBatchSize: 100,
      noiseMultiplier: 1,
    },
    50,
  );
  const epsilon = pldAccountant().compose(untruncated).getEpsilon(1e-6);
  expect(relativeError(epsilon, plain)).toBeLessThan(1e-9);
});

test("pure guarantees: δ = 0, and ε never above", () => {
  const laplace = repeated({ kind: "laplace", noiseMultiplier: 4 }, 3);
  const accountant = pldAccountant().compose(laplace);
  expect(accountant.getEpsilon(0)).toBe(0.75);
  expect(accountant.getEpsilon(1e-15)).toBeLessThanOrEqual(0.75);
  expect(accountant.getDelta(0.75)).toBe(0);
  expect(afterSteps(0.1, 1, 2).getEpsilon(0)).toBe(Number.POSITIVE_INFINITY);
});

test("extremes stay bounds, and finish", () => {
  // Hardly any noise: the loss is the whole sum's.
  const bare = pldAccountant().compose({ kind: "gaussian", noiseMultiplier: 0.05 });
  const exact = epsilonWhere((epsilon) => gaussianDelta(0.05, 1, epsilon), 1e-6);
  expect(bare.getEpsilon(1e-6)).toBeGreaterThanOrEqual(exact * (1 - 1e-9));
  expect(bare.getEpsilon(1e-6)).toBeLessThan(exact * 1.001);
  // Hardly any loss.
  expect(afterSteps(1e-6, 2, 10).getEpsilon(1e-4)).toBe(0);
  expect(afterSteps(0.5, 1, 100).getDelta(0)).toBeLessThanOrEqual(1);
  expect(afterSteps(0.01, 0.3, 3).getEpsilon(1e-6)).toBeGreaterThan(1);
});

test("of bounded losses δ is close to exact for every number of releases, whichever way the grid rounds", () => {
  for (let count = 10; count <= 40; count += 1) {
    const exact = deltaOfLosses(discreteLaplaceLosses(0.1, 2, count), 0.1, 0.5);
    const event = { kind: "discreteLaplace", noiseParameter: 0.1, sensitivity: 2 } as const;
    const delta = pldAccountant().compose(repeated(event, count)).getDelta(0.5);
    expect(delta, `${count} releases`).toBeGreaterThanOrEqual(exact * (1 - 1e-9));
    expect(delta, `${count} releases`).toBeLessThanOrEqual(exact * (1 + 1e-3));
  }
});
