/** Keys, signatures and hashes against an independent implementation. */
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { agree, agreementKey, deriveKey, open, seal } from "../../../shared/crypto/agreement.ts";
import { framed, sha256 } from "../../../shared/crypto/hash.ts";
import { identityFromSecret, verifySignature } from "../../../shared/crypto/identity.ts";
import { LABELS } from "../../../shared/crypto/labels.ts";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const text = fc.uint8Array({ maxLength: 300 });
const few = { numRuns: 25 };

test("identities and signatures are Ed25519 as @noble/curves has it, both ways", () => {
  fc.assert(
    fc.property(bytes(32), text, (secret, message) => {
      const identity = identityFromSecret(secret);
      expect(identity.publicKey).toEqual(ed25519.getPublicKey(secret));
      const signature = identity.sign(message);
      expect(signature).toEqual(ed25519.sign(message, secret));
      expect(verifySignature(identity.publicKey, message, signature)).toBe(true);
      signature[5] = (signature[5] ?? 0) ^ 1;
      expect(verifySignature(identity.publicKey, message, signature)).toBe(false);
    }),
    few,
  );
});

test("malformed keys and signatures verify nothing and throw nothing", () => {
  expect(verifySignature(new Uint8Array(31), new Uint8Array(), new Uint8Array(64))).toBe(false);
  expect(verifySignature(new Uint8Array(32).fill(255), new Uint8Array(), new Uint8Array(64))).toBe(
    false,
  );
  expect(verifySignature(new Uint8Array(32), new Uint8Array(), new Uint8Array(63))).toBe(false);
});

test("agreement is X25519 as @noble/curves has it", () => {
  fc.assert(
    fc.property(bytes(32), bytes(32), (mine, theirs) => {
      const key = agreementKey(mine);
      expect(key.publicKey).toEqual(x25519.getPublicKey(mine));
      expect(agree(key, x25519.getPublicKey(theirs))).toEqual(
        x25519.getSharedSecret(theirs, key.publicKey),
      );
    }),
    few,
  );
});

test("keys of low order or of the wrong length agree on nothing", () => {
  const own = agreementKey(new Uint8Array(32).fill(3));
  for (const point of [0, 1]) expect(agree(own, new Uint8Array(32).fill(point, 0, 1))).toBeNull();
  expect(agree(own, new Uint8Array(33))).toBeNull();
});

test("derivation is HKDF and the hash SHA-256 as @noble/hashes has them", () => {
  fc.assert(
    fc.property(bytes(32), text, (secret, info) => {
      expect(deriveKey(secret, info)).toEqual(
        hkdf(nobleSha256, secret, new Uint8Array(32), info, 32),
      );
      expect(sha256(info)).toEqual(nobleSha256(info));
    }),
    few,
  );
});

test("what is sealed opens under the same key, nonce and context only, unaltered", () => {
  fc.assert(
    fc.property(bytes(32), bytes(12), text, text, fc.nat(), (key, nonce, aad, plain, place) => {
      const sealed = seal(key, nonce, aad, plain);
      expect(open(key, nonce, aad, sealed)).toEqual(plain);
      expect(open(key, nonce, Uint8Array.of(...aad, 0), sealed)).toBeNull();
      const i = place % sealed.length;
      sealed[i] = (sealed[i] ?? 0) ^ 1;
      expect(open(key, nonce, aad, sealed)).toBeNull();
      expect(open(key, nonce, aad, sealed.subarray(0, 15))).toBeNull();
    }),
    few,
  );
});

test("two lists that differ are framed differently, also where they join to the same text", () => {
  expect(framed(LABELS.ask, "ab", "c")).not.toEqual(framed(LABELS.ask, "a", "bc"));
  expect(framed(LABELS.ask, "ab")).not.toEqual(framed(LABELS.ask, "ab", ""));
});

test("no two uses share a label", () => {
  const labels = Object.values(LABELS);
  expect(new Set(labels).size).toBe(labels.length);
});
