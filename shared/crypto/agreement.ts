/**
 * Key agreement: X25519 (RFC 7748) on raw keys, HKDF-SHA256 (RFC 5869), and AES-256-GCM for the
 * shares in transit. Pure: secrets and nonces are arguments.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
} from "node:crypto";
import { assert } from "../base/assert.ts";
import { concatBytes, fromHex } from "../base/bytes.ts";

const PKCS8_X25519 = fromHex("302e020100300506032b656e04220420");
const SPKI_X25519 = fromHex("302a300506032b656e032100");
const TAG_BYTES = 16;

export interface AgreementKey {
  /** Raw public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly handle: KeyObject;
}

/** @param secret 32 uniform bytes; clamped by X25519 itself. Wipe it when this returns. */
export function agreementKey(secret: Uint8Array): AgreementKey {
  assert(secret.length === 32, "an X25519 secret has 32 bytes");
  const der = Buffer.from(concatBytes(PKCS8_X25519, secret));
  const handle = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const spki = createPublicKey(handle).export({ format: "der", type: "spki" });
  return { publicKey: new Uint8Array(spki.subarray(spki.length - 32)), handle };
}

/**
 * The shared secret, 32 bytes, or null if the peer's key is not usable: wrong length, or of low
 * order (an all-zero result, RFC 7748 §6.1).
 */
export function agree(own: AgreementKey, peerPublicKey: Uint8Array): Uint8Array | null {
  if (peerPublicKey.length !== 32) return null;
  try {
    const der = Buffer.from(concatBytes(SPKI_X25519, peerPublicKey));
    const publicKey = createPublicKey({ key: der, format: "der", type: "spki" });
    const secret = new Uint8Array(diffieHellman({ privateKey: own.handle, publicKey }));
    return secret.every((byte) => byte === 0) ? null : secret;
  } catch {
    return null;
  }
}

/** HKDF-SHA256: 32 bytes from key material that is not uniform (a Diffie-Hellman result). */
export function extractKey(material: Uint8Array, salt: Uint8Array, info: Uint8Array): Uint8Array {
  assert(info.length <= 1024, "HKDF info has at most 1024 bytes");
  return new Uint8Array(hkdfSync("sha256", material, salt, info, 32));
}

/** AES-256-GCM: ciphertext followed by its 16-byte tag. `nonce` (12 bytes) must never repeat under one key. */
export function seal(
  key: KeyObject,
  nonce: Uint8Array,
  aad: Uint8Array,
  plain: Uint8Array,
): Uint8Array {
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(aad);
  return concatBytes(cipher.update(plain), cipher.final(), cipher.getAuthTag());
}

/** The plaintext, or null if the ciphertext is not authentic. */
export function open(
  key: KeyObject,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | null {
  if (sealed.length < TAG_BYTES) return null;
  const tagAt = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES }).setAAD(
    aad,
  );
  decipher.setAuthTag(sealed.subarray(tagAt));
  try {
    return concatBytes(decipher.update(sealed.subarray(0, tagAt)), decipher.final());
  } catch {
    return null;
  }
}
