/**
 * Identities: Ed25519 (RFC 8032) keys as raw 32-byte strings. Pure: the secret is an argument,
 * drawn at the edge. node:crypto computes.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { assert } from "../base/assert.ts";
import { concatBytes, fromHex, toHex } from "../base/bytes.ts";
import { sha256 } from "./hash.ts";

/** RFC 8410 prefixes: the DER around a raw 32-byte key. */
const PKCS8_ED25519 = fromHex("302e020100300506032b657004220420");
const SPKI_ED25519 = fromHex("302a300506032b6570032100");

/** A signing identity. Keep it; importing a key costs as much as a signature. */
export interface Identity {
  /** Raw public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

/** @param secret 32 uniform bytes. @throws {InvariantError} If not 32 bytes. */
export function identityFromSecret(secret: Uint8Array): Identity {
  assert(secret.length === 32, "an Ed25519 secret has 32 bytes");
  const der = Buffer.from(concatBytes(PKCS8_ED25519, secret));
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return {
    publicKey: new Uint8Array(spki.subarray(spki.length - 32)),
    sign: (message) => new Uint8Array(sign(null, message, key)),
  };
}

const importedKeys = new Map<string, KeyObject>();
const IMPORTED_KEYS_MAX = 4096;

/** True if `signature` is `publicKey`'s over `message`. False for any malformed input. */
export function verifySignature(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  try {
    return verify(null, message, importPublicKey(publicKey), signature);
  } catch {
    return false;
  }
}

/** A pure cache: importing the same raw key again gives the same object, 100 µs sooner. */
function importPublicKey(publicKey: Uint8Array): KeyObject {
  const id = toHex(publicKey);
  const known = importedKeys.get(id);
  if (known) return known;
  const der = Buffer.from(concatBytes(SPKI_ED25519, publicKey));
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  if (importedKeys.size >= IMPORTED_KEYS_MAX) importedKeys.clear();
  importedKeys.set(id, key);
  return key;
}

/** What two people compare over the telephone: the first 16 bytes of the key's SHA-256, in hexadecimal. */
export function fingerprint(publicKey: Uint8Array): string {
  return toHex(sha256(publicKey).subarray(0, 16));
}
