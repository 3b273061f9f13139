/** Tests of `shared/privacy/accounting/advanced-composition.ts`. */
import { expect, test } from "vitest";
import { advancedComposition } from "../../../../shared/privacy/accounting/advanced-composition.ts";

test("a hundred mechanisms of ε = 0.1", () => {
  const { epsilon, delta } = advancedComposition({ epsilon: 0.1, delta: 1e-8 }, 100, 1e-6);
  const mean = (100 * 0.1 * (Math.exp(0.1) - 1)) / (Math.exp(0.1) + 1);
  expect(epsilon).toBeCloseTo(0.1 * Math.sqrt(200 * Math.log(1e6)) + mean, 13);
  expect(epsilon).toBeLessThan(10);
  expect(delta).toBeCloseTo(2e-6, 18);
});

test("δ is a probability, whatever adds up", () => {
  expect(advancedComposition({ epsilon: 1, delta: 0.5 }, 10, 0.1).delta).toBe(1);
});
