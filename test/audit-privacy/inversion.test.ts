/** A batch of one is read off the gradient without noise, and not with it. */
import { expect, test } from "vitest";
import { inversion } from "./inversion.ts";

test("without noise the one customer in a secure sum is recovered to the sum's rounding", () => {
  const { correlation, worstError } = inversion(null, "test");
  expect(worstError).toBeLessThan(1e-4);
  expect(correlation).toBeGreaterThan(0.999999);
});

test.each([6, 1])("with noise for ε = %d what is recovered is not the customer", (epsilon) => {
  const { correlation, noiseMultiplier } = inversion(epsilon, "test");
  expect(noiseMultiplier).toBeGreaterThanOrEqual(1);
  expect(correlation).toBeLessThan(0.2);
});
