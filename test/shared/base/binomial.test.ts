/** Tests of `shared/base/binomial.ts`. References: sums of exact terms with 40 digits. */
import { expect, test } from "vitest";
import {
  type Binomial,
  binomialLowerTail,
  binomialPmf,
  binomialUpperTail,
} from "../../../shared/base/binomial.ts";
import { relativeError } from "../privacy/vectors.ts";

const law = (trials: number, success: number): Binomial => ({
  trials,
  success,
  failure: 1 - success,
});

test.each([
  [100, 0.3, 45, 0.001085746064685437, 0.0005487313155376075],
  [1000, 0.01, 3, 0.9973205680062085, 0.007393222778222845],
  [100_000, 0.5, 51_000, 1.294358019173449e-10, 5.194659209889301e-12],
  [10, 0.9, 10, 0.3486784401000001, 0.3486784401000001],
  [5000, 0.2, 1400, 4.9215062150321736e-42, 1.7654978902816174e-42],
])("%d trials at %d: P(X ≥ %d) and P(X = the same)", (trials, success, k, tail, point) => {
  expect(relativeError(binomialPmf(k, law(trials, success)), point)).toBeLessThan(1e-12);
  expect(relativeError(binomialUpperTail(k, law(trials, success)), tail)).toBeLessThan(1e-12);
});

test("all probabilities make one, and both tails do", () => {
  for (const trials of [0, 1, 7, 300]) {
    for (const success of [0, 1e-9, 0.3, 0.5, 0.999, 1]) {
      let sum = 0;
      for (let k = 0; k <= trials; k++) {
        sum += binomialPmf(k, law(trials, success));
        const rest = binomialUpperTail(k + 1, law(trials, success));
        expect(binomialLowerTail(k, law(trials, success)) + rest).toBeCloseTo(1, 12);
      }
      expect(sum).toBeCloseTo(1, 12);
    }
  }
});

test("outside 0 … n nothing is possible", () => {
  expect(binomialPmf(-1, law(5, 0.5))).toBe(0);
  expect(binomialPmf(6, law(5, 0.5))).toBe(0);
  expect(binomialUpperTail(0, law(5, 0.5))).toBe(1);
  expect(binomialUpperTail(6, law(5, 0.5))).toBe(0);
});
