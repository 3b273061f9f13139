/**
 * Log-odds of many rows: binned, a byte a value, and sent down each tree 64 at a time by the WebAssembly kernel. Where
 * it cannot run rows go one by one. Both add leaves in the order of the trees, as doubles: the same bits. Pure.
 */
import type { EncodedData } from "../data.ts";
import { type FeatureBins, GRID_CELLS } from "./bins.ts";
import { type Forest, forestOf } from "./forest.ts";
import { openTreesKernel, type TreesKernel } from "./kernel/space.ts";
import type { TreeModel } from "./model.ts";
import { BLOCK_ROWS, LEAVES_MAX, MISSING, type Program, programOf } from "./program.ts";

/** Shape [rowCount]. */
export type BatchLogits = (data: EncodedData) => Float64Array;

/** Rows whose bins are held at once: they and a tree stay in the processor's nearer caches. */
const CHUNK_ROWS = 512;
/** Below this a block is mostly empty. */
const TOGETHER_MIN = 16;

export function batchLogits(model: TreeModel, forest = forestOf(model)): BatchLogits {
  let together: BatchLogits | null | undefined;
  const each: BatchLogits = (data) => eachLogits(forest, data);
  return (data) => {
    if (data.rowCount < TOGETHER_MIN) return each(data);
    // A server that is only ever asked for single rows needs none of it.
    if (together === undefined) together = kernelLogits(model);
    return (together ?? each)(data);
  };
}

/** One row after the other. */
export function eachLogits(
  forest: Forest,
  { rowCount, numbers, codes }: EncodedData,
): Float64Array {
  const { numberCount, categoryCount } = forest;
  const logits = new Float64Array(rowCount);
  for (let row = 0; row < rowCount; row++)
    logits[row] = forest.logit(numbers, row * numberCount, codes, row * categoryCount);
  return logits;
}

/** By the kernel; null where it cannot run, or a tree has too many leaves for it. */
export function kernelLogits(model: TreeModel): BatchLogits | null {
  const program = programOf(model);
  const space = program && openSpace(program);
  if (!space) return null;
  const { features } = model.schema;
  const numberCount = features.filter(({ type }) => type === "number").length;
  const categoryCount = features.length - numberCount;
  const binners = program.features.map((feature) =>
    feature.kind === "number"
      ? numberBinner(feature, numberCount, edgesOf(model, feature))
      : codeBinner(feature, categoryCount),
  );
  return ({ rowCount, numbers, codes }) => {
    const logits = new Float64Array(rowCount);
    for (let from = 0; from < rowCount; from += CHUNK_ROWS) {
      const until = Math.min(rowCount, from + CHUNK_ROWS);
      for (const [column, bin] of binners.entries())
        bin(space.columns, column * BLOCK_ROWS, space.blockBytes, numbers, codes, from, until);
      space.sums.fill(model.base);
      addTrees(space, program, Math.ceil((until - from) / BLOCK_ROWS));
      logits.set(space.sums.subarray(0, until - from), from);
    }
    return logits;
  };
}

interface Space {
  readonly addTree: TreesKernel["addTree"];
  readonly places: Readonly<Record<"splits" | "leaves" | "slots" | "columns" | "sums", number>>;
  readonly blockBytes: number;
  readonly columns: Uint8Array;
  readonly sums: Float64Array;
}

function openSpace({ splits, leaves, slotCount, features }: Program): Space | null {
  const blockBytes = BLOCK_ROWS * features.length;
  let end = 0;
  const take = (byteLength: number): number => {
    const at = end;
    end += Math.ceil(byteLength / BLOCK_ROWS) * BLOCK_ROWS;
    return at;
  };
  const places = {
    splits: take(splits.length),
    leaves: take(leaves.byteLength),
    slots: take(slotCount * BLOCK_ROWS),
    columns: take((CHUNK_ROWS / BLOCK_ROWS) * blockBytes),
    sums: take(8 * CHUNK_ROWS),
  };
  const kernel = openTreesKernel(end);
  if (kernel === null) return null;
  const { memory, addTree } = kernel;
  new Uint8Array(memory, places.splits).set(splits);
  new Float64Array(memory, places.leaves, leaves.length).set(leaves);
  const slots = new Uint8Array(memory, places.slots, LEAVES_MAX * BLOCK_ROWS);
  for (let i = 0; i < slots.length; i++) slots[i] = Math.floor(i / BLOCK_ROWS);
  const columns = new Uint8Array(memory, places.columns, (CHUNK_ROWS / BLOCK_ROWS) * blockBytes);
  const sums = new Float64Array(memory, places.sums, CHUNK_ROWS);
  return { addTree, places, blockBytes, columns, sums };
}

function addTrees(
  { addTree, places, blockBytes }: Space,
  { trees }: Program,
  blocks: number,
): void {
  const { splits, leaves, slots, columns, sums } = places;
  for (const { splitsAt, splitCount, leavesAt } of trees) {
    const values = leaves + 8 * leavesAt;
    addTree(splits + splitsAt, splitCount, slots, columns, blockBytes, blocks, values, sums);
  }
}

/**
 * Writes one feature's bins of rows from … until − 1: 64 bytes at `at`, and the next 64 a block further.
 */
type Binner = (
  target: Uint8Array,
  at: number,
  blockBytes: number,
  numbers: Float32Array,
  codes: Uint16Array,
  from: number,
  until: number,
) => void;

function edgesOf({ edges, spec }: TreeModel, { column }: FeatureBins): Float32Array {
  const steps = spec.bins - 1;
  return edges.slice(column * steps, (column + 1) * steps);
}

/** A value's bin is how many edges are below it. A grid says how many are for certain; few more are compared. */
function numberBinner({ column }: FeatureBins, width: number, edges: Float32Array): Binner {
  const first = Uint8Array.from({ length: GRID_CELLS }, (_, cell) =>
    // One cell more than needed: a value's own is rounded.
    cell === 0 ? 0 : edges.findLastIndex((edge) => edge < -1 + (2 * (cell - 1)) / GRID_CELLS) + 1,
  );
  return (target, at, blockBytes, numbers, _, from, until) => {
    for (let row = from, block = at; row < until; row += BLOCK_ROWS, block += blockBytes) {
      const end = Math.min(until, row + BLOCK_ROWS);
      for (let r = row, out = block; r < end; r++, out++) {
        const value = numbers[r * width + column] ?? Number.NaN;
        if (Number.isNaN(value)) {
          target[out] = MISSING;
          continue;
        }
        const cell = Math.max(0, Math.min(GRID_CELLS - 1, (value + 1) * (GRID_CELLS / 2)));
        let bin = first[cell | 0] ?? 0;
        while (bin < edges.length && (edges[bin] ?? 0) < value) bin += 1;
        target[out] = bin;
      }
    }
  };
}

function codeBinner({ column, valueCount }: FeatureBins, width: number): Binner {
  return (target, at, blockBytes, _, codes, from, until) => {
    for (let row = from, block = at; row < until; row += BLOCK_ROWS, block += blockBytes) {
      const end = Math.min(until, row + BLOCK_ROWS);
      for (let r = row, out = block; r < end; r++, out++) {
        const code = codes[r * width + column] ?? 0;
        target[out] = code < valueCount ? code : 0;
      }
    }
  };
}
