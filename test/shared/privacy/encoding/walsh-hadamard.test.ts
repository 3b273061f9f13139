/** Tests of `shared/privacy/encoding/walsh-hadamard.ts`. */
import { expect, test } from "vitest";
import { InvariantError } from "../../../../shared/base/assert.ts";
import { reproducibleRng } from "../../../../shared/base/reproducible.ts";
import { UniformSource } from "../../../../shared/base/uniform.ts";
import { walshHadamardInPlace } from "../../../../shared/privacy/encoding/walsh-hadamard.ts";

/** Integers, so that every sum is exact. */
function integers(length: number): Float64Array {
  const source = new UniformSource(reproducibleRng(`${length}`));
  return Float64Array.from({ length }, () => source.below(2001) - 1000);
}

/** Row by row: entry (i, j) of H is −1 to the number of ones that i and j have in common. */
function naive(values: Float64Array): Float64Array {
  const ones = (bits: number): number => (bits === 0 ? 0 : (bits & 1) + ones(bits >>> 1));
  const scale = 1 / Math.sqrt(values.length);
  return values.map(
    (_, i) =>
      scale * values.reduce((sum, value, j) => sum + (ones(i & j) % 2 === 0 ? value : -value), 0),
  );
}

test.each([1, 2, 4, 8, 16, 64, 512])("of order %i, it is the product with the matrix", (order) => {
  const values = integers(order);
  const expected = naive(values);
  walshHadamardInPlace(values);
  expect(values).toEqual(expected);
});

// At powers of four the scale is a power of two, and everything is exact.
test.each([1, 4, 2 ** 12, 2 ** 14, 2 ** 16])("twice of order %i, it changes nothing", (order) => {
  const values = integers(order);
  const expected = values.slice();
  walshHadamardInPlace(values);
  expect(values[0]).toBe(expected.reduce((a, b) => a + b, 0) / Math.sqrt(order));
  walshHadamardInPlace(values);
  expect(values).toEqual(expected);
});

test("beyond one tile, single coordinates become the matrix's columns", () => {
  const order = 2 ** 15;
  for (const j of [1, 8191, 8192, 20_000, order - 1]) {
    const values = new Float64Array(order);
    values[j] = 1;
    walshHadamardInPlace(values);
    for (const i of [0, 1, 5000, 8192, 16_384, 12_345, order - 1]) {
      const common = [...(i & j).toString(2)].filter((bit) => bit === "1").length;
      expect(values[i]).toBe((common % 2 === 0 ? 1 : -1) / Math.sqrt(order));
    }
  }
});

test.each([0, 3, 6, 100])("an order of %i is refused", (order) => {
  expect(() => walshHadamardInPlace(new Float64Array(order))).toThrow(InvariantError);
});
