/** Tests of `shared/matching/rows.ts`: rows are recognised and shuffled, whatever memory they lie in. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { concatBytes, toHex, u32le } from "../../../shared/base/bytes.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { cutRows, RowNumbers, shuffleRows } from "../../../shared/matching/rows.ts";

const rng = reproducibleRng("rows");
const rowsOf = (values: readonly number[]): Uint8Array =>
  concatBytes(...values.map((value) => concatBytes(u32le(value), u32le(7), u32le(value >>> 1))));

test("equal rows have one number, in the order in which they first appear", () => {
  const value = fc.integer({ min: 0, max: 40 });
  fc.assert(
    fc.property(fc.array(fc.array(value, { maxLength: 30 }), { maxLength: 5 }), (parts) => {
      const numbers = new RowNumbers(12, 41, rng);
      const order: number[] = [];
      for (const part of parts) {
        for (const one of part) if (!order.includes(one)) order.push(one);
        const found = [...numbers.add(rowsOf(part))];
        expect(found).toEqual(part.map((one) => order.indexOf(one)));
      }
      expect(numbers.count).toBe(order.length);
      expect(toHex(numbers.rows)).toBe(toHex(rowsOf(order)));
    }),
  );
});

test("rows in a part of a larger memory are themselves, and nothing of what is beside them", () => {
  const pool = Buffer.alloc(36 * 3, 9);
  pool.set(rowsOf([1, 2, 1]), 36);
  const numbers = new RowNumbers(12, 3, rng);
  expect([...numbers.add(pool.subarray(36, 72))]).toEqual([0, 1, 0]);
  expect(numbers.count).toBe(2);
});

test("more rows than there is room for are a bug", () => {
  const numbers = new RowNumbers(12, 2, rng);
  numbers.add(rowsOf([1, 2, 2]));
  expect(() => numbers.add(rowsOf([3]))).toThrow("room");
});

test("a shuffle keeps every row, and puts it anywhere", () => {
  const values = Array.from({ length: 50 }, (_, i) => i);
  const shuffled = shuffleRows(rowsOf(values), 12, rng);
  const numbers = new RowNumbers(12, 50, rng);
  numbers.add(rowsOf(values));
  const places = [...numbers.add(shuffled)];
  expect(places.toSorted((a, b) => a - b)).toEqual(values);
  expect(places).not.toEqual(values);
});

test("rows are cut to their first bytes", () => {
  expect([...cutRows(Uint8Array.of(1, 2, 3, 4, 5, 6), 3, 2)]).toEqual([1, 2, 4, 5]);
});
