/** Tests of `shared/privacy/selection/threshold.ts`: the probability that a lone unit's key is named. */
import { expect, test } from "vitest";
import { normalCdf } from "../../../../shared/base/normal.ts";
import { gaussianDelta } from "../../../../shared/privacy/accounting/gaussian.ts";
import {
  gaussianThreshold,
  laplaceThreshold,
} from "../../../../shared/privacy/selection/threshold.ts";
import { relativeError } from "../vectors.ts";

test.each([1, 3, 9])("with %d partitions the whole chance is δ", (maxPartitionsContributed) => {
  for (const delta of [1e-9, 1e-5, 0.4, 0.9]) {
    const contribution = { maxPartitionsContributed, maxContributionsPerPartition: 2 };
    const gaussian = gaussianThreshold(contribution, 0.5, 1e-7, delta);
    const one = normalCdf((2 - gaussian.threshold) / gaussian.noise);
    const all = -Math.expm1(maxPartitionsContributed * Math.log1p(-one));
    expect(relativeError(all, delta)).toBeLessThan(1e-9);
    const l2 = 2 * Math.sqrt(maxPartitionsContributed);
    expect(relativeError(gaussianDelta(gaussian.noise / l2, 0.5), 1e-7)).toBeLessThan(1e-9);

    const laplace = laplaceThreshold(contribution, 0.5, delta);
    expect(laplace.noise).toBe(4 * maxPartitionsContributed);
    const distance = (laplace.threshold - 2) / laplace.noise;
    const named = distance >= 0 ? 0.5 * Math.exp(-distance) : 1 - 0.5 * Math.exp(distance);
    const any = -Math.expm1(maxPartitionsContributed * Math.log1p(-named));
    expect(relativeError(any, delta)).toBeLessThan(1e-9);
  }
});

test("published formulas' values", () => {
  const one = { maxPartitionsContributed: 1, maxContributionsPerPartition: 1 };
  expect(laplaceThreshold(one, 1, 1e-6).threshold).toBeCloseTo(14.122363377404328, 11);
  expect(gaussianThreshold(one, 1, 1e-6, 1e-6).threshold).toBeCloseTo(21.081691329497108, 11);
});
