/**
 * Instances of the kernel's WebAssembly module and how their memory is laid out. Pure: the module imports nothing
 * but its memory.
 */
import { LITTLE_ENDIAN } from "../../base/bytes.ts";
import { compileWasm, openWasm, PAGE_BYTES } from "../../base/wasm.ts";

export type AddBytes = (sum: number, bytes: number, count: number, sign: number) => void;
export type AddPair = (sum: number, first: number, second: number, count: number) => void;
type Pack = (values: number, packed: number, count: number) => void;
type Hadamard = (values: number, length: number, first: number, factor: number) => void;

/** What `assembly/` exports. Pointers are bytes into the memory; counts are multiples of 16. */
export interface Exports {
  readonly addKeystreams2: AddPair;
  readonly addKeystreams3: AddPair;
  readonly addKeystreams4: AddPair;
  readonly negate16: (values: number, count: number) => void;
  readonly negate32: (values: number, count: number) => void;
  readonly addPacked16: AddBytes;
  readonly addPacked18: AddBytes;
  readonly addPacked20: AddBytes;
  readonly addPacked24: AddBytes;
  readonly addPacked32: AddBytes;
  readonly pack16: Pack;
  readonly pack18: Pack;
  readonly pack20: Pack;
  readonly pack24: Pack;
  readonly reduce: (values: number, count: number, mask: number) => void;
  readonly hadamard32: Hadamard;
  readonly hadamard64: Hadamard;
}

/** One instance: bytes in two rooms, values behind them, all with room for what is read and written too far. */
export interface Space {
  readonly buffer: ArrayBuffer;
  readonly exports: Exports;
  readonly bytes: Uint8Array;
  readonly moreBytes: Uint8Array;
  readonly values: Uint32Array;
}

/** The module computes sixteen elements at a time. */
export const LANES = 16;
export const BYTES_AT = 0;
/** A block of keystream, or a piece of a packed vector. */
const BYTES_ROOM = 69_632;
export const MORE_BYTES_AT = BYTES_AT + BYTES_ROOM;
/** Half a page off, so that loads of bytes never wait for stores of values with the same low address. */
export const VALUES_AT = MORE_BYTES_AT + BYTES_ROOM + 2_048;
/** For blocks of 16-bit lanes, in the values' second half. */
export const HALVES_AT = VALUES_AT + 2 * BYTES_ROOM;
/** 256 KiB: a block of values, and the keystream beside it, fit the second-level cache. */
export const SCRATCH_VALUES = 65_536;

/** Null where the machine or its runtime lacks SIMD, or is big-endian. */
export function compileModule(base64: string): object | null {
  return LITTLE_ENDIAN ? compileWasm(base64) : null;
}

/** A new instance with room for `capacity` values. */
export function openSpace(module: object, capacity: number): Space {
  const pages = Math.ceil((VALUES_AT + 4 * capacity + 64) / PAGE_BYTES);
  const { memory, exports } = openWasm(module, { initial: pages, maximum: pages });
  const { buffer } = memory;
  const bytes = new Uint8Array(buffer, BYTES_AT, BYTES_ROOM);
  const moreBytes = new Uint8Array(buffer, MORE_BYTES_AT, BYTES_ROOM);
  const values = new Uint32Array(buffer, VALUES_AT, capacity);
  return { buffer, exports: exports as Exports, bytes, moreBytes, values };
}

/** Counts are rounded up in the scratch area only: what lies there beyond a vector is nobody's. */
export function roundUp(count: number): number {
  return Math.ceil(count / LANES) * LANES;
}

/** Leaves nothing of vectors and keystreams of up to `count` elements behind. */
export function wipe({ bytes, moreBytes, values }: Space, count: number): void {
  const byteCount = Math.min(BYTES_ROOM, 4 * count);
  bytes.fill(0, 0, byteCount);
  moreBytes.fill(0, 0, byteCount);
  values.fill(0, 0, count);
  const halvesFrom = (HALVES_AT - VALUES_AT) / 4;
  values.fill(0, halvesFrom, halvesFrom + count / 2);
}
