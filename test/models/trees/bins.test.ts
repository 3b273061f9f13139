/** Bins: edges from bounds and from grids, and which bin a value falls into. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { EncodedData } from "../../../models/data.ts";
import {
  addToGridInPlace,
  binRows,
  checkEdges,
  featureBins,
  GRID_CELLS,
  quantileEdges,
  uniformEdges,
} from "../../../models/trees/bins.ts";
import { schemaOf } from "../fixtures.ts";

function numbersOf(values: readonly number[]): EncodedData {
  const rowCount = values.length;
  const labels = new Uint8Array(rowCount);
  const unitStarts = Uint32Array.from({ length: rowCount + 1 }, (_, i) => i);
  const numbers = Float32Array.from(values);
  return { rowCount, numbers, codes: new Uint16Array(0), labels, unitStarts };
}

/** Bins of one column of numbers that may be missing. */
function binsOf(values: readonly number[], edges: Float32Array, bins: number): number[] {
  const layout = featureBins(schemaOf(["missing"]), bins);
  return [...(binRows(numbersOf(values), layout, edges, bins).words[0] ?? [])];
}

function gridEdges(values: readonly number[], bins: number): Float32Array {
  const counts = new Float64Array(GRID_CELLS);
  addToGridInPlace(counts, numbersOf(values), 1);
  return quantileEdges(counts, 1, bins);
}

test("equal steps: a value on an edge is below it, and missing has a bin of its own", () => {
  const edges = uniformEdges(1, 4);
  expect([...edges]).toEqual([-0.5, 0, 0.5]);
  const values = [-1, -0.5, -0.4999, 0, 0.1, 0.5, 0.51, 1, Number.NaN];
  expect(binsOf(values, edges, 4)).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4]);
});

test("the bin of a value is the count of edges below it", () => {
  const unit = fc.float({ min: -1, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(unit, { minLength: 1 }),
      fc.integer({ min: 2, max: 255 }),
      (values, bins) => {
        for (const edges of [uniformEdges(1, bins), gridEdges(values, bins)]) {
          checkEdges(edges, 1, bins);
          const naive = values.map((value) => edges.filter((edge) => edge < value).length);
          expect(binsOf(values, edges, bins)).toEqual(naive);
        }
      },
    ),
  );
});

test("values of few kinds get a bin each, however uneven their counts", () => {
  const kinds = [-1, -0.97, 0, 0.25, 1];
  const values = kinds.flatMap((value, i) => new Array<number>(10 ** i).fill(value));
  const bins = binsOf(kinds, gridEdges(values, 8), 8);
  expect(bins).toEqual([0, 1, 2, 3, 4]);
});

test("a value on a line of the grid is told from the next above it", () => {
  for (const line of [-0.5, 0, 1 - 2 / GRID_CELLS]) {
    const values = [line, line + 1 / GRID_CELLS];
    expect(binsOf(values, gridEdges(values, 4), 4)).toEqual([0, 1]);
  }
  expect(binsOf([-1, 1], gridEdges([-1, 1], 4), 4)).toEqual([0, 1]);
});

test("quantiles share rows out evenly, and a frequent value has its own bin", () => {
  const even = Array.from({ length: 6000 }, (_, i) => i / 3000 - 1);
  const spread = even.map((x) => x * Math.abs(x));
  const counts = countsOf(binsOf(spread, gridEdges(spread, 10), 10), 10);
  for (const count of counts) expect(Math.abs(count - 600)).toBeLessThan(120);
  const heavy = [...spread, ...new Array<number>(9000).fill(0.3)];
  const bins = binsOf(heavy, gridEdges(heavy, 10), 10);
  const own = bins.at(-1) ?? -1;
  // Cells are 1/2048 wide: few others share the frequent value's.
  expect(bins.filter((bin) => bin === own).length).toBeLessThan(9700);
});

function countsOf(bins: readonly number[], length: number): number[] {
  return Array.from({ length }, (_, bin) => bins.filter((own) => own === bin).length);
}

test("nothing in the grid gives edges that part nothing", () => {
  const edges = quantileEdges(new Float64Array(GRID_CELLS), 1, 5);
  expect(binsOf([-1, 0, 1], edges, 5)).toEqual([0, 0, 0]);
});

test("codes are bins; those beyond a byte share the bin of anything else", () => {
  const layout = featureBins(schemaOf([{ onehot: 300 }, { onehot: 3 }]), 16);
  expect(layout.map(({ binCount }) => binCount)).toEqual([256, 4]);
  const data = {
    ...numbersOf([]),
    rowCount: 4,
    codes: Uint16Array.of(255, 0, 256, 1, 300, 2, 7, 3),
  };
  const [words = new Uint32Array(0)] = binRows(data, layout, new Float32Array(0), 16).words;
  expect([...words].map((word) => [word & 255, (word >> 8) & 255])).toEqual([
    [255, 0],
    [0, 1],
    [0, 2],
    [7, 3],
  ]);
});

test.each([
  ["descending", [0.5, 0.25, 1]],
  ["not a number", [0, Number.NaN, 1]],
  ["infinite", [0, 0.5, Infinity]],
])("edges that are %s are refused", (_, edges) => {
  expect(() => checkEdges(Float32Array.from(edges), 1, 4)).toThrow("not ascending");
});
