/** Tests of `shared/base/binomial.ts`. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { binomialProbability, binomialTail } from "../../../shared/base/binomial.ts";

// 40 digits.
test.each([
  [150, 9999, 0.01, 1.6483885055875098e-6],
  [130, 1999, 0.05, 0.0017453501028872947],
  [3, 20, 0.5, 0.9997987747192383],
  [60, 1000, 0.1, 0.9999975414686313],
  [990, 1000, 0.9, 1.450898832178329e-32],
  [900, 1000, 0.9, 0.5265990812951661],
])("%i or more of %i at %d: %d", (from, count, probability, expected) => {
  expect(Math.abs(binomialTail(from, count, probability) / expected - 1)).toBeLessThan(1e-11);
});

test("the tail is the sum of what it is made of", () => {
  const params = fc.record({
    count: fc.integer({ min: 1, max: 60 }),
    probability: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(params, ({ count, probability, share }) => {
      const from = Math.round(share * count);
      let sum = 0;
      for (let k = count; k >= from; k--) sum += binomialProbability(k, count, probability);
      expect(Math.abs(binomialTail(from, count, probability) - sum)).toBeLessThan(
        1e-12 * (sum + 1e-3),
      );
    }),
  );
});

test("ends of the range", () => {
  expect(binomialTail(0, 10, 0.3)).toBe(1);
  expect(binomialTail(11, 10, 0.3)).toBe(0);
  expect(binomialTail(10, 10, 1)).toBe(1);
  expect(binomialProbability(3, 10, 1)).toBe(0);
});
