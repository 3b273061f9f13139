/** Tests of `shared/privacy/accounting/without-replacement.ts`. */
import { expect, test } from "vitest";
import { epsilonOfCurve, RDP_ORDERS } from "../../../../shared/privacy/accounting/rdp.ts";
import { rdpFixedSizeCurve } from "../../../../shared/privacy/accounting/without-replacement.ts";
import { relativeError } from "../vectors.ts";

// Google's dp_accounting 0.6.0.
test.each([
  [10_000, 100, 1, 1000, 1e-5, 3.576111482350549],
  [2000, 200, 3, 100, 1e-6, 3.59174009611967],
  [284_807, 2048, 1.5, 700, 1e-6, 1.388789180803903],
])("%d records, %d of them, noise %d, %d steps at δ = %d", (...numbers) => {
  const [dataSize, sampleSize, noiseMultiplier, steps, delta, expected] = numbers;
  const curve = rdpFixedSizeCurve({ dataSize, sampleSize, noiseMultiplier }, RDP_ORDERS);
  const { epsilon } = epsilonOfCurve(
    curve.map((rdp) => steps * rdp),
    delta,
  );
  expect(relativeError(epsilon, expected)).toBeLessThan(1e-10);
});

/** At order 4 the theorem's sum has three terms; forward differences are exact enough there. */
test("order 4 by hand: the moments as differences of e^(k(k−1)/2z²)", () => {
  const [q, z] = [0.05, 1.3];
  const f = (k: number): number => Math.exp((k * (k - 1)) / (2 * z * z));
  const m2 = f(2) - 2 * f(1) + f(0);
  const m4 = f(4) - 4 * f(3) + 6 * f(2) - 4 * f(1) + f(0);
  const [b2, b3, b4] = [
    Math.min(4 * m2, 2 * f(2)),
    Math.min(4 * Math.sqrt(m2 * m4), 2 * f(3)),
    Math.min(4 * m4, 2 * f(4)),
  ];
  const expected = Math.log1p(6 * q ** 2 * b2 + 4 * q ** 3 * b3 + q ** 4 * b4) / 3;
  const release = { dataSize: 1000, sampleSize: 50, noiseMultiplier: z };
  expect(relativeError(rdpFixedSizeCurve(release, [4])[0] ?? 0, expected)).toBeLessThan(1e-12);
});

test("a sample of all records is no sample, and a smaller one costs less", () => {
  const at = (sampleSize: number): number =>
    rdpFixedSizeCurve({ dataSize: 1000, sampleSize, noiseMultiplier: 2 }, [6.5])[0] ?? 0;
  expect(at(1000)).toBe(6.5 / 8);
  expect(at(10)).toBeLessThan(at(100));
  expect(at(100)).toBeLessThan(at(1000));
});

test("moments neither cancel nor overflow, from much noise to little", () => {
  for (const noiseMultiplier of [0.05, 0.3, 30, 1000]) {
    const release = { dataSize: 100_000, sampleSize: 100, noiseMultiplier };
    const curve = rdpFixedSizeCurve(release, [1.5, 2, 16, 63, 256, 1024]);
    let last = 0;
    for (const rdp of curve) {
      expect(rdp).toBeGreaterThanOrEqual(last);
      expect(rdp).toBeLessThan(Number.POSITIVE_INFINITY);
      last = rdp;
    }
  }
});
