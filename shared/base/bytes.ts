/** Bytes: text forms, little-endian packing, comparison. Pure. */
import { assert } from "./assert.ts";

const ENCODER = new TextEncoder();

export function toHex({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("hex");
}

/** @throws {InvariantError} If `text` is not lower-case hexadecimal of even length. */
export function fromHex(text: string): Uint8Array {
  const bytes = new Uint8Array(Buffer.from(text, "hex"));
  assert(toHex(bytes) === text, "not lower-case hexadecimal"); // What it cannot read it leaves out.
  return bytes;
}

export function utf8(text: string): Uint8Array {
  return ENCODER.encode(text);
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

export function u32le(value: number): Uint8Array {
  assert(
    Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff,
    "not a 32-bit unsigned integer",
  );
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

export const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The bytes of `values`, little-endian whatever the machine. Copies. */
export function float32ToBytes(values: Float32Array): Uint8Array {
  return littleEndian(new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice());
}

/** @throws {InvariantError} If the length is not a multiple of 4. */
export function bytesToFloat32(bytes: Uint8Array): Float32Array {
  assert(bytes.length % 4 === 0, "length is not a multiple of 4 bytes");
  return new Float32Array(littleEndian(new Uint8Array(bytes)).buffer); // A slice of a Buffer is no copy.
}

/** Doubles, little-endian whatever the machine. Copies. */
export function float64ToBytes(values: Float64Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 8));
  for (let i = 0; i < values.length; i++) view.setFloat64(8 * i, values[i] ?? 0, true);
  return new Uint8Array(view.buffer);
}

/** @throws {InvariantError} If the length is not a multiple of 8. */
export function bytesToFloat64(bytes: Uint8Array): Float64Array {
  assert(bytes.length % 8 === 0, "length is not a multiple of 8 bytes");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float64Array(bytes.length / 8);
  for (let i = 0; i < values.length; i++) values[i] = view.getFloat64(8 * i, true);
  return values;
}

/** 32-bit words, little-endian whatever the machine. Copies. */
export function wordsToBytes(values: Uint32Array): Uint8Array {
  return littleEndian(new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice());
}

/** The same to be read at once: a view of the words where the machine's order is little-endian, a copy elsewhere. */
export function bytesOfWords(values: Uint32Array): Uint8Array {
  if (!LITTLE_ENDIAN) return wordsToBytes(values);
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** Turns words of 4 bytes round where the machine's order is not little-endian. In place. */
function littleEndian(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (LITTLE_ENDIAN) return bytes;
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; at += 4) view.setUint32(at, view.getUint32(at, false), true);
  return bytes;
}

/**
 * Gives memory outside the heap back at once; the view is empty afterwards. Left to the garbage collector large
 * buffers pile up, leave the caches, and call for collections of the whole heap. Nothing where the view shares
 * its buffer with others.
 */
export function giveBack(
  view: Uint8Array | Uint16Array | Uint32Array | Float32Array | Float64Array,
): void {
  const { buffer } = view;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === view.byteLength) buffer.transfer(0);
}
