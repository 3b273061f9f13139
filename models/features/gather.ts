/** Rows as they came → the two partitions' arrays, grouped by privacy unit. Pure. */
import type { EncodedData, OtherColumns, PartitionedData } from "../data.ts";
import { drainRows, type GrowingRows } from "./growing.ts";
import type { KeptCells, Placed } from "./identifier-cells.ts";

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

/** Each side's rows, grouped by unit: units and their rows in order of first appearance. The blocks are used up. */
export function gatherSides({
  rows,
  others,
  identifiers,
  marks,
  unitSides,
}: TakenRows): PartitionedData {
  const { starts, next } = unitOffsets(rows, marks, unitSides);
  const places = new Uint32Array(others || identifiers ? rows.rowCount : 0);
  const [train, holdout] = [sideFor(rows, starts[0]), sideFor(rows, starts[1])];
  const sideOf = (row: number): 0 | 1 => (unitSides[(marks[row] ?? 0) >>> 2] === 0 ? 0 : 1);
  drainRows(rows, (block, at, row) => {
    const mark = marks[row] ?? 0;
    const unit = mark >>> 2;
    const side = sideOf(row) === 0 ? train : holdout;
    const to = next[unit] ?? 0;
    next[unit] = to + 1;
    places[row] = to;
    side.labels[to] = mark & 3;
    copyBlockRow(rows, block, at, side, to);
  });
  const placed = { places, sideOf, rowCounts: [train.rowCount, holdout.rowCount] } as const;
  const more = [othersOf(others, placed), identifiers?.sides(placed)] as const;
  return { train: withMore(train, 0, more), holdout: withMore(holdout, 1, more) };
}

/** The sides of what no model reads, where there is any. */
function withMore(
  data: EncodedData,
  side: 0 | 1,
  [others, identifiers]: readonly [
    readonly [OtherColumns, OtherColumns] | undefined,
    ReturnType<KeptCells["sides"]> | undefined,
  ],
): EncodedData {
  return {
    ...data,
    ...(others && { others: others[side] }),
    ...(identifiers && { identifiers: identifiers[side] }),
  };
}

function othersOf(
  others: GrowingRows | null,
  { places, sideOf, rowCounts }: Placed,
): readonly [OtherColumns, OtherColumns] | undefined {
  if (others === null) return undefined;
  const sides = [columnsFor(others, rowCounts[0]), columnsFor(others, rowCounts[1])] as const;
  drainRows(others, (block, at, row) =>
    copyBlockRow(others, block, at, sides[sideOf(row)], places[row] ?? 0),
  );
  return sides;
}

function columnsFor({ numberCount, categoryCount }: GrowingRows, rowCount: number): OtherColumns {
  return {
    numbers: new Float32Array(rowCount * numberCount),
    codes: new Uint16Array(rowCount * categoryCount),
  };
}

function sideFor(rows: GrowingRows, unitStarts: Uint32Array): EncodedData {
  const rowCount = unitStarts[unitStarts.length - 1] ?? 0;
  const labels = new Uint8Array(rowCount);
  return { rowCount, ...columnsFor(rows, rowCount), labels, unitStarts };
}

/** @returns Both sides' `unitStarts`, and for every unit where on its side its next row goes. */
function unitOffsets(
  { rowCount }: GrowingRows,
  marks: Uint32Array,
  unitSides: readonly number[],
): { starts: readonly [Uint32Array, Uint32Array]; next: Uint32Array } {
  const counts = new Uint32Array(unitSides.length);
  for (let row = 0; row < rowCount; row++) {
    const unit = (marks[row] ?? 0) >>> 2;
    counts[unit] = (counts[unit] ?? 0) + 1;
  }
  const starts: [number[], number[]] = [[0], [0]];
  const next = new Uint32Array(unitSides.length);
  for (const [unit, side] of unitSides.entries()) {
    const ends = starts[side === 0 ? 0 : 1];
    const total = ends[ends.length - 1] ?? 0;
    next[unit] = total;
    ends.push(total + (counts[unit] ?? 0));
  }
  return { starts: [Uint32Array.from(starts[0]), Uint32Array.from(starts[1])], next };
}

function copyBlockRow(
  { numberCount, categoryCount }: GrowingRows,
  block: OtherColumns,
  at: number,
  into: OtherColumns,
  to: number,
): void {
  copyRow(block.numbers, at, into.numbers, to, numberCount);
  copyRow(block.codes, at, into.codes, to, categoryCount);
}

function copyRow(
  source: Float32Array | Uint16Array,
  from: number,
  target: Float32Array | Uint16Array,
  to: number,
  width: number,
): void {
  for (let i = 0; i < width; i++) target[to * width + i] = source[from * width + i] ?? 0;
}
