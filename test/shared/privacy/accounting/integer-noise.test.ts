/** Tests of `shared/privacy/accounting/integer-noise.ts`. */
import { expect, test } from "vitest";
import {
  discreteGaussianSumGap,
  rdpDistributedGaussian,
  rdpPoissonSampled,
  rdpSkellam,
  roundedNorms,
} from "../../../../shared/privacy/accounting/integer-noise.ts";
import { epsilonOfCurve, rdpSampledGaussian } from "../../../../shared/privacy/accounting/rdp.ts";
import { relativeError } from "../vectors.ts";

const ORDERS = [...Array.from({ length: 127 }, (_, i) => i + 2), 256];
const BETA = Math.exp(-0.5);

// google-research/federated, distributed_dp/accounting_utils.py.
test("published code's ε for both noises", () => {
  const gaussian = roundedNorms({ l2Steps: 1000, dimension: 1000, beta: BETA });
  expect(relativeError(gaussian.l2 / 1000, 1.0006327055360027)).toBeLessThan(1e-12);
  const release = { ...gaussian, dimension: 1000, shareStdDev: 500, shares: 10 };
  const curve = Float64Array.from(ORDERS, (a) => 10 * rdpDistributedGaussian(release, a));
  const { epsilon } = epsilonOfCurve(curve, 1e-6, ORDERS);
  expect(relativeError(epsilon, 11.865516484269419)).toBeLessThan(1e-12);

  const skellam = Float64Array.from(ORDERS, (a) => 10 * rdpSkellam(gaussian, 1600 ** 2, a));
  const { epsilon: other } = epsilonOfCurve(skellam, 1e-6, ORDERS);
  expect(relativeError(other, 11.677781890726864)).toBeLessThan(1e-12);
});

test("without conditional rounding a norm grows by √d, and by less with it", () => {
  const plain = roundedNorms({ l2Steps: 100, dimension: 64, beta: 0 });
  expect(plain).toEqual({ l1: 108 * 8, l2: 108 });
  expect(roundedNorms({ l2Steps: 100, dimension: 64, beta: BETA }).l2).toBeLessThan(108);
});

test("a sum of coarse shares costs more than one Gaussian, of fine ones as much", () => {
  expect(discreteGaussianSumGap(0.5, 1)).toBe(0);
  expect(discreteGaussianSumGap(4, 100)).toBeLessThan(1e-60);
  expect(discreteGaussianSumGap(0.3, 3)).toBeCloseTo(
    10 * (Math.exp(-(Math.PI ** 2) * 0.09) + Math.exp((-4 / 3) * Math.PI ** 2 * 0.09)),
    12,
  );
  const at = (shareStdDev: number): number => {
    const release = { l1: 4, l2: 2, dimension: 4, shareStdDev, shares: 4 };
    return rdpDistributedGaussian(release, 3) * shareStdDev ** 2;
  };
  expect(at(0.3)).toBeGreaterThan(1.01 * at(100));
});

test("the general bound for samples is above the exact value for a Gaussian, and close", () => {
  for (const [q, noise] of [
    [0.01, 1.2],
    [0.1, 3],
    [0.5, 2],
  ] as const) {
    for (const order of [2, 3, 8, 32]) {
      const bound = rdpPoissonSampled(q, order, (a) => a / (2 * noise * noise));
      const exact = rdpSampledGaussian(q, noise, order);
      expect(bound).toBeGreaterThanOrEqual(exact * (1 - 1e-12));
      expect(bound).toBeLessThanOrEqual(order / (2 * noise * noise));
      // At order 2 the theorem is exact.
      if (order === 2) expect(relativeError(bound, exact)).toBeLessThan(1e-9);
    }
  }
  expect(rdpPoissonSampled(1, 5, (a) => a / 2)).toBe(2.5);
});
