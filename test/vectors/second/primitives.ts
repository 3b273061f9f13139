/**
 * The second implementation: bytes, framing, hashes, keys, signatures. It imports nothing of the product's, so
 * that a mistake would have to be made twice; @noble computes. Pure.
 */
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";

export { bytesToHex as hex, concatBytes as join, hexToBytes as unhex, sha256, utf8ToBytes as utf8 };

export type Part = Uint8Array | string | number;

/** The byte at a place, 0 beyond the end. */
export function byteAt(bytes: Uint8Array, place: number): number {
  return bytes[place] ?? 0;
}

/** The element at a place. @throws {Error} If there is none: a mistake here. */
export function at<T>(list: readonly T[], place: number): T {
  const element = list[place];
  if (element === undefined) throw new Error(`nothing at ${place}`);
  return element;
}

export function littleEndian(value: number | bigint, byteCount: number): Uint8Array {
  const bytes = new Uint8Array(byteCount);
  let rest = BigInt(value);
  for (let i = 0; i < byteCount; i++, rest >>= 8n) bytes[i] = Number(rest & 255n);
  return bytes;
}

/** Label and parts, each behind its length in 4 bytes, little-endian. Texts in UTF-8, numbers in 4 bytes. */
export function frame(label: string, ...parts: readonly Part[]): Uint8Array {
  return concatBytes(
    ...[label, ...parts].flatMap((part) => {
      const bytes = typeof part === "number" ? littleEndian(part, 4) : bytesOf(part);
      return [littleEndian(bytes.length, 4), bytes];
    }),
  );
}

function bytesOf(part: Uint8Array | string): Uint8Array {
  return typeof part === "string" ? utf8ToBytes(part) : part;
}

export function frameHash(label: string, ...parts: readonly Part[]): Uint8Array {
  return sha256(frame(label, ...parts));
}

/** NIST SP 800-56C rev. 2, §4.1, option 1: H(counter ‖ Z ‖ FixedInfo), one block. Counters there are big-endian. */
export function oneStepKey(secret: Uint8Array, label: string, ...context: readonly Part[]) {
  return sha256(concatBytes(Uint8Array.of(0, 0, 0, 1), secret, frame(label, ...context)));
}

export function hkdfKey(material: Uint8Array, salt: Uint8Array, info: Uint8Array): Uint8Array {
  return hkdf(sha256, material, salt, info, 32);
}

export function shortMac(key: Uint8Array, message: Uint8Array): Uint8Array {
  return hmac(sha256, key, message).slice(0, 16);
}

export const agreementKeyOf = (secret: Uint8Array): Uint8Array => x25519.getPublicKey(secret);
export const agreed = (secret: Uint8Array, peer: Uint8Array): Uint8Array =>
  x25519.getSharedSecret(secret, peer);
export const identityKeyOf = (secret: Uint8Array): Uint8Array => ed25519.getPublicKey(secret);
export const signed = (secret: Uint8Array, message: Uint8Array): Uint8Array =>
  ed25519.sign(message, secret);

/** Bit i stands for index i; the lowest bit of the first byte first. */
export function bitmap(indices: readonly number[], count: number): Uint8Array {
  let bits = 0n;
  for (const index of indices) bits |= 1n << BigInt(index);
  return littleEndian(bits, Math.ceil(count / 8));
}

/** Reproducible bytes for a named input: SHA-256 over the name and a counter. */
export function fixedBytes(name: string, length: number): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (let i = 0; i * 32 < length; i++)
    blocks.push(sha256(utf8ToBytes(`cloister test vectors/${name}/${i}`)));
  return concatBytes(...blocks).slice(0, length);
}
