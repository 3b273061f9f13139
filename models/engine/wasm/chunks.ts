/**
 * Which units share a sum in single precision. A unit's tag leads it down a binary tree whose nodes split only where
 * they hold too many rows: one unit more or less changes its own leaf and no other. Pure.
 */
import type { UnitRows } from "../backend.ts";
import { CHUNK_ROWS } from "./layout.ts";

export interface Chunks {
  /** Indices of units with at least one and at most `CHUNK_ROWS` rows, chunk by chunk; of a chunk, in their own order. */
  readonly order: Uint32Array;
  /** Chunk c is order[ends[c − 1]] … order[ends[c] − 1]. */
  readonly ends: readonly number[];
  /** Of each chunk. */
  readonly rowCounts: readonly number[];
  /** Indices of units with more rows. */
  readonly large: readonly number[];
}

/** The nodes of one level of the tree. */
interface Level {
  /** Bits of a tag that do not tell its node. */
  readonly shift: number;
  /** rowsBefore[n], unitsBefore[n]: what nodes 0 … n − 1 hold. */
  readonly rowsBefore: Int32Array;
  readonly unitsBefore: Int32Array;
}

/** Leaf l is order[starts[l]] …; a node of the level that is itself too large counts as a leaf. */
interface Leaves {
  /** By node of the level. */
  readonly leafOf: Uint16Array;
  readonly starts: number[];
  readonly rowCounts: number[];
}

/**
 * Cuts tagged units into chunks of at most `CHUNK_ROWS` rows: the leaves of the tree of the tags' bits, highest first.
 * A node with more rows is split; units whose tags are equal to the last bit are each alone if they do not fit together.
 *
 * Let a unit u be added. Only nodes on the way of its tag hold it, so only the leaf at the end of that way changes:
 * to itself with u, or, if that exceeds the limit, to leaves that hold its rows and u's, at most twice the limit.
 *
 * Rows are counted by node of one level, whose nodes hold a few each; leaves above it are found from the counts alone.
 * Which level that is makes no difference to any chunk.
 */
export function chunksOf(units: UnitRows): Chunks {
  const { starts, tags } = units;
  const large: number[] = [];
  const level = countUnits(units, large);
  const leaves = leavesOf(level);
  const order = new Uint32Array(level.unitsBefore.at(-1) ?? 0);
  const next = Uint32Array.from(leaves.starts);
  for (let u = 0; u < tags.length; u++) {
    const rows = ((starts[u + 1] ?? 0) - (starts[u] ?? 0)) | 0;
    if (rows === 0 || rows > CHUNK_ROWS) continue;
    const leaf = leaves.leafOf[(tags[u] ?? 0) >>> level.shift] ?? 0;
    const place = next[leaf] ?? 0;
    order[place] = u;
    next[leaf] = place + 1;
  }
  const chunks = { order, ends: [] as number[], rowCounts: [] as number[], large };
  for (const [leaf, rows] of leaves.rowCounts.entries()) {
    const from = leaves.starts[leaf] ?? 0;
    cutInPlace(chunks, from, next[leaf] ?? 0, rows, level.shift - 1, units);
  }
  return chunks;
}

/** Notes units of more rows than a chunk may have in `large`, and counts all others. */
function countUnits({ starts, tags }: UnitRows, large: number[]): Level {
  const rowCount = (starts[tags.length] ?? 0) - (starts[0] ?? 0);
  // Four to eight rows a node.
  const bits = Math.min(16, Math.max(1, 29 - Math.clz32(rowCount)));
  const shift = 32 - bits;
  const rowsBefore = new Int32Array(2 ** bits + 1);
  const unitsBefore = new Int32Array(2 ** bits + 1);
  for (let u = 0; u < tags.length; u++) {
    const rows = ((starts[u + 1] ?? 0) - (starts[u] ?? 0)) | 0;
    const after = ((tags[u] ?? 0) >>> shift) + 1;
    if (rows > CHUNK_ROWS) large.push(u);
    if (rows === 0 || rows > CHUNK_ROWS) continue;
    rowsBefore[after] = (rowsBefore[after] ?? 0) + rows;
    unitsBefore[after] = (unitsBefore[after] ?? 0) + 1;
  }
  for (let n = 1; n < rowsBefore.length; n++) {
    rowsBefore[n] = (rowsBefore[n] ?? 0) + (rowsBefore[n - 1] ?? 0);
    unitsBefore[n] = (unitsBefore[n] ?? 0) + (unitsBefore[n - 1] ?? 0);
  }
  return { shift, rowsBefore, unitsBefore };
}

function leavesOf({ rowsBefore, unitsBefore }: Level): Leaves {
  const leafOf = new Uint16Array(rowsBefore.length - 1);
  const starts: number[] = [];
  const rowCounts: number[] = [];
  const cut = (from: number, to: number): void => {
    const rows = (rowsBefore[to] ?? 0) - (rowsBefore[from] ?? 0);
    if (rows === 0) return;
    if (rows <= CHUNK_ROWS || to - from === 1) {
      for (let n = from; n < to; n++) leafOf[n] = starts.length;
      starts.push(unitsBefore[from] ?? 0);
      rowCounts.push(rows);
      return;
    }
    const middle = (from + to) >>> 1;
    cut(from, middle);
    cut(middle, to);
  };
  cut(0, leafOf.length);
  return { leafOf, starts, rowCounts };
}

/** Notes order[from] … order[to − 1] as a chunk; if it is too large, splits it by the bits from `bit` down. */
function cutInPlace(
  chunks: { readonly order: Uint32Array; readonly ends: number[]; readonly rowCounts: number[] },
  from: number,
  to: number,
  rows: number,
  bit: number,
  units: UnitRows,
): void {
  const { starts, tags } = units;
  const { order, ends, rowCounts } = chunks;
  if (rows <= CHUNK_ROWS) {
    if (to === from) return;
    ends.push(to);
    rowCounts.push(rows);
    return;
  }
  const rowsOf = (unit: number): number => (starts[unit + 1] ?? 0) - (starts[unit] ?? 0);
  const members = [...order.subarray(from, to)];
  const isOne = (unit: number): boolean => (((tags[unit] ?? 0) >>> bit) & 1) === 1;
  const halves = [members.filter((unit) => !isOne(unit)), members.filter(isOne)];
  let at = from;
  for (const part of bit < 0 ? members.map((unit) => [unit]) : halves) {
    order.set(part, at);
    const partRows = part.reduce((sum, unit) => sum + rowsOf(unit), 0);
    cutInPlace(chunks, at, at + part.length, partRows, bit - 1, units);
    at += part.length;
  }
}
