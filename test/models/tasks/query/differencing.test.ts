/** Answers whose sums, added and subtracted, tell of few customers. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { EncodedData } from "../../../../models/data.ts";
import {
  isolatesFew,
  UnitCounts,
  withoutSmall,
} from "../../../../models/tasks/query/differencing.ts";

const each = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => i);
function rowsAlone(rowCount: number): EncodedData {
  const unitStarts = Uint32Array.from({ length: rowCount + 1 }, (_, i) => i);
  const labels = new Uint8Array(rowCount);
  return { rowCount, numbers: new Float32Array(0), codes: new Uint16Array(0), labels, unitStarts };
}

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

test("a cell that was held back is told by its row's total, though other rows have such cells too", () => {
  // Ten customers in each cell of two by two, and in each row three more in a third that is held back.
  const rows = Array.from({ length: 46 }, (_, n) => (n < 23 ? 0 : 1));
  const cells = Int32Array.from(rows, (row, n) =>
    n % 23 < 10 ? 2 * row : n % 23 < 20 ? 2 * row + 1 : -1,
  );
  expect(isolatesFew(cells, Int32Array.from(rows), each(46), 5)).toBe(true);
  expect(isolatesFew(cells, all(46), each(46), 5)).toBe(false);
});

test("two sets that share few customers, and differ by fewer, are one too many among many such", () => {
  // Three times: a set of 0 to 4, and one of the other question's of 0 to 3 and 5.
  const a = all(100).map((_, row) => (row < 18 && row % 6 < 5 ? 1 + Math.floor(row / 6) : 0));
  const b = all(100).map((_, row) => (row < 18 && row % 6 !== 4 ? 1 + Math.floor(row / 6) : 0));
  expect(isolatesFew(a, b, each(100), 5)).toBe(true);
  expect(isolatesFew(a, b, each(100), 2)).toBe(false);
});

test("bands that begin a little later tell of who is between", () => {
  const bands = (edges: readonly number[]) =>
    Int32Array.from({ length: 60 }, (_, n) => edges.filter((edge) => edge <= n).length);
  expect(isolatesFew(bands([10, 30, 50]), bands([17, 32, 43]), each(60), 5)).toBe(true);
  expect(isolatesFew(bands([10, 30, 50]), bands([17, 37, 43]), each(60), 5)).toBe(false);
});

type Sets = (cell: number) => boolean;
const SETS: readonly Sets[] = Array.from(
  { length: 8 },
  (_, bits) => (cell) => cell >= 0 && ((bits >> cell) & 1) === 1,
);

/** Rows in one question's sets and not in the other's. */
function beyond(a: Int32Array, isOne: Sets, b: Int32Array, isOther: Sets): number {
  return a.reduce((sum, cell, row) => sum + +(isOne(cell) && !isOther(b[row] ?? -1)), 0);
}

/** Of the sums of any sets of both: how many rows the least difference is of. */
function leastDifference(a: Int32Array, b: Int32Array): number {
  const sizes = SETS.flatMap((one) =>
    SETS.map((other) => beyond(a, one, b, other) + beyond(b, other, a, one)),
  );
  return Math.min(...sizes.filter((size) => size > 0));
}

test("what is found is a difference of two answers, and none is missed", () => {
  let found = 0;
  const cells = fc.array(fc.integer({ min: -1, max: 2 }), { minLength: 40, maxLength: 40 });
  const moves = fc.array(fc.integer({ min: 0, max: 39 }), { maxLength: 4 });
  const length = fc.constantFrom(12, 16, 40);
  const all = [cells, moves, cells, fc.boolean(), length] as const;
  const property = fc.property(...all, (one, moved, two, isNear, rows) => {
    const data = { train: rowsAlone(rows), holdout: rowsAlone(0) };
    const other = isNear
      ? one.map((cell, row) => (moved.includes(row) ? (two[row] ?? 0) : cell))
      : two;
    const [a, b] = [one, other].map((sets) =>
      withoutSmall(Int32Array.from(sets.slice(0, rows)), data, 3),
    );
    if (!a || !b) return;
    const isFound = isolatesFew(a, b, each(rows), 3);
    if (isFound) found += 1;
    expect(isFound).toBe(leastDifference(a, b) < 3);
  });
  fc.assert(property, { numRuns: 500, seed: 1 });
  expect(found).toBeGreaterThan(30);
});

test("a unit counts once in each cell, however often its rows alternate", () => {
  const counts = new UnitCounts(2);
  for (const cell of [0, 1, 0, 1, 0]) counts.add(cell, 7);
  counts.add(0, 8);
  expect([...counts.counts]).toEqual([2, 1]);
});
