/** The one instance of the sampler's WebAssembly module, and its memory. Pure: the module imports nothing but that. */
import { LITTLE_ENDIAN } from "../../../base/bytes.ts";
import { compileWasm, openWasm, PAGE_BYTES } from "../../../base/wasm.ts";
import { cellWords } from "../cells.ts";
import { TRIES_BINARY } from "./binary.ts";

const GUIDE_BITS = 12;
/** Tries whose words are drawn at a time. */
export const BLOCK_TRIES = 8192;
export const STRIPS_MAX = 64;
/** A vector of four words, and the sets of its lanes. */
const LANES = 4;
const LANE_SETS = 2 ** LANES;

/** Where things lie, in bytes. */
const GUIDE_AT = 64;
const LASTS_AT = GUIDE_AT + 2 * 2 ** GUIDE_BITS;
const ORDERS_AT = LASTS_AT + 4 * STRIPS_MAX;
const FOUR_AT = ORDERS_AT + 16 * LANE_SETS;
const STRIPS_AT = FOUR_AT + 16;
const CELLS_AT = STRIPS_AT + 32 * STRIPS_MAX;
const WORDS_AT = CELLS_AT + 4 * cellWords(STRIPS_MAX);
const DRAWS_AT = WORDS_AT + 8 * BLOCK_TRIES;
const OPEN_AT = DRAWS_AT + 4 * (BLOCK_TRIES + LANES);
const VALUES_AT = OPEN_AT + 8 * BLOCK_TRIES + 64;
const PAGES = Math.ceil((VALUES_AT + 8 * (BLOCK_TRIES + LANES)) / PAGE_BYTES);

/** Views of its memory, named as in `assembly/tries.ts`. */
export interface TriesKernel {
  readonly guide: Uint16Array;
  readonly lasts: Int32Array;
  /** Shape [strips × 2 × 4], the last two of which are a double. */
  readonly strips: Int32Array;
  readonly slopes: Float64Array;
  readonly cells: Int32Array;
  readonly words: Uint32Array;
  readonly draws: Int32Array;
  /** Pairs (place in `draws`, try), then −1. */
  readonly open: Int32Array;
  readonly values: Float64Array;
  /** Over the first half of `values`: what `addRounded` makes of them. */
  readonly sums: Int32Array;
  /** @returns How many places of `draws` are taken. */
  decide(tries: number, wanted: number, width: number, stdDev: number): number;
  /** @returns Whether the integers nearest to values · factor, which it adds to their draws, are below the bound. */
  addRounded(count: number, factor: number, bound: number): boolean;
}

/** Null where the machine or its runtime lacks SIMD, or is big-endian. */
export function openTriesKernel(): TriesKernel | null {
  const module = LITTLE_ENDIAN ? compileWasm(TRIES_BINARY) : null;
  if (module === null) return null;
  const { memory, exports } = openWasm(module, { initial: PAGES, maximum: PAGES });
  const { decideTries, addRounded } = exports as Record<string, (...args: number[]) => number>;
  if (decideTries === undefined || addRounded === undefined) return null;
  const { buffer } = memory;
  ordersInto(new Uint8Array(buffer, ORDERS_AT, 16 * LANE_SETS));
  return {
    guide: new Uint16Array(buffer, GUIDE_AT, 2 ** GUIDE_BITS),
    lasts: new Int32Array(buffer, LASTS_AT, STRIPS_MAX),
    strips: new Int32Array(buffer, STRIPS_AT, 8 * STRIPS_MAX),
    slopes: new Float64Array(buffer, STRIPS_AT, 4 * STRIPS_MAX),
    cells: new Int32Array(buffer, CELLS_AT, cellWords(STRIPS_MAX)),
    words: new Uint32Array(buffer, WORDS_AT, 2 * BLOCK_TRIES),
    draws: new Int32Array(buffer, DRAWS_AT, BLOCK_TRIES),
    open: new Int32Array(buffer, OPEN_AT, 2 * BLOCK_TRIES + 1),
    values: new Float64Array(buffer, VALUES_AT, BLOCK_TRIES),
    sums: new Int32Array(buffer, VALUES_AT, BLOCK_TRIES),
    addRounded: (count, factor, bound) =>
      addRounded(VALUES_AT, DRAWS_AT, count, factor, bound) !== 0,
    decide: (tries, wanted, width, stdDev) =>
      decideTries(
        WORDS_AT,
        tries,
        DRAWS_AT,
        wanted,
        GUIDE_AT,
        LASTS_AT,
        CELLS_AT,
        STRIPS_AT,
        ORDERS_AT,
        FOUR_AT,
        width,
        stdDev,
        OPEN_AT,
      ),
  };
}

/** By a set of lanes, a bit each: the bytes of these lanes, in order. What follows them does not matter. */
function ordersInto(orders: Uint8Array): void {
  for (let set = 0; set < LANE_SETS; set++) {
    let at = 16 * set;
    for (let lane = 0; lane < LANES; lane++) {
      if (((set >> lane) & 1) === 0) continue;
      for (let byte = 0; byte < 4; byte++) orders[at + byte] = 4 * lane + byte;
      at += 4;
    }
  }
}
