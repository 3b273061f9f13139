/** Tests of `shared/base/normal.ts`. References: mpmath, 40 digits. */
import { expect, test } from "vitest";
import { logNormalCdf, normalCdf, normalQuantile } from "../../../shared/base/normal.ts";
import { relativeError } from "../privacy/vectors.ts";

test.each([
  [-30, 4.906713927148187e-198, -454.3212439563432],
  [-10, 7.619853024160525e-24, -53.23128515051247],
  [-5, 2.866515718791939e-7, -15.064998393988725],
  [-2, 0.02275013194817921, -3.783184333682032],
  [-1, 0.15865525393145705, -1.8410216450092636],
  [0.5, 0.6914624612740131, -0.3689464152886564],
  [2, 0.9772498680518208, -0.02301290932896349],
])("Φ(%d) and its logarithm", (x, cdf, log) => {
  expect(relativeError(normalCdf(x), cdf)).toBeLessThan(2e-15);
  expect(relativeError(logNormalCdf(x), log)).toBeLessThan(2e-15);
});

test("the logarithm goes on where Φ is below every double", () => {
  expect(normalCdf(-100)).toBe(0);
  expect(relativeError(logNormalCdf(-100), -5005.524208694205)).toBeLessThan(1e-15);
});

test.each([
  [1e-100, -21.273453560965326],
  [1e-9, -5.9978070150076865],
  [0.02, -2.053748910631823],
  [0.3, -0.5244005127080408],
  [0.7, 0.5244005127080408],
])("the quantile at %d", (p, x) => {
  expect(relativeError(normalQuantile(p), x)).toBeLessThan(2e-15);
});

test("quantiles at the ends", () => {
  expect(normalQuantile(0)).toBe(Number.NEGATIVE_INFINITY);
  expect(normalQuantile(1)).toBe(Number.POSITIVE_INFINITY);
  expect(normalQuantile(0.5)).toBeCloseTo(0, 15);
  expect(() => normalQuantile(Number.NaN)).toThrow();
});
