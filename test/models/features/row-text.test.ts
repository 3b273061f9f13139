/** The fast reader of a row's text against JSON.parse and the record encoder: the same row, or no row at all. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { recordEncoder } from "../../../models/features/record-encoder.ts";
import { rowText } from "../../../models/features/row-text.ts";
import { DataSchema } from "../../../shared/charter/schema.ts";

const schema = DataSchema.parse({
  label: { column: "label" },
  unit: null,
  features: [
    { name: "amount", type: "number", min: -50, max: 20_000, transform: "log" },
    { name: "age", type: "number", min: 18, max: 99, missing: "indicator" },
    { name: "__proto__", type: "category", categories: ["Überweisung", 'a "quoted"', ""] },
    { name: 'an "odd" name', type: "category", categories: ["web", "shop"] },
  ],
});
const [slow, fast] = [recordEncoder(schema), rowText(schema)];
const target = () => ({
  numbers: new Float32Array(2),
  numbersAt: 0,
  codes: new Uint16Array(2),
  codesAt: 0,
});

/** Null: refused. */
function bySlow(text: string): ReturnType<typeof target> | null {
  const into = target();
  try {
    return slow.encode(JSON.parse(text), into).length === 0 ? into : null;
  } catch {
    return null;
  }
}

function byFast(text: string): ReturnType<typeof target> | null {
  const into = target();
  return fast(text, into) ? into : null;
}

const row = { amount: 12.5, age: null, ["__proto__"]: "Überweisung", 'an "odd" name': "web" };
const plain = JSON.stringify(row);

test("a plain row is read, in any order and with white space around what it holds", () => {
  const turned = `{ "an \\"odd\\" name" : "web" }`;
  expect(byFast(turned)).toBeNull();
  const orders = [
    plain,
    ` \n{ "amount" :\t12.5 , "age": null, "__proto__":" Überweisung ", ${JSON.stringify('an "odd" name')}:"web"}\r\n`,
    `{"__proto__":"Überweisung","age":null,"amount":12.50,"an \\"odd\\" name":"web"}`,
  ];
  for (const text of orders) {
    expect(byFast(text)).toEqual(bySlow(plain));
    expect(byFast(text)).not.toBeNull();
  }
});

test.each([
  ["a field absent", plain.replace('"age":null,', "")],
  ["a field twice", plain.replace('"age":null', '"age":null,"age":20')],
  ["a field twice and another absent", plain.replace('"age":null', '"amount":3')],
  ["a required number unknown", plain.replace("12.5", "null")],
  ["a number as text", plain.replace("12.5", '"12.5"')],
  ["a number with a leading zero", plain.replace("12.5", "012.5")],
  ["a number with a leading plus", plain.replace("12.5", "+12.5")],
  ["a number without digits before the point", plain.replace("12.5", ".5")],
  ["a number without digits after the point", plain.replace("12.5", "12.")],
  ["a number with an exponent", plain.replace("12.5", "1e1")],
  ["a number with a unit", plain.replace("12.5", "12.5x")],
  ["a number beyond doubles", plain.replace("12.5", "9".repeat(400))],
  ["a minus alone", plain.replace("12.5", "-")],
  ["hexadecimal digits", plain.replace("12.5", "0x1")],
  ["a comma too many", plain.replace("}", ",}")],
  ["a comma too few", plain.replace(",", " ")],
  ["something behind it", `${plain} x`],
  ["a second row behind it", `${plain}${plain}`],
  ["a list around it", `[${plain}]`],
  ["an object in a field", plain.replace('"web"', "{}")],
  ["a line feed in a text", plain.replace("web", "w\neb")],
  ["an escape in a text", plain.replace("web", "w\\u0065b")],
  ["a text without an end", plain.slice(0, -2)],
  ["nothing", ""],
])("%s is not read", (_, text) => {
  expect(byFast(text)).toBeNull();
});

test("what is read is what JSON.parse and the record encoder read, to the bit", () => {
  const number = fc.oneof(
    fc.double({ noNaN: true }).map(String),
    fc.integer().map(String),
    fc.tuple(fc.nat(1e9), fc.nat({ max: 1e9 })).map(([a, b]) => `${a}.${b}`),
    fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map(String),
    fc.constantFrom(
      "-0",
      "0.10",
      "0.1000000000000000055511151231257827",
      "null",
      "00",
      "1.e5",
      "-",
    ),
  );
  const category = fc
    .oneof(fc.string(), fc.constantFrom("web", " shop", "Überweisung"))
    .map((text) => JSON.stringify(text));
  const texts = fc
    .tuple(number, number, category, category)
    .map(
      ([amount, age, first, second]) =>
        `{"amount":${amount},"age":${age},"__proto__":${first},"an \\"odd\\" name":${second}}`,
    );
  let read = 0;
  fc.assert(
    fc.property(texts, (text) => {
      const found = byFast(text);
      if (found === null) return;
      read += 1;
      expect(found).toEqual(bySlow(text));
    }),
    { numRuns: 3000, seed: 5 },
  );
  expect(read).toBeGreaterThan(500);
});

test("a row that is spoilt anywhere is read only where the slow way reads the same", () => {
  fc.assert(
    fc.property(
      fc.nat(plain.length - 1),
      fc.string({ maxLength: 2 }),
      fc.nat(2),
      (at, text, cut) => {
        const spoilt = plain.slice(0, at) + text + plain.slice(at + cut);
        const found = byFast(spoilt);
        if (found !== null) expect(found).toEqual(bySlow(spoilt));
      },
    ),
    { numRuns: 3000, seed: 6 },
  );
});
