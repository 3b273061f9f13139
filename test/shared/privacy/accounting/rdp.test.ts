/** Tests of `shared/privacy/accounting/rdp.ts`. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { InvariantError } from "../../../../shared/base/assert.ts";
import { CloisterError } from "../../../../shared/base/errors.ts";
import { type DpEvent, sampledGaussian } from "../../../../shared/privacy/accounting/events.ts";
import {
  deltaOfCurve,
  epsilonAtOrder,
  epsilonOfCurve,
  RDP_ORDERS,
  rdpCurve,
  rdpOfEvent,
  rdpSampledGaussian,
} from "../../../../shared/privacy/accounting/rdp.ts";
import { relativeError, vectorsMissing, vectorsOf } from "../vectors.ts";

const repeated = (q: number, noiseMultiplier: number, count: number): DpEvent => ({
  kind: "selfComposed",
  event: sampledGaussian(q, noiseMultiplier),
  count,
});

// Quadrature with 40 digits, independent of this code.
test.each([
  [0.01, 1.1, 2, 0.00012851008160516184],
  [0.01, 1.1, 32, 8.469416433675928],
  [0.01, 1.1, 4.7, 0.00031778807182194704],
  [0.001, 0.6, 1.1, 7.866425388275458e-6],
  [0.1, 0.8, 1.3, 0.019027914367859586],
  [0.25, 4, 63, 0.6307033418355091],
  [1, 2.5, 7.5, 0.6],
])("q = %d, z = %d at order %d has divergence %d", (q, noise, order, expected) => {
  expect(relativeError(rdpSampledGaussian(q, noise, order), expected)).toBeLessThan(1e-12);
});

test("ε of published settings: Opacus' and TensorFlow Privacy's own test values", () => {
  const opacus = epsilonOfCurve(rdpCurve(repeated(0.04, 1.5, 2250)), 1e-5);
  expect(opacus.epsilon).toBeCloseTo(7.32911117143, 9);
  expect(opacus.order).toBe(3.9);
  const tfPrivacy = epsilonOfCurve(rdpCurve(repeated(0.0025, 1.3, 6000)), 1e-5);
  expect(tfPrivacy.epsilon).toBeCloseTo(0.7242234026109595, 9);
});

describe.skipIf(vectorsMissing)("against all reference vectors", () => {
  const sampled = { sampling_probability: z.number(), noise_multiplier: z.number() };

  test("divergence at an order", () => {
    const expected = z.object({ rdp: z.number() });
    const inputs = z.object({ ...sampled, order: z.number() });
    for (const vector of vectorsOf("rdp_order", inputs, expected)) {
      const { sampling_probability: q, noise_multiplier: noise, order } = vector.inputs;
      const error = relativeError(rdpSampledGaussian(q, noise, order), vector.expected.rdp);
      expect(error, vector.id).toBeLessThan(1e-12);
    }
  });

  test("ε of repeated releases, never above the reference library's", () => {
    const inputs = z.object({ ...sampled, steps: z.number(), delta: z.number() });
    const expected = z.object({
      epsilon: z.number(),
      optimal_order: z.number(),
      google_epsilon: z.number(),
    });
    for (const vector of vectorsOf("rdp_poisson_epsilon", inputs, expected)) {
      const { sampling_probability: q, noise_multiplier: noise, steps, delta } = vector.inputs;
      const best = epsilonOfCurve(rdpCurve(repeated(q, noise, steps)), delta);
      expect(relativeError(best.epsilon, vector.expected.epsilon), vector.id).toBeLessThan(1e-12);
      expect(best.order).toBe(vector.expected.optimal_order);
      expect(best.epsilon).toBeLessThanOrEqual(vector.expected.google_epsilon * (1 + 1e-6));
    }
  });

  test("δ of repeated releases", () => {
    const inputs = z.object({ ...sampled, steps: z.number(), epsilon: z.number() });
    const expected = z.object({ delta: z.number() });
    for (const vector of vectorsOf("rdp_poisson_delta", inputs, expected)) {
      const { sampling_probability: q, noise_multiplier: noise, steps, epsilon } = vector.inputs;
      const delta = deltaOfCurve(rdpCurve(repeated(q, noise, steps)), epsilon);
      expect(relativeError(delta, vector.expected.delta), vector.id).toBeLessThan(1e-9);
    }
  });

  test("compositions of Gaussian releases", () => {
    const mechanism = z.object({
      type: z.string(),
      sampling_probability: z.number().optional(),
      noise_multiplier: z.number().optional(),
      count: z.number(),
    });
    const inputs = z.object({ mechanisms: z.array(mechanism), delta: z.number() });
    const vectors = vectorsOf("composition_epsilon", inputs, z.object({ epsilon_rdp: z.number() }));
    const gaussian = vectors.filter(({ inputs: { mechanisms } }) =>
      mechanisms.every(({ type }) => type !== "laplace"),
    );
    expect(gaussian.length).toBeGreaterThan(0);
    for (const vector of gaussian) {
      const events = vector.inputs.mechanisms.map((part) => ({
        kind: "selfComposed" as const,
        event: sampledGaussian(part.sampling_probability ?? 1, part.noise_multiplier ?? 0),
        count: part.count,
      }));
      const curve = rdpCurve({ kind: "composed", events });
      const { epsilon } = epsilonOfCurve(curve, vector.inputs.delta);
      expect(relativeError(epsilon, vector.expected.epsilon_rdp), vector.id).toBeLessThan(1e-6);
    }
  });

  test("published values", () => {
    const inputs = z.object({
      ...sampled,
      steps: z.number(),
      delta: z.number(),
      accountant: z.string(),
    });
    for (const vector of vectorsOf("published", inputs, z.object({ recomputed: z.number() }))) {
      if (vector.inputs.accountant !== "rdp") continue;
      const { sampling_probability: q, noise_multiplier: noise, steps, delta } = vector.inputs;
      const { epsilon } = epsilonOfCurve(rdpCurve(repeated(q, noise, steps)), delta);
      expect(relativeError(epsilon, vector.expected.recomputed), vector.id).toBeLessThan(1e-6);
    }
  });
});

/** ln Σ_k C(α, k)(1 − q)^(α − k) q^k e^((k² − k)/2z²)/(α − 1): the closed form at whole orders. */
function binomialRdp(q: number, noise: number, order: number): number {
  const logs: number[] = [];
  let logChoose = 0;
  for (let k = 0; k <= order; k++) {
    const logProbability = k * Math.log(q) + (order - k) * Math.log1p(-q);
    logs.push(logChoose + logProbability + (k * k - k) / (2 * noise * noise));
    logChoose += Math.log((order - k) / (k + 1));
  }
  const largest = Math.max(...logs);
  const sum = logs.reduce((total, log) => total + Math.exp(log - largest), 0);
  return (largest + Math.log(sum)) / (order - 1);
}

