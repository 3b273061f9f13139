/** Tests of `shared/privacy/mechanism/clip.ts`. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { InvariantError } from "../../../../shared/base/assert.ts";
import { clipFactor, clipInPlace, l2Norm } from "../../../../shared/privacy/mechanism/clip.ts";

const bound = fc.double({ min: 1e-6, max: 1e6, noNaN: true });
const finite = fc.double({ min: -1e9, max: 1e9, noNaN: true });

test("a norm is the root of the sum of squares", () => {
  expect(l2Norm(Float64Array.of(3, -4, 12))).toBe(13);
  expect(l2Norm(new Float32Array(0))).toBe(0);
});

test("a clipped vector never exceeds the bound, whatever its entries, in float32 and float64", () => {
  const anything = fc.array(fc.double(), { maxLength: 40 });
  fc.assert(
    fc.property(anything, bound, (entries, limit) => {
      for (const values of [Float64Array.from(entries), Float32Array.from(entries)]) {
        clipInPlace(values, limit);
        expect(l2Norm(values)).toBeLessThanOrEqual(limit);
      }
    }),
    { numRuns: 500 },
  );
});

test("clipping keeps the direction and returns the norm before", () => {
  fc.assert(
    fc.property(fc.array(finite, { minLength: 1, maxLength: 20 }), bound, (entries, limit) => {
      const values = Float64Array.from(entries);
      const norm = l2Norm(values);
      expect(clipInPlace(values, limit)).toBe(norm);
      const factor = clipFactor(norm, limit);
      expect([...values]).toEqual(entries.map((entry) => entry * factor));
    }),
  );
});

test("a vector well within the bound is left alone", () => {
  const values = Float64Array.of(0.6, 0.7);
  expect(clipInPlace(values, 1)).toBeCloseTo(Math.sqrt(0.85), 12);
  expect([...values]).toEqual([0.6, 0.7]);
});

test.each([
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  1e200,
])("one entry of %d makes the whole vector zero", (bad) => {
  const values = Float64Array.of(0.1, bad, 0.2);
  expect(Number.isFinite(clipInPlace(values, 1))).toBe(false);
  expect([...values]).toEqual([0, 0, 0]);
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])("a bound of %d is a bug", (limit) => {
  expect(() => clipInPlace(Float64Array.of(1), limit)).toThrow(InvariantError);
});
