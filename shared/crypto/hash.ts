/** SHA-256, the one way in which several values become one hash, and keys derived from it. Pure. */
import { createCipheriv, createHash, createSecretKey, hash, type KeyObject } from "node:crypto";
import { assert } from "../base/assert.ts";
import { concatBytes, toHex, u32le, utf8 } from "../base/bytes.ts";
import { canonicalJson, type Json } from "../base/canonical.ts";
import type { Rng } from "../base/env.ts";
import type { Label } from "./labels.ts";

export type HashInput = Uint8Array | string | number;

const ZERO_IV = new Uint8Array(16);

const HASH_BYTES = 32;

export function sha256(bytes: Uint8Array): Uint8Array {
  const digest = new Uint8Array(HASH_BYTES);
  hashInto(digest, 0, HASH_BYTES, bytes);
  return digest;
}

/** Writes the first 8 bytes of the SHA-256 to `target` at `at`. */
export function shortHashInto(target: Uint8Array, at: number, bytes: Uint8Array): void {
  hashInto(target, at, 8, bytes);
}

/** The first `count` bytes. Node hands a hash out as text, a character a byte, at a third of what a buffer costs. */
function hashInto(target: Uint8Array, at: number, count: number, bytes: Uint8Array): void {
  const text = hash("sha256", bytes, "binary");
  for (let i = 0; i < count; i++) target[at + i] = text.charCodeAt(i);
}

/** A SHA-256 that takes its bytes piece by piece. */
export interface RunningHash {
  add(bytes: Uint8Array): void;
  end(): Uint8Array;
}

export function runningHash(): RunningHash {
  const running = createHash("sha256");
  return { add: (bytes) => void running.update(bytes), end: () => running.digest() };
}

/**
 * The bytes that a label and a list of values stand for: each part is preceded by its length, so
 * that no two different lists give the same bytes. Numbers are 32-bit unsigned.
 */
export function framed(label: Label, ...parts: readonly HashInput[]): Uint8Array {
  return frameInto(new Uint8Array(), label, parts);
}

/**
 * `prefix`, then the framed list. This runs some hundred times a round: the bytes come out of Node's pool, and
 * texts are written in place.
 */
function frameInto(prefix: Uint8Array, label: Label, parts: readonly HashInput[]): Uint8Array {
  const head = labelBytes(label);
  let size = prefix.length + head.length;
  for (const part of parts) size += 4 + sizeOf(part);
  const joined = Buffer.allocUnsafe(size); // Every byte of it is written below.
  joined.set(prefix);
  joined.set(head, prefix.length);
  let at = prefix.length + head.length;
  for (const part of parts) {
    const length = sizeOf(part);
    at = joined.writeUInt32LE(length, at);
    if (typeof part === "string") joined.write(part, at);
    else if (typeof part === "number") joined.writeUInt32LE(part, at);
    else joined.set(part, at);
    at += length;
  }
  return joined;
}

function sizeOf(part: HashInput): number {
  if (typeof part === "number") {
    assert(Number.isInteger(part) && part >= 0 && part <= 0xffff_ffff, "not an unsigned integer");
    return 4;
  }
  return typeof part === "string" ? Buffer.byteLength(part) : part.length;
}

const labelCache = new Map<Label, Uint8Array>();

/** A pure cache: a label's length and bytes. */
function labelBytes(label: Label): Uint8Array {
  const known = labelCache.get(label);
  if (known) return known;
  const bytes = utf8(label);
  const made = concatBytes(u32le(bytes.length), bytes);
  labelCache.set(label, made);
  return made;
}

export function framedHash(label: Label, ...parts: readonly HashInput[]): Uint8Array {
  return sha256(framed(label, ...parts));
}

/** Lower-case hexadecimal SHA-256 of a text under a label, which holds no line break. */
export function textHash(label: Label, text: string): string {
  return hash("sha256", `${label}\n${text}`, "hex");
}

/** Lower-case hexadecimal SHA-256 of the value's canonical JSON. */
export function hashJson(value: Json): string {
  return toHex(sha256(utf8(canonicalJson(value))));
}

/**
 * 32 bytes from a uniform secret for exactly one use, which label and context name: SHA-256 over a
 * counter of 1, the secret, and the framed context.
 *
 * @param secret 32 bytes, uniform.
 * @see NIST SP 800-56C rev. 2, §4.1, option 1 (one-step key derivation).
 */
export function deriveKey(
  secret: Uint8Array,
  label: Label,
  ...context: readonly HashInput[]
): Uint8Array {
  assert(secret.length === 32, "a secret to derive from has 32 bytes");
  const prefix = new Uint8Array(36);
  prefix[3] = 1; // The counter, big-endian.
  prefix.set(secret, 4);
  const input = frameInto(prefix, label, context);
  const key = sha256(input);
  input.fill(0);
  prefix.fill(0);
  return key;
}

/** A key of HMAC-SHA256, as the two blocks that its hashes begin with. */
export interface MacKey {
  readonly inner: Uint8Array;
  readonly outer: Uint8Array;
}

const MAC_BLOCK_BYTES = 64;

/** @param bytes At most 64; in use are 32, uniform. */
export function macKey(bytes: Uint8Array): MacKey {
  assert(bytes.length <= MAC_BLOCK_BYTES, "a longer MAC key would have to be hashed first");
  const blockOf = (pad: number): Uint8Array =>
    Uint8Array.from({ length: MAC_BLOCK_BYTES }, (_, i) => (bytes[i] ?? 0) ^ pad);
  return { inner: blockOf(0x36), outer: blockOf(0x5c) };
}

/**
 * HMAC-SHA256, the first 16 bytes. Two hashes at once each: node's own HMAC object takes four times as long.
 *
 * @see RFC 2104, §2.
 */
export function mac(key: MacKey, message: Uint8Array): Uint8Array {
  const code = new Uint8Array(16);
  hashInto(code, 0, code.length, outerInput(key, message));
  return code;
}

/** HMAC-SHA256 of a text, in hexadecimal. */
export function textMac(key: MacKey, text: string): string {
  return hash("sha256", outerInput(key, utf8(text)), "hex");
}

function outerInput({ inner, outer }: MacKey, message: Uint8Array): Uint8Array {
  const input = Buffer.allocUnsafe(MAC_BLOCK_BYTES + message.length);
  input.set(inner);
  input.set(message, MAC_BLOCK_BYTES);
  const joined = Buffer.allocUnsafe(MAC_BLOCK_BYTES + HASH_BYTES);
  joined.set(outer);
  hashInto(joined, MAC_BLOCK_BYTES, HASH_BYTES, input);
  input.fill(0, 0, MAC_BLOCK_BYTES);
  return joined;
}

/** A key as node:crypto wants it; made once, for handing over raw bytes costs more than the work. */
export type SecretKey = KeyObject;

export function secretKey(bytes: Uint8Array): SecretKey {
  return createSecretKey(bytes);
}

/**
 * The bytes that a seed stands for: the AES-256-CTR keystream under it. Public choices that must be
 * the same on every machine and foreseeable by nobody who lacks the seed.
 */
export function seededRng(seed: Uint8Array): Rng {
  const cipher = createCipheriv("aes-256-ctr", createSecretKey(seed), ZERO_IV);
  return {
    fill(target) {
      target.set(cipher.update(new Uint8Array(target.length)));
    },
  };
}
