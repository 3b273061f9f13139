/** Tests of `shared/privacy/accounting/correlated-noise.ts`. */
import { expect, test } from "vitest";
import {
  prefixSquareRoot,
  rdpTreeAggregation,
} from "../../../../shared/privacy/accounting/correlated-noise.ts";

/** How many nodes of the binary tree over 1 … steps cover the busiest step; nodes end at or before `steps`. */
function depthByCounting(steps: number): number {
  let most = 0;
  for (let step = 1; step <= steps; step++) {
    let nodes = 0;
    for (let width = 1; width <= steps; width *= 2)
      if (Math.ceil(step / width) * width <= steps) nodes += 1;
    most = Math.max(most, nodes);
  }
  return most;
}

test("a record is in as many nodes as the tree is deep", () => {
  for (let steps = 1; steps <= 300; steps++)
    expect(rdpTreeAggregation(1, steps, 1, 2)).toBe(depthByCounting(steps));
});

test("trees over the same records add, and noise counts by its square", () => {
  expect(rdpTreeAggregation(5, 128, 4, 3)).toBeCloseTo((4 * 8 * 3) / 50, 14);
});

test("the factor squared is the matrix of prefix sums", () => {
  const { coefficients: c } = prefixSquareRoot(50, 50);
  for (let k = 0; k < 50; k++) {
    let product = 0;
    for (let j = 0; j <= k; j++) product += (c[j] ?? 0) * (c[k - j] ?? 0);
    expect(product).toBeCloseTo(1, 13);
  }
});

test("its sensitivity and error, far below √n", () => {
  const { sensitivity, maxError, coefficients } = prefixSquareRoot(100, 3);
  expect(coefficients).toEqual([1, 0.5, 0.375]);
  expect(sensitivity).toBeCloseTo(1.5910223482514534, 12);
  expect(maxError).toBeCloseTo(2.5313521126355694, 12);
});
