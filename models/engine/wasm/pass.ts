/** The rows that go through the kernel together in a clipped sum: whole chunks. Pure but for its memory. */
import type { UnitRows } from "../backend.ts";
import type { Chunks } from "./chunks.ts";

/** Kept from call to call: to ask for memory takes longer than to fill it. */
export interface Pass {
  /** Row indices into the data; the first `rowCount` are the pass's. */
  readonly rows: Uint32Array;
  rowCount: number;
  /** Its units are those from `firstUnit` to before `endUnit` in the chunks' order. */
  firstUnit: number;
  endUnit: number;
  /** Row of the pass at which each chunk starts, and one more. */
  readonly chunkStarts: number[];
}

export function newPass(rowCapacity: number): Pass {
  const rows = new Uint32Array(rowCapacity);
  return { rows, rowCount: 0, firstUnit: 0, endUnit: 0, chunkStarts: [0] };
}

/** Before the first unit. */
export function restartInPlace(pass: Pass): void {
  pass.endUnit = 0;
  emptyInPlace(pass);
}

/** The next unit follows the last one. */
export function emptyInPlace(pass: Pass): void {
  pass.rowCount = 0;
  pass.firstUnit = pass.endUnit;
  pass.chunkStarts.length = 1;
}

/** Adds the chunk that ends before the unit at `end` in the chunks' order. */
export function addChunkInPlace(
  pass: Pass,
  { rows, starts }: UnitRows,
  { order, isOneEach }: Chunks,
  end: number,
): void {
  let { rowCount } = pass;
  const first = starts[0] ?? 0;
  for (let i = pass.endUnit; i < end; i++) {
    const unit = order[i] ?? 0;
    if (isOneEach) {
      pass.rows[rowCount] = rows[first + unit] ?? 0;
      rowCount += 1;
      continue;
    }
    const rowsEnd = starts[unit + 1] ?? 0;
    for (let r = starts[unit] ?? 0; r < rowsEnd; r++) {
      pass.rows[rowCount] = rows[r] ?? 0;
      rowCount += 1;
    }
  }
  pass.rowCount = rowCount;
  pass.endUnit = end;
  pass.chunkStarts.push(rowCount);
}
