/** Hashes of identifiers against another implementation of SHA-256, and apart for everything that must keep them apart. */
import { sha256 } from "@noble/hashes/sha2.js";
import { expect, test } from "vitest";
import { concatBytes, fromHex, toHex, u32le, utf8 } from "../../../shared/base/bytes.ts";
import { identifierHasher } from "../../../shared/charter/identifier-hash.ts";

const DOMAIN = { salt: "00ff".repeat(8), purpose: "overlap", type: "email" };

function framed(label: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...[utf8(label), ...parts].flatMap((part) => [u32le(part.length), part]));
}

test("a hash is SHA-256 of the framed domain's, and the value", () => {
  const { salt, purpose, type } = DOMAIN;
  const domain = framed("cloister/3/identifier-hash", fromHex(salt), utf8(purpose), utf8(type));
  const expected = sha256(concatBytes(sha256(domain), utf8("müller@example.com")));
  expect(toHex(identifierHasher(DOMAIN)("müller@example.com"))).toBe(toHex(expected));
});

test("another salt, purpose, type or value gives another hash", () => {
  const domains = [
    DOMAIN,
    { ...DOMAIN, salt: "00ff".repeat(7) },
    { ...DOMAIN, salt: "ff00".repeat(8) },
    { ...DOMAIN, purpose: "campaign" },
    { ...DOMAIN, type: "text" },
    // The same letters, cut elsewhere.
    { ...DOMAIN, purpose: "overlape", type: "mail" },
  ];
  const hashes = domains.flatMap((domain) =>
    ["x", "y", ""].map((value) => toHex(identifierHasher(domain)(value))),
  );
  expect(new Set(hashes).size).toBe(18);
});
