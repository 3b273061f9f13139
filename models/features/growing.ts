/** Room for a row count that is not known in advance. Pure. */
import { assert } from "../../shared/base/assert.ts";
import { giveBack } from "../../shared/base/bytes.ts";

const MARKS_FIRST = 1024;
/** Rows of the first block: most tables need no other. */
const FIRST_ROWS = 16_384;
/** Bytes of the others' numbers or codes. Memory in so large a piece is the operating system's again once it is given back. */
const BLOCK_BYTES = 33 * 2 ** 20;

/** A number and a code a column, row-major. */
export interface RowBlock {
  /** Shape [rows of the block × numberCount]. */
  readonly numbers: Float32Array;
  /** Shape [rows of the block × categoryCount]. */
  readonly codes: Uint16Array;
}

/** Encoded rows as they arrive, in blocks: none is ever copied to grow, and each can be given back once it is read. */
export interface GrowingRows {
  readonly numberCount: number;
  readonly categoryCount: number;
  /** Rows of every block but the first. */
  readonly blockRows: number;
  rowCount: number;
  readonly blocks: RowBlock[];
}

export function growingRows(
  numberCount: number,
  categoryCount: number,
  blockBytes = BLOCK_BYTES,
): GrowingRows {
  const rowBytes = Math.max(4 * numberCount, 2 * categoryCount, 1);
  const blockRows = Math.max(FIRST_ROWS, Math.ceil(blockBytes / rowBytes));
  return { numberCount, categoryCount, blockRows, rowCount: 0, blocks: [] };
}

/** Where a row is: in which block, and there at which place. */
function placeOf({ blockRows }: GrowingRows, row: number): readonly [index: number, at: number] {
  if (row < FIRST_ROWS) return [0, row];
  const index = 1 + Math.floor((row - FIRST_ROWS) / blockRows);
  return [index, row - firstOf(blockRows, index)];
}

/** The first row of a block. */
const firstOf = (blockRows: number, index: number): number =>
  index === 0 ? 0 : FIRST_ROWS + (index - 1) * blockRows;

/** The block of the next row, and the row's place in it. */
export function nextPlace(rows: GrowingRows): { block: RowBlock; at: number } {
  const { numberCount, categoryCount, rowCount, blocks, blockRows } = rows;
  const [index, at] = placeOf(rows, rowCount);
  const length = index === 0 ? FIRST_ROWS : blockRows;
  const block = blocks[index] ?? {
    numbers: new Float32Array(length * numberCount),
    codes: new Uint16Array(length * categoryCount),
  };
  blocks[index] = block;
  return { block, at };
}

/**
 * Moves every row to its place, without a second copy of them all.
 *
 * @param places A permutation: where each row goes. Shape [rowCount].
 */
export function permuteInPlace(rows: GrowingRows, places: Uint32Array): void {
  const { rowCount, numberCount, categoryCount } = rows;
  const hasMoved = new Uint8Array(Math.ceil(rowCount / 8));
  const carried: RowBlock = {
    numbers: new Float32Array(numberCount),
    codes: new Uint16Array(categoryCount),
  };
  for (let first = 0; first < rowCount; first++) {
    if (((hasMoved[first >>> 3] ?? 0) >>> (first & 7)) & 1) continue;
    // Around the cycle: each row takes the place of the one that is carried on, until the first is filled again.
    exchange(rows, first, carried);
    for (let row = first; ; ) {
      row = places[row] ?? 0;
      exchange(rows, row, carried);
      hasMoved[row >>> 3] = (hasMoved[row >>> 3] ?? 0) | (1 << (row & 7));
      if (row === first) break;
    }
  }
}

/** The row that was carried stays, and the one that was there is carried. */
function exchange(rows: GrowingRows, row: number, carried: RowBlock): void {
  const [index, at] = placeOf(rows, row);
  const block = rows.blocks[index];
  assert(block !== undefined, "a row is in a block");
  exchangeCells(block.numbers, at * rows.numberCount, carried.numbers);
  exchangeCells(block.codes, at * rows.categoryCount, carried.codes);
}

function exchangeCells(
  cells: Float32Array | Uint16Array,
  from: number,
  carried: Float32Array | Uint16Array,
): void {
  for (let i = 0; i < carried.length; i++) {
    const kept = cells[from + i] ?? 0;
    cells[from + i] = carried[i] ?? 0;
    carried[i] = kept;
  }
}

/** Takes all rows in order, block by block, and frees each block's memory behind it. `rows` cannot be used any more. */
export function drainRows(
  { rowCount, blocks, blockRows }: GrowingRows,
  take: (block: RowBlock, first: number, count: number) => void,
): void {
  for (const [index, block] of blocks.entries()) {
    const first = firstOf(blockRows, index);
    take(block, first, Math.min(rowCount, firstOf(blockRows, index + 1)) - first);
    giveBack(block.numbers);
    giveBack(block.codes);
  }
}

/** @returns `values`, or a longer copy that has an element `index`. */
export function withRoomFor(values: Uint32Array, index: number): Uint32Array {
  if (index < values.length) return values;
  const longer = new Uint32Array(Math.max(MARKS_FIRST, Math.ceil(values.length * 1.5), index + 1));
  longer.set(values);
  return longer;
}
