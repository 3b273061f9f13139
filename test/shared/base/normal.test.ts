/** Tests of `shared/base/normal.ts`. */
import { expect, test } from "vitest";
import { normalTail, scaledNormalTail } from "../../../shared/base/normal.ts";

// erfc(x/√2)/2 with 40 digits.
test.each([
  [-6.5, 0.99999999995984],
  [-1.25, 0.8943502263331448],
  [0, 0.5],
  [0.3, 0.3820885778110474],
  [1, 0.15865525393145705],
  [2.75, 0.002979763235054557],
  [6, 9.86587645037698e-10],
  [12.5, 3.732564298877713e-36],
  [25, 3.056696706382561e-138],
  [37, 5.725571222524577e-300],
])("above %d there is %d", (x, expected) => {
  expect(Math.abs(normalTail(x) / expected - 1)).toBeLessThan(1e-15);
});

test("both halves of the line add to 1", () => {
  for (let x = -8; x <= 8; x += 0.37) expect(normalTail(x) + normalTail(-x)).toBeCloseTo(1, 15);
});

test("the scaled tail goes on where the tail underflows, between its classical bounds", () => {
  for (const x of [0.5, 3, 20, 37, 1e3, 1e8]) {
    const scaled = scaledNormalTail(x) * Math.sqrt(2 * Math.PI);
    expect(scaled).toBeLessThanOrEqual(1 / x);
    expect(scaled).toBeGreaterThanOrEqual((x / (1 + x * x)) * (1 - 1e-15));
  }
  expect(normalTail(40)).toBe(0);
});
