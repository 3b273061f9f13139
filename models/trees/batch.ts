/**
 * Log-odds of many rows: binned, a byte a value, and sent down each tree 64 at a time by the WebAssembly kernel. Where
 * it cannot run rows go one by one. Both add leaves in the order of the trees, as doubles: the same bits. Pure.
 */
import type { EncodedData } from "../data.ts";
import { type FeatureBins, GRID_CELLS } from "./bins.ts";
import { type Forest, forestOf } from "./forest.ts";
import { openTreesKernel, type TreesKernel } from "./kernel/space.ts";
import type { TreeModel } from "./model.ts";
import { BLOCK_ROWS, LEAVES_MAX, type Program, programOf } from "./program.ts";

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
    if (together === undefined) together = kernelLogits(model, forest);
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
export function kernelLogits(model: TreeModel, forest = forestOf(model)): BatchLogits | null {
  const { numberCount, categoryCount } = forest;
  const program = programOf(model);
  const grids = program?.features.map((feature) => gridOf(model, feature)) ?? [];
  const space = program && openSpace(program, grids, forest);
  if (!space) return null;
  return ({ rowCount, numbers, codes }) => {
    const logits = new Float64Array(rowCount);
    for (let from = 0; from < rowCount; from += CHUNK_ROWS) {
      const until = Math.min(rowCount, from + CHUNK_ROWS);
      space.numbers.set(numbers.subarray(from * numberCount, until * numberCount));
      space.codes.set(codes.subarray(from * categoryCount, until * categoryCount));
      space.sums.fill(model.base);
      space.addChunk(until - from);
      logits.set(space.sums.subarray(0, until - from), from);
    }
    return logits;
  };
}

/** A number's edges, and for each cell of [−1, 1] a bin that none of its values is below. */
interface Grid {
  readonly cells: Uint8Array;
  /** Bins that a value can be above its cell's. */
  readonly steps: number;
  /** Ends in as many infinities. */
  readonly edges: Float32Array;
}

const NO_GRID: Grid = { cells: new Uint8Array(), steps: 0, edges: new Float32Array() };

/** A cell is taken for one wider on both sides, for the kernel rounds. */
function gridOf({ edges, spec }: TreeModel, { kind, column }: FeatureBins): Grid {
  if (kind === "category") return NO_GRID;
  const count = spec.bins - 1;
  const own = edges.subarray(column * count, (column + 1) * count);
  const below = (cell: number): number => {
    const line = -1 + (2 * cell) / GRID_CELLS;
    return own.findLastIndex((edge) => edge < line) + 1;
  };
  const cells = Uint8Array.from({ length: GRID_CELLS }, (_, cell) => below(cell - 1));
  const steps = cells.reduce((most, bin, cell) => Math.max(most, below(cell + 2) - bin), 0);
  const padded = new Float32Array(count + steps).fill(Number.POSITIVE_INFINITY);
  padded.set(own);
  return { cells, steps, edges: padded };
}

interface Space {
  readonly numbers: Float32Array;
  readonly codes: Uint16Array;
  readonly sums: Float64Array;
  /** Adds all trees to the sums of so many rows. */
  addChunk(rowCount: number): void;
}

type Place = "splits" | "leaves" | "slots" | "columns" | "sums" | "numbers" | "codes";
type Places = Readonly<Record<Place, number>> & {
  readonly grids: readonly { readonly cells: number; readonly edges: number }[];
};

function openSpace(program: Program, grids: readonly Grid[], forest: Forest): Space | null {
  const { splits, leaves, slotCount, features } = program;
  const { numberCount, categoryCount } = forest;
  let end = 0;
  const take = (byteLength: number): number => {
    const at = end;
    end += Math.ceil(byteLength / BLOCK_ROWS) * BLOCK_ROWS;
    return at;
  };
  const places: Places = {
    splits: take(splits.length),
    leaves: take(leaves.byteLength),
    slots: take(slotCount * BLOCK_ROWS),
    columns: take(CHUNK_ROWS * features.length),
    sums: take(8 * CHUNK_ROWS),
    numbers: take(4 * CHUNK_ROWS * numberCount),
    codes: take(2 * CHUNK_ROWS * categoryCount),
    grids: grids.map(({ cells, edges }) => ({
      cells: take(cells.length),
      edges: take(edges.byteLength),
    })),
  };
  const kernel = openTreesKernel(end);
  if (kernel === null) return null;
  const { memory } = kernel;
  new Uint8Array(memory, places.splits).set(splits);
  new Float64Array(memory, places.leaves, leaves.length).set(leaves);
  const slots = new Uint8Array(memory, places.slots, LEAVES_MAX * BLOCK_ROWS);
  for (let i = 0; i < slots.length; i++) slots[i] = Math.floor(i / BLOCK_ROWS);
  for (const [column, { cells, edges }] of grids.entries()) {
    const at = places.grids[column] ?? { cells: 0, edges: 0 };
    new Uint8Array(memory, at.cells).set(cells);
    new Float32Array(memory, at.edges, edges.length).set(edges);
  }
  const addBins = binning(kernel, program, places, grids, forest);
  return {
    numbers: new Float32Array(memory, places.numbers, CHUNK_ROWS * numberCount),
    codes: new Uint16Array(memory, places.codes, CHUNK_ROWS * categoryCount),
    sums: new Float64Array(memory, places.sums, CHUNK_ROWS),
    addChunk(rowCount) {
      addBins(rowCount);
      addTrees(kernel, program, places, Math.ceil(rowCount / BLOCK_ROWS));
    },
  };
}

/** Every column's bins of so many rows. */
function binning(
  { exports: { binNumbers, binCodes } }: TreesKernel,
  { features }: Program,
  places: Places,
  grids: readonly Grid[],
  { numberCount, categoryCount }: Forest,
): (rowCount: number) => void {
  const blockBytes = BLOCK_ROWS * features.length;
  const columns = features.map(({ kind, column, valueCount }, i) => {
    const target = places.columns + BLOCK_ROWS * i;
    if (kind === "category") {
      const from = places.codes + 2 * column;
      return (rowCount: number) =>
        binCodes(from, 2 * categoryCount, rowCount, valueCount, target, blockBytes);
    }
    const from = places.numbers + 4 * column;
    const { cells, edges } = places.grids[i] ?? { cells: 0, edges: 0 };
    const steps = grids[i]?.steps ?? 0;
    return (rowCount: number) =>
      binNumbers(from, 4 * numberCount, rowCount, cells, edges, steps, target, blockBytes);
  });
  return (rowCount) => {
    for (const column of columns) column(rowCount);
  };
}

function addTrees(
  { exports: { addTree } }: TreesKernel,
  { trees, features }: Program,
  { splits, leaves, slots, columns, sums }: Places,
  blockCount: number,
): void {
  const blockBytes = BLOCK_ROWS * features.length;
  for (const { splitsAt, splitCount, leavesAt } of trees) {
    const [own, values] = [splits + splitsAt, leaves + 8 * leavesAt];
    addTree(own, splitCount, slots, columns, blockBytes, blockCount, values, sums);
  }
}