test("at whole orders the quadrature equals the binomial sum, overflow or not", () => {
  const params = fc.record({
    q: fc.double({ min: 1e-4, max: 0.999, noNaN: true }),
    noise: fc.double({ min: 0.13, max: 20, noNaN: true }),
    order: fc.oneof(fc.integer({ min: 2, max: 64 }), fc.constantFrom(256, 1024)),
  });
  fc.assert(
    fc.property(params, ({ q, noise, order }) => {
      const expected = binomialRdp(q, noise, order);
      const actual = rdpSampledGaussian(q, noise, order);
      // The sum itself cancels to about 10^-13.
      expect(Math.abs(actual - expected)).toBeLessThan(1e-11 * expected + 1e-12);
    }),
    { numRuns: 200 },
  );
});

test("tiny sampling probabilities keep their leading term, q²(e^(1/z²) − 1)α/2", () => {
  for (const order of [1.5, 8, 33.3]) {
    const leading = (1e-16 * Math.expm1(1 / 4) * order) / 2;
    expect(relativeError(rdpSampledGaussian(1e-8, 2, order), leading)).toBeLessThan(1e-5);
  }
  // Where the bound on the exponent is large and the moment small.
  const small = rdpSampledGaussian(1e-30, 1, 40);
  expect(relativeError(small, 20e-60 * Math.expm1(1))).toBeLessThan(1e-9);
});

test("divergence grows with sampling and order, falls with noise, and stays below the unsampled", () => {
  const params = fc.record({
    q: fc.double({ min: 1e-6, max: 0.9, noNaN: true }),
    noise: fc.double({ min: 0.05, max: 50, noNaN: true }),
    order: fc.double({ min: 1.01, max: 70, noNaN: true }),
  });
  fc.assert(
    fc.property(params, ({ q, noise, order }) => {
      const rdp = rdpSampledGaussian(q, noise, order);
      expect(rdp).toBeGreaterThan(0);
      expect(rdp).toBeLessThanOrEqual(order / (2 * noise * noise));
      const slack = 1 + 1e-12;
      expect(rdp).toBeLessThanOrEqual(rdpSampledGaussian(q * 1.1, noise, order) * slack);
      expect(rdp).toBeLessThanOrEqual(rdpSampledGaussian(q, noise, order * 1.1) * slack);
      expect(rdp).toBeGreaterThanOrEqual(rdpSampledGaussian(q, noise * 1.1, order) / slack);
    }),
    { numRuns: 200 },
  );
});

test("events compose by addition", () => {
  const once = rdpOfEvent(sampledGaussian(0.1, 2), 8);
  expect(rdpOfEvent(repeated(0.1, 2, 50), 8)).toBeCloseTo(50 * once, 12);
  const both: DpEvent = {
    kind: "composed",
    events: [sampledGaussian(0.1, 2), { kind: "gaussian", noiseMultiplier: 5 }],
  };
  expect(rdpOfEvent(both, 8)).toBeCloseTo(once + 8 / 50, 12);
  expect(rdpOfEvent({ kind: "composed", events: [] }, 8)).toBe(0);
});

test("an event of an unknown kind has no divergence, not even zero", () => {
  const unknown: DpEvent = JSON.parse('{"kind":"staircase","scale":1}');
  expect(() => rdpOfEvent(unknown, 8)).toThrow(CloisterError);
});

test("nothing spent is ε = 0 by the total variation short-cut, and one order alone does not know it", () => {
  expect(epsilonOfCurve(new Float64Array(RDP_ORDERS.length), 1e-6).epsilon).toBe(0);
  expect(epsilonAtOrder(0, 1e-6, 8)).toBeGreaterThan(1);
});

test("δ and ε conversions undo each other", () => {
  const curve = rdpCurve(repeated(0.05, 1.5, 100));
  const { epsilon } = epsilonOfCurve(curve, 1e-6);
  expect(relativeError(deltaOfCurve(curve, epsilon), 1e-6)).toBeLessThan(1e-9);
});

test.each([
  [0, 1, 2],
  [1.1, 1, 2],
  [Number.NaN, 1, 2],
  [0.5, 0, 2],
  [0.5, Number.NaN, 2],
  [0.5, 1, 1],
  [0.5, 1, Number.POSITIVE_INFINITY],
])("q = %d, z = %d, order %d is a bug", (q, noise, order) => {
  expect(() => rdpSampledGaussian(q, noise, order)).toThrow(InvariantError);
});
