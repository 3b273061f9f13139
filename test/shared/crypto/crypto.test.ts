/** Keys, signatures and hashes against an independent implementation. */
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { concatBytes, fromHex, toHex } from "../../../shared/base/bytes.ts";
import { agree, agreementKey, extractKey, open, seal } from "../../../shared/crypto/agreement.ts";
import {
  deriveKey,
  framed,
  mac,
  macKey,
  runningHash,
  secretKey,
  seededRng,
  sha256,
} from "../../../shared/crypto/hash.ts";
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

/** The points of small order on Curve25519 and its twist, and those that reduce to them (RFC 7748, §6.1 and §7). */
const LOW_ORDER = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

test.each(LOW_ORDER)("a key of low order agrees on nothing: %s", (point) => {
  expect(agree(agreementKey(new Uint8Array(32).fill(3)), fromHex(point))).toBeNull();
});

test("a key of the wrong length agrees on nothing", () => {
  const own = agreementKey(new Uint8Array(32).fill(3));
  for (const length of [0, 31, 33]) expect(agree(own, new Uint8Array(length).fill(9))).toBeNull();
  expect(agree(own, new Uint8Array(32).fill(9))).not.toBeNull();
});

test("extraction is HKDF, MACs are HMAC and the hash is SHA-256 as @noble/hashes has them", () => {
  fc.assert(
    fc.property(text, bytes(32), text, (material, salt, info) => {
      expect(extractKey(material, salt, info)).toEqual(hkdf(nobleSha256, material, salt, info, 32));
      const code = hmac(nobleSha256, salt, info).subarray(0, 16);
      expect(toHex(mac(macKey(salt), info))).toBe(toHex(code));
      expect(toHex(sha256(info))).toBe(toHex(nobleSha256(info)));
    }),
    few,
  );
});

test("derivation is one hash over counter, secret and context (SP 800-56C, one-step)", () => {
  fc.assert(
    fc.property(bytes(32), text, fc.nat(), (secret, context, index) => {
      const info = framed(LABELS.pairMask, context, index);
      const joined = Uint8Array.of(0, 0, 0, 1, ...secret, ...info);
      const key = deriveKey(secret, LABELS.pairMask, context, index);
      expect(toHex(key)).toBe(toHex(nobleSha256(joined)));
    }),
    few,
  );
});

test("another label, another context or another secret gives another key", () => {
  const secret = new Uint8Array(32).fill(1);
  const keys = [
    deriveKey(secret, LABELS.pairMask),
    deriveKey(secret, LABELS.selfMask),
    deriveKey(secret, LABELS.pairMask, ""),
    deriveKey(secret, LABELS.pairMask, 0),
    deriveKey(new Uint8Array(32).fill(2), LABELS.pairMask),
  ];
  expect(new Set(keys.map((key) => key.join())).size).toBe(keys.length);
  expect(() => deriveKey(new Uint8Array(31), LABELS.pairMask)).toThrow("32 bytes");
});

test("a hash that takes its bytes piece by piece is the hash of the whole", () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 5 }), (pieces) => {
      const running = runningHash();
      for (const piece of pieces) running.add(piece);
      expect(toHex(running.end())).toBe(toHex(nobleSha256(concatBytes(...pieces))));
    }),
    few,
  );
});

test("a seed stands for one endless string, whatever pieces it is drawn in", () => {
  const seed = new Uint8Array(32).fill(7);
  const whole = new Uint8Array(1000);
  seededRng(seed).fill(whole);
  const rng = seededRng(seed);
  const pieces = [1, 15, 16, 17, 0, 951].map((length) => {
    const piece = new Uint8Array(length).fill(99); // What was there before does not matter.
    rng.fill(piece);
    return piece;
  });
  expect(concatBytes(...pieces)).toEqual(whole);
});

test("what is sealed opens under the same key, nonce and context only, unaltered", () => {
  fc.assert(
    fc.property(bytes(32), bytes(12), text, text, fc.nat(), (raw, nonce, aad, plain, place) => {
      const key = secretKey(raw);
      const sealed = seal(key, nonce, aad, plain);
      expect(open(key, nonce, aad, sealed)).toEqual(plain);
      expect(open(key, nonce, Uint8Array.of(...aad, 0), sealed)).toBeNull();
      expect(open(secretKey(raw.map((byte) => byte ^ 1)), nonce, aad, sealed)).toBeNull();
      expect(
        open(
          key,
          nonce.map((byte) => byte ^ 1),
          aad,
          sealed,
        ),
      ).toBeNull();
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
