/** Tests of `shared/privacy/accounting/calibrate.ts`. */
import { expect, test } from "vitest";
import { z } from "zod";
import { CloisterError } from "../../../../shared/base/errors.ts";
import { calibrateNoiseMultiplier } from "../../../../shared/privacy/accounting/calibrate.ts";
import { sampledGaussian } from "../../../../shared/privacy/accounting/events.ts";
import {
  epsilonAtOrder,
  epsilonOfCurve,
  rdpCurve,
  rdpOfEvent,
} from "../../../../shared/privacy/accounting/rdp.ts";
import { relativeError, vectorsMissing, vectorsOf } from "../vectors.ts";

// Smallest multipliers by 40-digit quadrature and bisection.
test.each([
  [0.01, 10_000, 3, 1e-5, 1.6618560893766698],
  [0.02, 500, 0.5, 1e-6, 4.039236595499642],
])("q = %d, T = %i, ε = %d, δ = %d needs z = %d", (q, roundCount, epsilon, delta, expected) => {
  const found = calibrateNoiseMultiplier({ epsilon, delta, samplingProbability: q, roundCount });
  expect(relativeError(found.noiseMultiplier, expected)).toBeLessThan(1e-6);
  expect(found.epsilon).toBeLessThanOrEqual(epsilon);
  expect(found.epsilon).toBeGreaterThan(epsilon * (1 - 1e-6));
});

test.skipIf(vectorsMissing)("all reference vectors", () => {
  const inputs = z.object({
    sampling_probability: z.number(),
    steps: z.number(),
    epsilon: z.number(),
    delta: z.number(),
  });
  const expected = z.object({ noise_multiplier: z.number() });
  for (const vector of vectorsOf("calibrate_sigma_rdp", inputs, expected)) {
    const { sampling_probability: q, steps: roundCount, epsilon, delta } = vector.inputs;
    const plan = { epsilon, delta, samplingProbability: q, roundCount };
    const { noiseMultiplier } = calibrateNoiseMultiplier(plan);
    const error = relativeError(noiseMultiplier, vector.expected.noise_multiplier);
    expect(error, vector.id).toBeLessThan(1e-6);
    const curve = rdpCurve({
      kind: "selfComposed",
      event: sampledGaussian(q, noiseMultiplier),
      count: roundCount,
    });
    expect(epsilonOfCurve(curve, delta).epsilon).toBeLessThanOrEqual(epsilon);
  }
});

test("at a fixed order the plan just fits, and a millionth less noise does not", () => {
  const plan = { epsilon: 2, delta: 1e-6, samplingProbability: 0.05, roundCount: 400, order: 16 };
  const { noiseMultiplier, order, epsilon } = calibrateNoiseMultiplier(plan);
  expect(order).toBe(16);
  const spent = (noise: number): number =>
    epsilonAtOrder(400 * rdpOfEvent(sampledGaussian(0.05, noise), 16), 1e-6, 16);
  expect(epsilon).toBe(spent(noiseMultiplier));
  expect(epsilon).toBeLessThanOrEqual(2);
  expect(spent(noiseMultiplier * (1 - 1e-6))).toBeGreaterThan(2);
  const best = calibrateNoiseMultiplier({
    epsilon: 2,
    delta: 1e-6,
    samplingProbability: 0.05,
    roundCount: 400,
  });
  expect(best.noiseMultiplier).toBeLessThanOrEqual(noiseMultiplier);
});

test("one release of everything is calibrated too", () => {
  const plan = { epsilon: 1, delta: 1e-6, samplingProbability: 1, roundCount: 1 };
  const { noiseMultiplier } = calibrateNoiseMultiplier(plan);
  // The analytic Gaussian mechanism needs 4.2; Rényi accounting a little more.
  expect(noiseMultiplier).toBeGreaterThan(4.2);
  expect(noiseMultiplier).toBeLessThan(4.9);
});

test("an order too low for the target is said to be so", () => {
  const plan = { epsilon: 1, delta: 1e-6, samplingProbability: 0.01, roundCount: 10, order: 8 };
  expect(() => calibrateNoiseMultiplier(plan)).toThrow(CloisterError);
  expect(() => calibrateNoiseMultiplier(plan)).toThrow(/choose a higher order/);
});
