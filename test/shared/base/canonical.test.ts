/** Canonical JSON: one text for one value. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson, type Json } from "../../../shared/base/canonical.ts";

const json = fc.jsonValue() as fc.Arbitrary<Json>;

function reversed(value: Json): Json {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item: Json) => reversed(item));
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([key, item]) => [key, reversed(item ?? null)]));
}

test("the text reads back as the value and does not depend on the order of keys", () => {
  fc.assert(
    fc.property(json, (value) => {
      const text = canonicalJson(value);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalJson(reversed(value))).toBe(text);
      expect(canonicalJson(JSON.parse(text))).toBe(text);
    }),
  );
});

test("keys are sorted by UTF-16 code units, as in the example of RFC 8785 §3.2.3", () => {
  const value = {
    "\u20ac": 1,
    "\r": 2,
    "\ufb33": 3,
    "1": 4,
    "\ud83d\ude00": 5,
    "\u0080": 6,
    "\u00f6": 7,
  };
  const order = canonicalJson(value).match(/\d(?=[,}])/g);
  expect(order?.map(Number)).toEqual([2, 4, 6, 7, 1, 5, 3]);
});

test("numbers have their ECMAScript form, undefined is left out, infinities are refused", () => {
  expect(canonicalJson({ b: 1e21, a: [-0, 0.000001, 1e-7], c: undefined })).toBe(
    '{"a":[0,0.000001,1e-7],"b":1e+21}',
  );
  expect(() => canonicalJson(Number.NaN)).toThrow();
  expect(() => canonicalJson([Number.POSITIVE_INFINITY])).toThrow();
});
