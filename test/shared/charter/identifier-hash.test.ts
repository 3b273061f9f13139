/** Hashes of identifiers against another implementation of SHA-256, and apart for everything that must keep them apart. */
import { sha256 } from "@noble/hashes/sha2.js";
import { expect, test } from "vitest";
import { concatBytes, fromHex, toHex, u32le, utf8 } from "../../../shared/base/bytes.ts";
import {
  DIGEST_BYTES,
  identifierDigest,
  identifierHasher,
  SHORT_HASH_BYTES,
} from "../../../shared/charter/identifier-hash.ts";

const DOMAIN = { salt: "00ff".repeat(8), purpose: "sketch", type: "email" };

function framed(label: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...[utf8(label), ...parts].flatMap((part) => [u32le(part.length), part]));
}

test("a digest and its hash are SHA-256 of the framed parts", () => {
  const value = "ada@example.com";
  const whole = sha256(framed("cloister/3/identifier-digest", utf8("email"), utf8(value)));
  const digest = identifierDigest("email", value);
  expect(toHex(digest)).toBe(toHex(whole.subarray(0, DIGEST_BYTES)));

  const { salt, purpose, type } = DOMAIN;
  const domain = framed("cloister/3/identifier-hash", fromHex(salt), utf8(purpose), utf8(type));
  const expected = sha256(concatBytes(sha256(domain), digest));
  const hasher = identifierHasher(DOMAIN);
  expect(toHex(hasher.whole(digest))).toBe(toHex(expected));
  const target = new Uint8Array(SHORT_HASH_BYTES + 2).fill(7);
  hasher.shortInto(target, 1, digest);
  const short = expected.subarray(0, SHORT_HASH_BYTES);
  expect(target).toEqual(concatBytes(Uint8Array.of(7), short, Uint8Array.of(7)));
});

test("another salt, purpose, type or value gives another hash", () => {
  const digests = [identifierDigest("email", "x"), identifierDigest("text", "x")];
  const domains = [
    DOMAIN,
    { ...DOMAIN, salt: "00ff".repeat(7) },
    { ...DOMAIN, salt: "ff00".repeat(8) },
    { ...DOMAIN, purpose: "ring" },
    { ...DOMAIN, type: "text" },
    // The same letters, cut elsewhere.
    { ...DOMAIN, purpose: "sketche", type: "mail" },
  ];
  const hashes = domains.flatMap((domain) =>
    digests.map((digest) => toHex(identifierHasher(domain).whole(digest))),
  );
  expect(new Set(hashes).size).toBe(12);
});
