/** Codes that people read to one another: their form, and that they are scrypt's digits as another implementation has them. */
import { scrypt } from "@noble/hashes/scrypt.js";
import { expect, test } from "vitest";
import { utf8 } from "../../../shared/base/bytes.ts";
import { LABELS } from "../../../shared/crypto/labels.ts";
import { parseSpokenCode, spokenCode } from "../../../shared/crypto/spoken-code.ts";

const hash = new Uint8Array(32).fill(7);

test("six groups of five digits, which a second implementation of scrypt gives as well", () => {
  const code = spokenCode(hash);
  expect(code).toMatch(/^\d{5}( \d{5}){5}$/);
  const bytes = scrypt(hash, utf8(LABELS.spokenCode), { N: 2 ** 17, r: 8, p: 1, dkLen: 32 });
  const number = BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
  expect(code.replaceAll(" ", "")).toBe(String(number % 10n ** 30n).padStart(30, "0"));
  expect(spokenCode(new Uint8Array(32).fill(8))).not.toBe(code);
});

test("a person may type it with spaces, dashes or neither", () => {
  const code = "01234 56789 01234 56789 01234 56789";
  for (const typed of [code, code.replaceAll(" ", ""), code.replaceAll(" ", "-"), ` ${code}\n`])
    expect(parseSpokenCode(typed)).toBe(code);
});

test.each([
  "",
  "12345",
  "01234 56789 01234 56789 01234 5678",
  "01234 56789 01234 56789 01234 567890",
  "0123a 56789 01234 56789 01234 56789",
  "٠1234 56789 01234 56789 01234 56789",
])("%j is no code", (typed) => {
  expect(parseSpokenCode(typed)).toBeNull();
});
