/** Room for a row count that is not known in advance. Pure. */
import { assert } from "../../shared/base/assert.ts";
import { giveBack } from "../../shared/base/bytes.ts";

const MARKS_FIRST = 1024;
/** Rows of a block: 2 MB of thirty numbers. */
const BLOCK_ROWS = 16_384;

/** A number and a code a column, row-major. */
export interface RowBlock {
  /** Shape [BLOCK_ROWS × numberCount]. */
  readonly numbers: Float32Array;
  /** Shape [BLOCK_ROWS × categoryCount]. */
  readonly codes: Uint16Array;
}

/** Encoded rows as they arrive, in blocks: none is ever copied to grow, and each can be given back once it is read. */
export interface GrowingRows {
  readonly numberCount: number;
  readonly categoryCount: number;
  rowCount: number;
  readonly blocks: RowBlock[];
}

export function growingRows(numberCount: number, categoryCount: number): GrowingRows {
  return { numberCount, categoryCount, rowCount: 0, blocks: [] };
}

/** The block of the next row, and the row's place in it. */
export function nextPlace({ numberCount, categoryCount, rowCount, blocks }: GrowingRows): {
  block: RowBlock;
  at: number;
} {
  const index = Math.floor(rowCount / BLOCK_ROWS);
  const block = blocks[index] ?? {
    numbers: new Float32Array(BLOCK_ROWS * numberCount),
    codes: new Uint16Array(BLOCK_ROWS * categoryCount),
  };
  blocks[index] = block;
  return { block, at: rowCount - index * BLOCK_ROWS };
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
function exchange(
  { blocks, numberCount, categoryCount }: GrowingRows,
  row: number,
  carried: RowBlock,
): void {
  const block = blocks[Math.floor(row / BLOCK_ROWS)];
  assert(block !== undefined, "a row is in a block");
  const at = row % BLOCK_ROWS;
  exchangeCells(block.numbers, at * numberCount, carried.numbers);
  exchangeCells(block.codes, at * categoryCount, carried.codes);
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
  { rowCount, blocks }: GrowingRows,
  take: (block: RowBlock, first: number, count: number) => void,
): void {
  for (const [index, block] of blocks.entries()) {
    const first = index * BLOCK_ROWS;
    take(block, first, Math.min(rowCount - first, BLOCK_ROWS));
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
