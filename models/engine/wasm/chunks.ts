/**
 * Which units share a sum in single precision. A unit's tag leads it down a binary tree whose nodes split only where
 * they hold too many rows: one unit more or less changes its own leaf and no other. Pure.
 */
import type { UnitRows } from "../backend.ts";
import { countNodesInPlace, type NodeCounts, placeInPlace } from "./counting.ts";
import { CHUNK_ROWS } from "./layout.ts";

export interface Chunks {
  /**
   * Indices of units with at least one and at most `CHUNK_ROWS` rows, chunk by chunk; of a chunk, in their own order.
   * What lies behind the last chunk means nothing.
   */
  readonly order: Uint32Array;
  /** Chunk c is order[ends[c − 1]] … order[ends[c] − 1]. */
  readonly ends: readonly number[];
  /** Of each chunk. */
  readonly rowCounts: readonly number[];
  /** Indices of units with more rows. */
  readonly large: readonly number[];
  /** Whether every unit has one row, neither none nor several. */
  readonly isOneEach: boolean;
}

/** Memory that calls overwrite, one after the other: to ask for it anew takes longer than to cut a small batch. */
export interface ChunkRoom {
  counts: NodeCounts;
  /** rowsBefore[n]: what nodes 0 … n − 1 of the level hold. */
  rowsBefore: Int32Array;
  /** By unit: its node of the level, or the one behind all nodes. */
  nodes: Int32Array;
  order: Uint32Array;
}

/** The nodes of one level of the tree. */
interface Level {
  readonly nodeCount: number;
  /** Bits of a tag that do not tell its node. */
  readonly shift: number;
}

export function newChunkRoom(): ChunkRoom {
  const none = new Int32Array(0);
  const counts = { byNode: none, byLeaf: none, leafOf: none };
  return { counts, rowsBefore: none, nodes: none, order: new Uint32Array(0) };
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
 *
 * @param room Overwritten. The answer's order lies in it, and so holds until the next call.
 */
export function chunksOf(units: UnitRows, room: ChunkRoom): Chunks {
  const large: number[] = [];
  const level = levelOf(units, room);
  const { nodeCount, shift } = level;
  const isOneEach = markNodes(units, level, room, large);
  const unitCount = units.tags.length;
  countNodesInPlace(room.counts, room.nodes, unitCount, nodeCount);
  sumRowsInPlace(level, room, isOneEach);
  const leafRows = leavesOf(level, room);
  const { byLeaf } = room.counts;
  placeInPlace(room.order, room.counts, room.nodes, unitCount, nodeCount, leafRows.length);
  const chunks = { order: room.order, ends: [], rowCounts: [], large, isOneEach };
  let from = 0;
  for (let leaf = 0; leaf < leafRows.length; leaf++) {
    const to = byLeaf[4 * leaf + 3] ?? 0;
    cutInPlace(chunks, from, to, leafRows[leaf] ?? 0, shift - 1, units);
    from = to;
  }
  return chunks;
}

/** The level whose nodes hold eight to sixteen rows each, and room for it. */
function levelOf({ starts, tags }: UnitRows, room: ChunkRoom): Level {
  const rowCount = (starts[tags.length] ?? 0) - (starts[0] ?? 0);
  const bits = Math.min(16, Math.max(1, 28 - Math.clz32(rowCount)));
  const nodeCount = 2 ** bits;
  if (room.rowsBefore.length <= nodeCount) {
    const [byNode, byLeaf] = [new Int32Array(4 * nodeCount + 4), new Int32Array(4 * nodeCount + 4)];
    room.counts = { byNode, byLeaf, leafOf: new Int32Array(nodeCount + 1) };
    room.rowsBefore = new Int32Array(nodeCount + 1);
  }
  if (room.order.length < tags.length) {
    room.nodes = new Int32Array(tags.length);
    room.order = new Uint32Array(tags.length);
  }
  return { nodeCount, shift: 32 - bits };
}

/**
 * Notes units of more rows than a chunk may have in `large`, for all others the node, and each node's rows.
 *
 * @returns Whether each unit has one row. Then rows are not counted: units are.
 */
function markNodes(
  units: UnitRows,
  { nodeCount, shift }: Level,
  { nodes, rowsBefore }: ChunkRoom,
  large: number[],
): boolean {
  const { tags } = units;
  let notOne = 0;
  for (let u = 0; u < tags.length; u++) {
    nodes[u] = (tags[u] ?? 0) >>> shift;
    notOne |= rowsOf(units, u) - 1;
  }
  if (notOne === 0) return true;
  rowsBefore.fill(0, 0, nodeCount + 1);
  for (let u = 0; u < tags.length; u++) {
    const rows = rowsOf(units, u);
    const node = nodes[u] ?? 0;
    if (rows > CHUNK_ROWS) large.push(u);
    if (rows === 0 || rows > CHUNK_ROWS) nodes[u] = nodeCount;
    else rowsBefore[node + 1] = (rowsBefore[node + 1] ?? 0) + rows;
  }
  return false;
}

/** How many rows a unit has. */
export function rowsOf({ starts }: UnitRows, unit: number): number {
  return ((starts[unit + 1] ?? 0) - (starts[unit] ?? 0)) | 0;
}

/** From each node's rows to those before it. */
function sumRowsInPlace(
  { nodeCount }: Level,
  { counts: { byNode }, rowsBefore }: ChunkRoom,
  isOneEach: boolean,
): void {
  let sum = 0;
  rowsBefore[0] = 0;
  for (let n = 0; n < nodeCount; n++) {
    if (isOneEach) for (let k = 4 * n; k < 4 * n + 4; k++) sum += byNode[k] ?? 0;
    else sum += rowsBefore[n + 1] ?? 0;
    rowsBefore[n + 1] = sum;
  }
}

/** Leaves at or above the level, and each node's; behind them that of no node. @returns How many rows each holds. */
function leavesOf(
  { nodeCount }: Level,
  { counts: { leafOf }, rowsBefore }: ChunkRoom,
): readonly number[] {
  const leafRows: number[] = [];
  const cut = (from: number, to: number): void => {
    const rows = (rowsBefore[to] ?? 0) - (rowsBefore[from] ?? 0);
    if (rows <= CHUNK_ROWS || to - from === 1) {
      for (let n = from; n < to; n++) leafOf[n] = leafRows.length;
      leafRows.push(rows);
      return;
    }
    const middle = (from + to) >>> 1;
    cut(from, middle);
    cut(middle, to);
  };
  cut(0, nodeCount);
  leafOf[nodeCount] = leafRows.length;
  return leafRows;
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
  const { tags } = units;
  const { order, ends, rowCounts } = chunks;
  if (rows <= CHUNK_ROWS) {
    if (to === from) return;
    ends.push(to);
    rowCounts.push(rows);
    return;
  }
  const members = [...order.subarray(from, to)];
  const isOne = (unit: number): boolean => (((tags[unit] ?? 0) >>> bit) & 1) === 1;
  const halves = [members.filter((unit) => !isOne(unit)), members.filter(isOne)];
  let at = from;
  for (const part of bit < 0 ? members.map((unit) => [unit]) : halves) {
    order.set(part, at);
    const partRows = part.reduce((sum, unit) => sum + rowsOf(units, unit), 0);
    cutInPlace(chunks, at, at + part.length, partRows, bit - 1, units);
    at += part.length;
  }
}
