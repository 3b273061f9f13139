/** Tests of `shared/privacy/accounting/pld/fft.ts`. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { InvariantError } from "../../../../../shared/base/assert.ts";
import {
  fftPlan,
  inverseRealFftInPlace,
  realFft,
} from "../../../../../shared/privacy/accounting/pld/fft.ts";

const signal = fc.integer({ min: 2, max: 8 }).chain((log) =>
  fc.array(fc.double({ min: -1, max: 1, noNaN: true }), {
    minLength: 2 ** log,
    maxLength: 2 ** log,
  }),
);

test("equals the sum that defines it", () => {
  fc.assert(
    fc.property(signal, (values) => {
      const n = values.length;
      const { re, im } = realFft(fftPlan(n), Float64Array.from(values));
      for (let k = 0; k <= n / 2; k++) {
        let [sumRe, sumIm] = [0, 0];
        values.forEach((value, j) => {
          const angle = (2 * Math.PI * ((j * k) % n)) / n;
          sumRe += value * Math.cos(angle);
          sumIm -= value * Math.sin(angle);
        });
        expect(Math.abs((re[k] ?? Number.NaN) - sumRe)).toBeLessThan(1e-12);
        expect(Math.abs((im[k] ?? Number.NaN) - sumIm)).toBeLessThan(1e-12);
      }
    }),
    { numRuns: 40 },
  );
});

test("the inverse undoes it", () => {
  fc.assert(
    fc.property(signal, (values) => {
      const plan = fftPlan(values.length);
      const back = inverseRealFftInPlace(plan, realFft(plan, Float64Array.from(values)));
      values.forEach((value, j) => {
        expect(Math.abs((back[j] ?? Number.NaN) - value)).toBeLessThan(1e-14);
      });
    }),
  );
});

test("rounding errors stay within the bound that is charged for them", () => {
  // A large atom and a broad rest, as in a tilted loss: the worst of both for an absolute bound.
  const n = 2 ** 16;
  const x = Float64Array.from({ length: n }, (_, j) => Math.exp(-((j / 4000) ** 2)));
  x[7] = 3000;
  const total = x.reduce((sum, value) => sum + value, 0);
  const plan = fftPlan(n);
  const back = inverseRealFftInPlace(plan, realFft(plan, x));
  const worst = back.reduce((max, value, j) => Math.max(max, Math.abs(value - (x[j] ?? 0))), 0);
  expect(worst / total).toBeLessThan(2 * 4.3 * 2 ** -53 * 17);
});

test.each([0, 2, 12, 2.5])("a length of %d is a bug", (length) => {
  expect(() => fftPlan(length)).toThrow(InvariantError);
});
