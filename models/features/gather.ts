/**
 * Rows as they came → the two partitions' arrays, grouped by privacy unit. Rows are first put in order where they are,
 * and then copied in order, so that all of them are never in memory twice. Pure.
 */
import type { EncodedData, OtherColumns, PartitionedData } from "../data.ts";
import { drainRows, type GrowingRows, permuteInPlace } from "./growing.ts";
import type { KeptCells } from "./identifier-cells.ts";

/** A table whose last row has come. */
export interface TakenRows {
  readonly rows: GrowingRows;
  /** Of the schema's `others`; null: it has none. */
  readonly others: GrowingRows | null;
  readonly identifiers: KeptCells | null;
  /** 1 where the unit is held out. One entry a unit. */
  readonly unitSides: readonly number[];
  /** Per row: 4·unit + label. */
  readonly marks: Uint32Array;
}

type Sides<T> = readonly [train: T, holdout: T];

/** Each side's rows, grouped by unit: units and their rows in order of first appearance. The blocks are used up. */
export function gatherSides(taken: TakenRows): PartitionedData {
  const { rows, others, identifiers, marks } = taken;
  const { starts, places } = placesOf(taken);
  const rowCounts = [starts[0].at(-1) ?? 0, starts[1].at(-1) ?? 0] as const;
  const labels = new Uint8Array(rows.rowCount);
  for (let row = 0; row < rows.rowCount; row++) labels[places[row] ?? 0] = (marks[row] ?? 0) & 3;
  const columns = sidesOf(rows, places, rowCounts);
  const other = others && sidesOf(others, places, rowCounts);
  const cells = identifiers?.sides(places, rowCounts);
  const side = (index: 0 | 1): EncodedData => ({
    rowCount: rowCounts[index],
    ...columns[index],
    labels: index === 0 ? labels.slice(0, rowCounts[0]) : labels.slice(rowCounts[0]),
    unitStarts: starts[index],
    ...(other && { others: other[index] }),
    ...(cells && { identifiers: cells[index] }),
  });
  return { train: side(0), holdout: side(1) };
}

/** The blocks are used up. */
function sidesOf(
  rows: GrowingRows,
  places: Uint32Array,
  rowCounts: Sides<number>,
): Sides<OtherColumns> {
  permuteInPlace(rows, places);
  const sides = [columnsFor(rows, rowCounts[0]), columnsFor(rows, rowCounts[1])] as const;
  const { numberCount, categoryCount } = rows;
  const border = rowCounts[0];
  drainRows(rows, (block, first, count) => {
    const inTrain = Math.min(count, Math.max(0, border - first));
    for (const [side, from, to, at] of [
      [sides[0], 0, inTrain, first],
      [sides[1], inTrain, count, first + inTrain - border],
    ] as const) {
      if (from === to) continue;
      side.numbers.set(
        block.numbers.subarray(from * numberCount, to * numberCount),
        at * numberCount,
      );
      side.codes.set(
        block.codes.subarray(from * categoryCount, to * categoryCount),
        at * categoryCount,
      );
    }
  });
  return sides;
}

function columnsFor({ numberCount, categoryCount }: GrowingRows, rowCount: number): OtherColumns {
  return {
    numbers: new Float32Array(rowCount * numberCount),
    codes: new Uint16Array(rowCount * categoryCount),
  };
}

/** @returns Both sides' `unitStarts`, and of every row its place: training rows first, then those held out. */
function placesOf({ rows: { rowCount }, marks, unitSides }: TakenRows): {
  readonly starts: Sides<Uint32Array>;
  readonly places: Uint32Array;
} {
  const counts = new Uint32Array(unitSides.length);
  for (let row = 0; row < rowCount; row++) {
    const unit = (marks[row] ?? 0) >>> 2;
    counts[unit] = (counts[unit] ?? 0) + 1;
  }
  const starts: [number[], number[]] = [[0], [0]];
  const next = new Uint32Array(unitSides.length);
  for (const [unit, side] of unitSides.entries()) {
    const ends = starts[side === 0 ? 0 : 1];
    const total = ends.at(-1) ?? 0;
    next[unit] = total;
    ends.push(total + (counts[unit] ?? 0));
  }
  const trainCount = starts[0].at(-1) ?? 0;
  const places = new Uint32Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    const unit = (marks[row] ?? 0) >>> 2;
    const within = next[unit] ?? 0;
    next[unit] = within + 1;
    places[row] = unitSides[unit] === 0 ? within : trainCount + within;
  }
  return { starts: [Uint32Array.from(starts[0]), Uint32Array.from(starts[1])], places };
}
