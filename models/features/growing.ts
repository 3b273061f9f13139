/** Room for a row count that is not known in advance. Pure. */
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

/** Takes all rows in order, and frees each block's memory behind the last of its rows. `rows` cannot be used any more. */
export function drainRows(
  { rowCount, blocks }: GrowingRows,
  take: (block: RowBlock, at: number, row: number) => void,
): void {
  for (const [index, block] of blocks.entries()) {
    const first = index * BLOCK_ROWS;
    const end = Math.min(rowCount, first + BLOCK_ROWS);
    for (let row = first; row < end; row++) take(block, row - first, row);
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
