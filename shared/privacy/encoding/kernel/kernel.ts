/**
 * Rounding to levels: WebAssembly where the machine has 128-bit SIMD, plain TypeScript elsewhere, with equal results.
 * Pure: the module imports nothing but its memory.
 */
import { LITTLE_ENDIAN } from "../../../base/bytes.ts";
import { compileWasm, openWasm, PAGE_BYTES } from "../../../base/wasm.ts";
import { LEVELS_BINARY } from "./binary.ts";
import { BLOCK_VALUES, type RoundLevels } from "./contract.ts";
import { plainRoundLevels } from "./plain.ts";

/** What `assembly/` exports; pointers are bytes into the memory. */
interface Exports {
  readonly roundLevels: (
    values: number,
    words: number,
    ring: number,
    count: number,
    magnitudeMax: number,
    scale: number,
    levelMax: number,
    mask: number,
  ) => number;
}

/** Where things lie, in bytes; a quarter of a page off each other, so that no load waits for a store at its low address. */
const VALUES_AT = 0;
const WORDS_AT = VALUES_AT + 8 * BLOCK_VALUES + 1024;
const RING_AT = WORDS_AT + 4 * BLOCK_VALUES + 1024;
const END = RING_AT + 4 * BLOCK_VALUES;
const PAGES = Math.ceil(END / PAGE_BYTES);
const LANES = 4;

/** Null where the machine or its runtime lacks SIMD, or is big-endian. */
export function wasmRoundLevels(base64: string): RoundLevels | null {
  const module = LITTLE_ENDIAN ? compileWasm(base64) : null;
  if (module === null) return null;
  const { memory, exports } = openWasm(module, { initial: PAGES, maximum: PAGES });
  const { roundLevels } = exports as Exports;
  const valuesHere = new Float64Array(memory.buffer, VALUES_AT, BLOCK_VALUES);
  const wordsHere = new Uint32Array(memory.buffer, WORDS_AT, BLOCK_VALUES);
  const ringHere = new Uint32Array(memory.buffer, RING_AT, BLOCK_VALUES);
  const everything = new Uint8Array(memory.buffer, 0, END);
  return (values, { magnitudeMax, scale, levelMax, mask }, source, ring) => {
    const words = wordsHere.subarray(0, values.length);
    let bad = -1;
    for (let start = 0; start < values.length && bad < 0; start += BLOCK_VALUES) {
      const block = values.subarray(start, start + BLOCK_VALUES);
      const { length } = block;
      valuesHere.set(block);
      source.fill(words);
      const count = Math.ceil(length / LANES) * LANES; // Beyond the block lies what is finite and of no use.
      const at = [VALUES_AT, WORDS_AT, RING_AT] as const;
      const areFinite = roundLevels(...at, count, magnitudeMax, scale, levelMax, mask) === 1;
      if (!areFinite) bad = start + block.findIndex((value) => !Number.isFinite(value));
      ring.set(ringHere.subarray(0, length), start);
    }
    everything.fill(0);
    return bad;
  };
}

export const roundLevels: RoundLevels = wasmRoundLevels(LEVELS_BINARY) ?? plainRoundLevels;
