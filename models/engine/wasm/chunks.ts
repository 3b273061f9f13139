/**
 * Which units share a sum in single precision. A unit's tag leads it down a binary tree whose nodes split only where
 * they hold too many rows: one unit more or less changes its own leaf and no other. Pure.
 */
import type { UnitRows } from "../backend.ts";
import { CHUNK_ROWS } from "./layout.ts";

export interface Chunks {
  /** Indices of units with at least one and at most `CHUNK_ROWS` rows, in the order of their tags. */
  readonly order: Uint32Array;
  /** Chunk c is order[ends[c − 1]] … order[ends[c] − 1]. */
  readonly ends: readonly number[];
  /** rowEnds[i]: rows of order[0] … order[i − 1]. */
  readonly rowEnds: Uint32Array;
  /** Indices of units with more rows, in the order of their tags. */
  readonly large: readonly number[];
}

/**
 * Cuts tagged units into chunks of at most `CHUNK_ROWS` rows: the leaves of the tree of the tags' bits, highest first.
 * A node with more rows is split; units whose tags are equal to the last bit are each alone if they do not fit together.
 *
 * Let a unit u be added. Only nodes on the way of its tag hold it, so only the leaf at the end of that way changes:
 * to itself with u, or, if that exceeds the limit, to leaves that hold its rows and u's, at most twice the limit.
 */
export function chunksOf({ starts, tags }: UnitRows): Chunks {
  const sorted = unitsByTag(tags);
  const order = new Uint32Array(sorted.length);
  const large: number[] = [];
  const rowEnds = new Uint32Array(sorted.length + 1);
  let count = 0;
  for (let i = 0; i < sorted.length; i++) {
    const unit = sorted[i] ?? 0;
    const rows = (starts[unit + 1] ?? 0) - (starts[unit] ?? 0);
    if (rows > CHUNK_ROWS) large.push(unit);
    if (rows === 0 || rows > CHUNK_ROWS) continue;
    order[count] = unit;
    rowEnds[count + 1] = (rowEnds[count] ?? 0) + rows;
    count += 1;
  }
  const ends: number[] = [];
  const cut = (from: number, to: number, bit: number): void => {
    if (from === to) return;
    if ((rowEnds[to] ?? 0) - (rowEnds[from] ?? 0) <= CHUNK_ROWS) {
      ends.push(to);
    } else if (bit < 0) {
      for (let i = from + 1; i <= to; i++) ends.push(i);
    } else {
      let middle = from;
      for (let end = to; middle < end; ) {
        const half = (middle + end) >>> 1;
        if ((((tags[order[half] ?? 0] ?? 0) >>> bit) & 1) === 0) middle = half + 1;
        else end = half;
      }
      cut(from, middle, bit - 1);
      cut(middle, to, bit - 1);
    }
  };
  cut(0, count, 31);
  return { order: order.subarray(0, count), ends, rowEnds, large };
}

/** Indices of all units by tag, equal tags in the units' order: buckets of a few units, sorted by insertion. */
function unitsByTag(tags: Uint32Array): Uint32Array {
  const bits = Math.min(16, Math.max(1, 30 - Math.clz32(tags.length)));
  const shift = 32 - bits;
  const ends = new Uint32Array(2 ** bits + 1);
  for (let u = 0; u < tags.length; u++) {
    const bucket = (tags[u] ?? 0) >>> shift;
    ends[bucket + 1] = (ends[bucket + 1] ?? 0) + 1;
  }
  for (let b = 1; b < ends.length; b++) ends[b] = (ends[b] ?? 0) + (ends[b - 1] ?? 0);
  const starts = ends.slice();
  const sorted = new Uint32Array(tags.length);
  for (let u = 0; u < tags.length; u++) {
    const tag = tags[u] ?? 0;
    const bucket = tag >>> shift;
    const first = starts[bucket] ?? 0;
    let at = ends[bucket] ?? 0;
    ends[bucket] = at + 1;
    for (; at > first && (tags[sorted[at - 1] ?? 0] ?? 0) > tag; at--)
      sorted[at] = sorted[at - 1] ?? 0;
    sorted[at] = u;
  }
  return sorted;
}
