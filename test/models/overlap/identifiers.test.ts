/** One spelling of each identifier: what becomes one, what stays two, and what is none. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type IdentifierRule, normalIdentifier } from "../../../models/overlap/identifiers.ts";
import type { PhoneRule } from "../../../models/overlap/phone.ts";

const EMAIL = { type: "email" } as const;
const IBAN = { type: "iban" } as const;
const GERMAN: PhoneRule = {
  type: "phone",
  countryCode: "49",
  trunkPrefix: "0",
  internationalPrefix: "00",
  bare: "national",
};
const NORTH_AMERICAN: PhoneRule = {
  type: "phone",
  countryCode: "1",
  trunkPrefix: "1",
  internationalPrefix: "011",
  bare: "national",
};
const ITALIAN: PhoneRule = { ...GERMAN, countryCode: "39", trunkPrefix: "" };
const FOLDED = { type: "text", letterCase: "fold" } as const;
const EXACT = { type: "text", letterCase: "exact" } as const;
const RULES: readonly IdentifierRule[] = [
  EMAIL,
  IBAN,
  GERMAN,
  NORTH_AMERICAN,
  ITALIAN,
  { ...GERMAN, bare: "international" },
  FOLDED,
  EXACT,
];

test.each([
  ["Ada.Lovelace@Example.COM", "ada.lovelace@example.com"],
  ["  ada.lovelace@example.com\t", "ada.lovelace@example.com"],
  ["ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ", "ada@example.com"],
  ["ada\u200b@exam\u00adple.com", "ada@example.com"],
  ["a.b+c@gmail.com", "a.b+c@gmail.com"],
  ["müller@münchen.example", "müller@xn--mnchen-3ya.example"],
  ["MU\u0308LLER@XN--MNCHEN-3YA.example", "müller@xn--mnchen-3ya.example"],
  ["o'neil@sub.example.co.uk", "o'neil@sub.example.co.uk"],
])("the address %j is %j", (cell, expected) => {
  expect(normalIdentifier(cell, EMAIL)).toBe(expected);
});

test.each([
  "ada",
  "@example.com",
  "ada@",
  "ada@localhost",
  "ada@1.2.3.4",
  "ada@[1.2.3.4]",
  "a da@example.com",
  ".ada@example.com",
  "ada..l@example.com",
  "Ada <ada@example.com>",
  "ada@example.com/x",
  "ada@exam%70le.com",
  "ada@exa mple.com",
  "ada@-example.com",
  "ada@example..com",
  "ada@example.com:25",
  "ada@grace@example.com",
  `${"a".repeat(65)}@example.com`,
  `ada@${"a".repeat(64)}.com`,
  "a".repeat(400),
])("no address: %j", (cell) => {
  expect(normalIdentifier(cell, EMAIL)).toBeNull();
});

test.each([
  "+49 171 1234567",
  "+49 (0) 171 1234567",
  "+49 (0)171/123-4567",
  "0049 171 123 45 67",
  "0171 1234567",
  "(0171) 123.4567",
  "0171–1234567",
  "171 1234567",
  "+49 0171 1234567",
  "tel:+49-171-1234567",
  "(+49) 171 1234567",
  "＋４９ １７１ １２３４５６７",
])("the German number %j is one with the others", (cell) => {
  expect(normalIdentifier(cell, GERMAN)).toBe("+491711234567");
});

test("numbers of other plans: a trunk prefix 1, none at all, and a bare country code where that is declared", () => {
  for (const cell of ["(212) 555-0123", "1-212-555-0123", "+1 212 555 0123", "011 1 212 555 0123"])
    expect(normalIdentifier(cell, NORTH_AMERICAN)).toBe("+12125550123");
  expect(normalIdentifier("06 1234 5678", ITALIAN)).toBe("+390612345678");
  expect(normalIdentifier("+39 06 1234 5678", ITALIAN)).toBe("+390612345678");
  const bare = { ...GERMAN, bare: "international" } as const;
  expect(normalIdentifier("491711234567", bare)).toBe("+491711234567");
  expect(normalIdentifier("+44 20 7946 0958", GERMAN)).toBe("+442079460958");
});

test.each([
  "12",
  "call me",
  "+49 171 1234567 ext. 8",
  "0171+1234567",
  "+0171 1234567",
  "++49171123456",
  "1".repeat(20),
])("no telephone number: %j", (cell) => expect(normalIdentifier(cell, GERMAN)).toBeNull());

test.each([
  ["DE89 3704 0044 0532 0130 00", "DE89370400440532013000"],
  ["de89370400440532013000", "DE89370400440532013000"],
  ["IBAN: GB82 WEST 1234 5698 7654 32", "GB82WEST12345698765432"],
  ["gb82-west-1234-5698-7654-32", "GB82WEST12345698765432"],
  ["DE88 3704 0044 0532 0130 00", null],
  ["DE89 3704 0044 0532 0310 00", null],
  ["DE89 3704", null],
  ["8937040044053201300000", null],
])("the account %j is %j", (cell, expected) => {
  expect(normalIdentifier(cell, IBAN)).toBe(expected);
});

test("any one digit of an account that is wrong is noticed, and any two neighbours that are swapped", () => {
  const iban = "DE89370400440532013000";
  for (let at = 2; at < iban.length; at++) {
    const digit = Number(iban[at]);
    const changed = `${iban.slice(0, at)}${(digit + 1) % 10}${iban.slice(at + 1)}`;
    expect(normalIdentifier(changed, IBAN)).toBeNull();
    const next = iban[at + 1];
    if (next === undefined || next === iban[at]) continue;
    const swapped = `${iban.slice(0, at)}${next}${digit}${iban.slice(at + 2)}`;
    expect(normalIdentifier(swapped, IBAN)).toBeNull();
  }
});

test("texts: case as it is declared, white space and width levelled", () => {
  expect(normalIdentifier(" Straße  1 ", FOLDED)).toBe(normalIdentifier("STRASSE 1", FOLDED));
  expect(normalIdentifier("ΟΔΟΣ", FOLDED)).toBe(normalIdentifier("οδος", FOLDED));
  expect(normalIdentifier("Ｎｏ１２", EXACT)).toBe("No12");
  expect(normalIdentifier("No12", EXACT)).not.toBe(normalIdentifier("no12", EXACT));
});

test("an empty cell is missing, not invalid, for every type", () => {
  for (const rule of RULES)
    for (const cell of ["", "  ", "\u00a0\t"]) expect(normalIdentifier(cell, rule)).toBe("");
});

test("what is normal stays as it is, whatever the cell", () => {
  const parts = fc.constantFrom(..."aAßΣİé@.+-0149 ()/\u0301\u200d。ﬁ", "xn--", "de", "com", "00");
  const cell = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(parts).map((p) => p.join("")),
  );
  fc.assert(
    fc.property(cell, fc.constantFrom(...RULES), (text, rule) => {
      const once = normalIdentifier(text, rule);
      if (once !== null) expect(normalIdentifier(once, rule)).toBe(once);
    }),
    { numRuns: 1500 },
  );
});
