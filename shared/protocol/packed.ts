/**
 * Messages of text, packed: a room's history and manifests say the same names and keys again and again, in hexadecimal.
 * All of it is known to every member, so lengths tell nothing. Pure: deflate is a function of its input.
 *
 * @see RFC 1951 for deflate; the msgpack specification, "formats", for a first byte that no value begins with.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";

const NEVER_USED = 0xc1;

export function packed(body: Uint8Array): Uint8Array {
  const deflated = deflateRawSync(body);
  const bytes = new Uint8Array(1 + deflated.length);
  bytes[0] = NEVER_USED;
  bytes.set(deflated, 1);
  return bytes;
}

/** @returns What was packed, or the bytes themselves where nothing was; null: not well-formed, or more than `bytesMax`. */
export function unpacked(bytes: Uint8Array, bytesMax: number): Uint8Array | null {
  if (bytes[0] !== NEVER_USED) return bytes;
  const body = bytes.subarray(1);
  try {
    // Node's types know nothing of `info`: the engine tells how much it has read, and nothing may follow.
    const { buffer, engine } = inflateRawSync(body, {
      maxOutputLength: bytesMax,
      info: true,
    }) as unknown as {
      readonly buffer: Uint8Array;
      readonly engine: { readonly bytesWritten: number };
    };
    const { byteOffset, length } = buffer; // A plain array: a Buffer would turn up in the message.
    const whole = engine.bytesWritten === body.length;
    return whole ? new Uint8Array(buffer.buffer, byteOffset, length) : null;
  } catch {
    return null;
  }
}
