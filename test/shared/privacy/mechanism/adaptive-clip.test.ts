/** Tests of `shared/privacy/mechanism/adaptive-clip.ts`. */
import { expect, test } from "vitest";
import { updateNoiseMultiplier } from "../../../../shared/privacy/mechanism/adaptive-clip.ts";

test("update and count together cost what one Gaussian does", () => {
  expect(updateNoiseMultiplier(2, 3)).toBeCloseTo(2.121320343559643, 14);
  for (const [z, count] of [
    [1, 5],
    [0.5, 0.3],
  ] as const) {
    const update = updateNoiseMultiplier(z, count);
    // A unit moves the centred count by a half; Rényi divergences add.
    expect(1 / update ** 2 + 0.25 / count ** 2).toBeCloseTo(1 / z ** 2, 12);
  }
});

test("a count with too little noise is refused, and says how much it needs", () => {
  expect(() => updateNoiseMultiplier(2, 1)).toThrow("the count needs more than 1");
});
