/** Tests of `shared/privacy/accounting/probabilities.ts`: closed forms against plain sums over the integers. */
import { expect, test } from "vitest";
import {
  discreteGaussianDelta,
  discreteGaussianProbability,
  discreteGaussianVariance,
  discreteLaplaceProbability,
  discreteLaplaceVariance,
} from "../../../../shared/privacy/accounting/probabilities.ts";
import { relativeError } from "../vectors.ts";

const REACH = 400;
const around = (summand: (n: number) => number): number => {
  let sum = 0;
  for (let n = -REACH; n <= REACH; n++) sum += summand(n);
  return sum;
};

test.each([0.01, 0.3, 0.4999, 0.5001, 1, 10, 900])("discrete Gaussian, σ² = %d", (squared) => {
  const weight = (n: number): number => Math.exp((-n * n) / (2 * squared));
  const total = around(weight);
  for (const n of [0, 1, -3, 20]) {
    const expected = weight(n) / total;
    expect(Math.abs(discreteGaussianProbability(n, squared) - expected)).toBeLessThan(1e-15);
  }
  const variance = around((n) => (n * n * weight(n)) / total);
  expect(relativeError(discreteGaussianVariance(squared), variance)).toBeLessThan(1e-12);
  for (const [sensitivity, epsilon] of [
    [1, 0.5],
    [3, 0],
    [2, 4],
  ] as const) {
    const plain = around((n) =>
      Math.max(0, weight(n) / total - Math.exp(epsilon) * (weight(n - sensitivity) / total)),
    );
    const delta = discreteGaussianDelta(squared, sensitivity, epsilon);
    expect(Math.abs(delta - plain)).toBeLessThan(1e-14);
  }
});

// mpmath, 40 digits.
test("δ of the discrete Gaussian against an independent sum", () => {
  expect(relativeError(discreteGaussianDelta(1, 1, 1), 0.14135133940562192)).toBeLessThan(1e-13);
  expect(relativeError(discreteGaussianDelta(25, 3, 1), 0.018933321627558928)).toBeLessThan(1e-13);
  expect(relativeError(discreteGaussianDelta(0.25, 1, 4), 0.09230744739171304)).toBeLessThan(1e-13);
});

test("a sensitivity beyond all noise hides nothing, at once", () => {
  expect(discreteGaussianDelta(1, 1e12, 1)).toBe(1);
  expect(discreteGaussianDelta(1, 1, 1000)).toBe(0);
});

test.each([0.1, 1, 20])("discrete Laplace, scale %d", (scale) => {
  const p = (n: number): number => discreteLaplaceProbability(n, scale);
  expect(around(p)).toBeCloseTo(1, 7);
  expect(p(3) / p(2)).toBeCloseTo(Math.exp(-1 / scale), 13);
  expect(
    relativeError(
      discreteLaplaceVariance(scale),
      around((n) => n * n * p(n)),
    ),
  ).toBeLessThan(1e-5);
});
