/** Tests of `shared/privacy/accounting/gaussian.ts`. References: mpmath, 40 digits. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { InvariantError } from "../../../../shared/base/assert.ts";
import { gaussianDelta, gaussianSigma } from "../../../../shared/privacy/accounting/gaussian.ts";
import { relativeError } from "../vectors.ts";

test.each([
  [1, 1, 0.12693673750664394],
  [2, 0.5, 0.05244032328766966],
  [4, 1, 2.924272104856407e-6],
  [1, 5, 5.793721691919494e-7],
])("σ = %d has at ε = %d exactly this δ: %d", (sigma, epsilon, delta) => {
  expect(relativeError(gaussianDelta(sigma, epsilon), delta)).toBeLessThan(1e-12);
});

test.each([
  [1, 1e-5, 3.730631634815942],
  [8, 1e-7, 0.702113318738565],
])("(%d, %d) needs σ = %d, less than the classic formula's", (epsilon, delta, sigma) => {
  const least = gaussianSigma(epsilon, delta);
  expect(relativeError(least, sigma)).toBeLessThan(1e-12);
  expect(least).toBeLessThan(Math.sqrt(2 * Math.log(1.25 / delta)) / epsilon);
});

test("the least σ keeps δ, and a little less does not", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.01, max: 20, noNaN: true }),
      fc.double({ min: -30, max: -0.5, noNaN: true }),
      (epsilon, logDelta) => {
        const delta = Math.exp(logDelta);
        const sigma = gaussianSigma(epsilon, delta);
        expect(gaussianDelta(sigma, epsilon)).toBeLessThanOrEqual(delta);
        expect(gaussianDelta(sigma * (1 - 1e-9), epsilon)).toBeGreaterThan(delta);
      },
    ),
  );
});

test("at ε = 0, δ is the total variation distance: 2Φ(1/2σ) − 1", () => {
  expect(gaussianDelta(0.5, 0)).toBeCloseTo(0.6826894921370859, 14);
});

test("what is no Gaussian is refused", () => {
  for (const sigma of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
    expect(() => gaussianDelta(sigma, 1)).toThrow(InvariantError);
  for (const delta of [0, 1, Number.NaN])
    expect(() => gaussianSigma(1, delta)).toThrow(InvariantError);
});
