/** Uniform strings from messages, by SHA-512: what points of a curve are made of. Pure; node:crypto computes. */
import { hash } from "node:crypto";
import { assert } from "../base/assert.ts";

/** SHA-512's input block. */
const BLOCK_BYTES = 128;
/** SHA-512's output: one block of it is all that is needed here. */
const HASH_BYTES = 64;

/**
 * expand_message_xmd with SHA-512, for up to 64 bytes.
 *
 * @param tag Domain separation tag, 1 to 255 bytes: one use, one tag.
 * @see RFC 9380, §5.3.1; ell = 1.
 */
export function expandMessage(message: Uint8Array, tag: Uint8Array, length: number): Uint8Array {
  assert(length >= 1 && length <= HASH_BYTES, "a string of 1 to 64 bytes");
  assert(tag.length >= 1 && tag.length <= 255, "a tag of 1 to 255 bytes");
  const first = new Uint8Array(BLOCK_BYTES + message.length + 3 + tag.length + 1);
  first.set(message, BLOCK_BYTES);
  let at = BLOCK_BYTES + message.length;
  first[at + 1] = length; // Two bytes, big-endian, and a zero behind them.
  at += 3;
  first.set(tag, at);
  first[at + tag.length] = tag.length;
  const second = new Uint8Array(HASH_BYTES + 1 + tag.length + 1);
  second.set(hash("sha512", first, "buffer"));
  second[HASH_BYTES] = 1;
  second.set(first.subarray(at), HASH_BYTES + 1);
  return new Uint8Array(hash("sha512", second, "buffer").subarray(0, length));
}
