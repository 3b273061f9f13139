/**
 * Arithmetic on rows of points of Curve25519, each by its u-coordinate: 32 little-endian bytes. WebAssembly computes, in
 * batches that stay in the processor's cache. Pure: the module imports nothing but its memory.
 */
import { assert } from "../base/assert.ts";
import { compileWasm, openWasm, PAGE_BYTES } from "../base/wasm.ts";
import { expandMessage } from "../crypto/xmd.ts";
import { CURVE_BINARY } from "./kernel/binary.ts";
import { RELAXED_CURVE_BINARY } from "./kernel/relaxed-binary.ts";

/** What `assembly/` exports. Pointers are bytes into the memory. */
interface Exports {
  readonly findBadPoint: (points: number, count: number) => number;
  readonly multiplyPoints: (points: number, count: number, scalar: number, room: number) => number;
  readonly mapToCurve: (uniform: number, points: number, count: number, room: number) => void;
}

export const POINT_BYTES = 32;
/** hash_to_field's L for a field of 255 bits and 128 bits of security: RFC 9380, §5.1. */
const UNIFORM_BYTES = 48;
/** Rows at a time, two to a pair: 72 KiB of numerators, denominators and products. */
const BATCH = 256;
/** Numerator, denominator and product of a pair of rows. */
const ROOM_BYTES = 3 * 192;

/** Where things lie: below are the module's own temporaries. */
const SCALAR_AT = 4_096;
const POINTS_AT = 8_192;
/** Some bytes behind the rows are read and written too far. */
const UNIFORM_AT = POINTS_AT + BATCH * POINT_BYTES + 64;
const ROOM_AT = UNIFORM_AT + BATCH * UNIFORM_BYTES + 64;
const MEMORY_PAGES = Math.ceil((ROOM_AT + (BATCH / 2) * ROOM_BYTES + 64) / PAGE_BYTES);

interface Instance {
  readonly exports: Exports;
  readonly bytes: Uint8Array;
}

let opened: Instance | undefined;

/** Fused products where the processor has them: faster, and to the bit the same, for every sum is exact. */
function instance(): Instance {
  opened ??= openInstance(RELAXED_CURVE_BINARY) ?? openInstance(CURVE_BINARY) ?? undefined;
  assert(opened !== undefined, "a processor with 128-bit SIMD");
  return opened;
}

/** Null where the machine or its runtime lacks what the module needs. */
function openInstance(base64: string): Instance | null {
  const module = compileWasm(base64);
  if (module === null) return null;
  const { memory, exports } = openWasm(module, { initial: MEMORY_PAGES, maximum: MEMORY_PAGES });
  return { exports: exports as Exports, bytes: new Uint8Array(memory.buffer) };
}

/** Calls `use` for each batch of rows: the first one's index, and how many. */
function forEachBatch(rowCount: number, use: (first: number, count: number) => void): void {
  for (let first = 0; first < rowCount; first += BATCH)
    use(first, Math.min(BATCH, rowCount - first));
}

function rowCountOf(rows: Uint8Array, width: number): number {
  assert(rows.length % width === 0, `rows of ${width} bytes`);
  return rows.length / width;
}

/**
 * A point for each message: encode_to_curve of the suite curve25519_XMD:SHA-512_ELL2_NU_, without clearing the cofactor.
 * A clamped scalar clears it: whoever multiplies by one gets what the suite would give.
 *
 * @param messages Rows of `width` bytes.
 * @param tag Domain separation tag, 1 to 255 bytes.
 * @see RFC 9380, §3, §6.7.1 and §8.5.
 */
export function encodeToCurve(messages: Uint8Array, width: number, tag: Uint8Array): Uint8Array {
  const rowCount = rowCountOf(messages, width);
  const uniform = new Uint8Array(rowCount * UNIFORM_BYTES);
  for (let i = 0; i < rowCount; i++) {
    const message = messages.subarray(i * width, (i + 1) * width);
    uniform.set(expandMessage(message, tag, UNIFORM_BYTES), i * UNIFORM_BYTES);
  }
  return mapToCurve(uniform);
}

/** @param uniform Rows of 48 bytes, each a big-endian number to be reduced. */
export function mapToCurve(uniform: Uint8Array): Uint8Array {
  const { exports, bytes } = instance();
  const rowCount = rowCountOf(uniform, UNIFORM_BYTES);
  const points = new Uint8Array(rowCount * POINT_BYTES);
  forEachBatch(rowCount, (first, count) => {
    bytes.set(uniform.subarray(first * UNIFORM_BYTES, (first + count) * UNIFORM_BYTES), UNIFORM_AT);
    exports.mapToCurve(UNIFORM_AT, POINTS_AT, count, ROOM_AT);
    points.set(bytes.subarray(POINTS_AT, POINTS_AT + count * POINT_BYTES), first * POINT_BYTES);
  });
  bytes.fill(0);
  return points;
}

/**
 * The first row that is no point as honest members send them, or −1: each is written in the one way there is, is not 0,
 * and lies on the curve, not on its twist.
 */
export function findBadPoint(points: Uint8Array): number {
  const { exports, bytes } = instance();
  let bad = -1;
  forEachBatch(rowCountOf(points, POINT_BYTES), (first, count) => {
    if (bad >= 0) return;
    bytes.set(points.subarray(first * POINT_BYTES, (first + count) * POINT_BYTES), POINTS_AT);
    const at = exports.findBadPoint(POINTS_AT, count);
    if (at >= 0) bad = first + at;
  });
  return bad;
}

/** The scalar that X25519 makes of 32 uniform bytes: a multiple of 8, the cofactor, of fixed length. RFC 7748, §5. */
export function clampScalar(secret: Uint8Array): Uint8Array {
  assert(secret.length === POINT_BYTES, "a scalar has 32 bytes");
  const scalar = secret.slice();
  scalar[0] = (scalar[0] ?? 0) & 248;
  scalar[31] = ((scalar[31] ?? 0) & 127) | 64;
  return scalar;
}

/**
 * Replaces each row by the scalar times it, in place. Leaves nothing of either in the module's memory.
 *
 * @param scalar Clamped.
 * @returns The first row that is all zeros now, being of low order, or −1. RFC 7748, §6.1.
 */
export function multiplyInPlace(points: Uint8Array, scalar: Uint8Array): number {
  const { exports, bytes } = instance();
  let zero = -1;
  bytes.set(scalar, SCALAR_AT);
  forEachBatch(rowCountOf(points, POINT_BYTES), (first, count) => {
    const rows = points.subarray(first * POINT_BYTES, (first + count) * POINT_BYTES);
    bytes.set(rows, POINTS_AT);
    const at = exports.multiplyPoints(POINTS_AT, count, SCALAR_AT, ROOM_AT);
    if (at >= 0 && zero < 0) zero = first + at;
    rows.set(bytes.subarray(POINTS_AT, POINTS_AT + count * POINT_BYTES));
  });
  bytes.fill(0);
  return zero;
}
