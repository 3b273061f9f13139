/** Sets of rows of which one contains another and little more. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { isolatesFew, UnitCounts } from "../../../models/tasks/differencing.ts";

const each = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => i);
const all = (count: number): Int32Array => new Int32Array(count);

test("all rows, and all but one customer's, are one too many", () => {
  const butOne = all(20).map((_, row) => (row === 3 ? -1 : 0));
  expect(isolatesFew(all(20), butOne, each(20), 5)).toBe(true);
  expect(isolatesFew(butOne, all(20), each(20), 5)).toBe(true);
});

test("a customer with many rows is still one", () => {
  const units = Uint32Array.from({ length: 20 }, (_, row) => (row < 10 ? 0 : row));
  const without = all(20).map((_, row) => (row < 10 ? -1 : 0));
  expect(isolatesFew(all(20), without, units, 5)).toBe(true);
});

test("the same question again, sets far apart and sets that only overlap tell of nobody", () => {
  const halves = all(20).map((_, row) => (row < 10 ? 0 : 1));
  const thirds = all(20).map((_, row) => (row < 7 ? 0 : row < 14 ? 1 : 2));
  expect(isolatesFew(all(20), all(20), each(20), 5)).toBe(false);
  expect(isolatesFew(all(20), halves, each(20), 5)).toBe(false);
  expect(isolatesFew(halves, halves, each(20), 5)).toBe(false);
  // Rows 7 to 9 are told by no two of these sets alone.
  expect(isolatesFew(halves, thirds, each(20), 3)).toBe(false);
});

test("what one question leaves out of all its sets is told by a total", () => {
  const parted = all(20).map((_, row) => (row < 9 ? 0 : row < 18 ? 1 : -1));
  expect(isolatesFew(parted, all(20), each(20), 5)).toBe(true);
  expect(isolatesFew(parted, all(20), each(20), 2)).toBe(false);
});

test("a total tells what the parts of it that were told leave out", () => {
  // Kinds 0 and 1 of fraud, a third of three units held back, and honest rows in the same answer.
  const byKind = all(40).map((_, row) => (row < 8 ? 0 : row < 17 ? 1 : row < 20 ? -1 : 2));
  const frauds = all(40).map((_, row) => (row < 20 ? 0 : 1));
  expect(isolatesFew(byKind, frauds, each(40), 5)).toBe(true);
  expect(isolatesFew(frauds, byKind, each(40), 5)).toBe(true);
  expect(isolatesFew(frauds, byKind, each(40), 3)).toBe(false);
});

test("whenever two sets differ by few units and one contains the other, it is found", () => {
  const cells = fc.array(fc.integer({ min: -1, max: 2 }), { minLength: 24, maxLength: 24 });
  const property = fc.property(cells, cells, (a, b) => {
    const units = each(24).map((row) => row >> 1);
    const setsOf = (sets: number[]): Set<number>[] => {
      const of = (keep: (cell: number) => boolean) =>
        new Set(sets.flatMap((cell, row) => (keep(cell) ? [row] : [])));
      const named = [...new Set(sets.filter((cell) => cell >= 0))];
      return [...named.map((cell) => of((one) => one === cell)), of((one) => one >= 0)];
    };
    const within = (outer: Set<number>, sets: Set<number>[]): Set<number> =>
      new Set(
        sets.filter((set) => [...set].every((row) => outer.has(row))).flatMap((set) => [...set]),
      );
    const differs = (outer: Set<number>, inner: Set<number>): boolean => {
      if (inner.size === 0 || [...inner].some((row) => !outer.has(row))) return false;
      const beyond = new Set([...outer].filter((row) => !inner.has(row)).map((row) => units[row]));
      return beyond.size > 0 && beyond.size < 3;
    };
    const differsFromParts = (outers: Set<number>[], sets: Set<number>[]): boolean =>
      outers.some((outer) => differs(outer, within(outer, sets)));
    const [one, two] = [setsOf(a), setsOf(b)];
    const expected =
      one.some((x) => two.some((y) => differs(x, y) || differs(y, x))) ||
      differsFromParts(one, two) ||
      differsFromParts(two, one);
    expect(isolatesFew(Int32Array.from(a), Int32Array.from(b), units, 3)).toBe(expected);
  });
  fc.assert(property, { numRuns: 300 });
});

test("a unit counts once in each cell, however often its rows alternate", () => {
  const counts = new UnitCounts(2);
  for (const cell of [0, 1, 0, 1, 0]) counts.add(cell, 7);
  counts.add(0, 8);
  expect([...counts.counts]).toEqual([2, 1]);
});
