/** Tests of `models/features/encoder.ts`. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type EncodedTable,
  type EncodeOptions,
  tableEncoder,
} from "../../../models/features/encoder.ts";
import { holdoutRule } from "../../../models/features/partition.ts";
import { rowEncoder } from "../../../models/features/row-encoder.ts";
import { CloisterError } from "../../../shared/base/errors.ts";
import { DataSchema } from "../../../shared/charter/schema.ts";

const SCHEMA = DataSchema.parse({
  label: { column: "fraud", positive: "yes", negative: "no" },
  unit: { column: "customer" },
  features: [
    { name: "amount", type: "number", min: 0, max: 99, transform: "log" },
    { name: "country", type: "category", categories: ["FR", "DE"] },
    { name: "age", type: "number", min: 0, max: 100, missing: "indicator" },
  ],
});
const HEADER = ["country", "unused", "age", "amount", "customer", "fraud"];
const NONE_HELD_OUT: EncodeOptions = {
  table: "t.csv",
  isHoldout: () => false,
  allowOneClass: false,
};

function encode(rows: readonly string[][], options = NONE_HELD_OUT, schema = SCHEMA): EncodedTable {
  const encoder = tableEncoder(schema, HEADER, options);
  for (const [i, row] of rows.entries()) encoder.add(row, i + 1, i + 2);
  return encoder.finish();
}

function faultOf(action: () => unknown): CloisterError {
  try {
    action();
  } catch (error) {
    if (error instanceof CloisterError) return error;
    throw error;
  }
  throw new Error("expected a CloisterError, but nothing was thrown");
}

test("columns are found by name, scaled to their bounds and coded by their list", () => {
  const { data, rowCount, unitCount, positiveCount } = encode([
    ["FR", "-", "50", "0", "a", "no"],
    ["DE", "-", "", "9", "b", "yes"],
    [" XX ", "-", " 25 ", "1e9", "c", "no"],
  ]);

  expect({ rowCount, unitCount, positiveCount }).toEqual({
    rowCount: 3,
    unitCount: 3,
    positiveCount: 1,
  });
  // ln(1 + 9) is half of ln(1 + 99); 1e9 is clamped to 99.
  expect([...data.train.numbers]).toEqual([-1, 0, expect.closeTo(0, 6), Number.NaN, 1, -0.5]);
  expect([...data.train.codes]).toEqual([1, 2, 0]);
  expect([...data.train.labels]).toEqual([0, 1, 0]);
  expect([...data.train.unitStarts]).toEqual([0, 1, 2, 3]);
  expect(data.holdout.rowCount).toBe(0);
  expect([...data.holdout.unitStarts]).toEqual([0]);
});

test("negative numbers under the log transform keep their sign and order", () => {
  const features = [{ name: "amount", type: "number", min: -99, max: 99, transform: "log" }];
  const schema = DataSchema.parse({ ...SCHEMA, features });
  const amounts = ["-1000", "-9", "0", "9", "99"];
  const rows = amounts.map((amount, i) => [
    "FR",
    "",
    "",
    amount,
    String(i),
    i === 0 ? "yes" : "no",
  ]);

  const { numbers } = encode(rows, NONE_HELD_OUT, schema).data.train;

  expect(numbers[0]).toBe(-1);
  expect(numbers[1]).toBeCloseTo(-0.5, 6);
  expect(numbers[2]).toBeCloseTo(0, 6);
  expect(numbers[3]).toBeCloseTo(0.5, 6);
  expect(numbers[4]).toBe(1);
});

test("rows of one unit become neighbours, in their order, on one side", () => {
  const options = { ...NONE_HELD_OUT, isHoldout: (id: string) => id === "b" };
  const { data } = encode(
    [
      ["FR", "", "0", "1", "a", "no"],
      ["FR", "", "10", "1", "b", "yes"],
      ["FR", "", "20", "1", "c", "no"],
      ["FR", "", "30", "1", "b", "no"],
      ["FR", "", "40", "1", "a", "yes"],
    ],
    options,
  );
  const ages = (numbers: Float32Array): number[] =>
    [...numbers].filter((_, i) => i % 2 === 1).map((x) => Math.round((x + 1) * 50));

  expect(ages(data.train.numbers)).toEqual([0, 40, 20]);
  expect([...data.train.labels]).toEqual([0, 1, 0]);
  expect([...data.train.unitStarts]).toEqual([0, 2, 3]);
  expect(ages(data.holdout.numbers)).toEqual([10, 30]);
  expect([...data.holdout.labels]).toEqual([1, 0]);
  expect([...data.holdout.unitStarts]).toEqual([0, 2]);
});

test("without a unit column each row is a unit, known by its row number", () => {
  const schema = DataSchema.parse({ ...SCHEMA, unit: null });
  const seen: string[] = [];
  const isHoldout = (id: string): boolean => seen.push(id) > 2;
  const rows = ["no", "yes", "no"].map((label) => ["FR", "", "1", "1", "", label]);

  const { data } = encode(rows, { ...NONE_HELD_OUT, isHoldout }, schema);

  expect(seen).toEqual(["1", "2", "3"]);
  expect([...data.train.unitStarts]).toEqual([0, 1, 2]);
  expect([...data.holdout.unitStarts]).toEqual([0, 1]);
});

test("every row of any table arrives once, with its unit, on the side its unit belongs to", () => {
  const row = fc.record({
    customer: fc.integer({ min: 0, max: 30 }),
    age: fc.integer({ min: 0, max: 100 }),
  });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 3000 }), fc.string(), (rows, salt) => {
      const isHoldout = holdoutRule(0.4, salt);
      const cells = rows.map(({ customer, age }) => [
        "",
        "",
        String(age),
        "1",
        `c${customer}`,
        "no",
      ]);
      const { data, rowCount } = encode(cells, { table: "t", isHoldout, allowOneClass: true });
      const found: string[] = [];
      for (const [side, part] of [data.train, data.holdout].entries()) {
        for (let unit = 0; unit + 1 < part.unitStarts.length; unit++) {
          const ages: number[] = [];
          for (let i = part.unitStarts[unit] ?? 0; i < (part.unitStarts[unit + 1] ?? 0); i++) {
            ages.push(Math.round(((part.numbers[2 * i + 1] ?? 0) + 1) * 50));
          }
          found.push(`${side}:${ages.join()}`);
        }
      }
      const expected = new Map<string, number[]>();
      for (const { customer, age } of rows) {
        expected.set(`c${customer}`, [...(expected.get(`c${customer}`) ?? []), age]);
      }
      const lines = [...expected].map(([id, ages]) => `${isHoldout(id) ? 1 : 0}:${ages.join()}`);
      expect(found.sort()).toEqual(lines.sort());
      expect(rowCount).toBe(rows.length);
    }),
    { numRuns: 30 },
  );
});

test("all missing columns are named at once, label and unit included", () => {
  const fault = faultOf(() => tableEncoder(SCHEMA, ["age", "other"], NONE_HELD_OUT));

  expect(fault.code).toBe("data.missing-columns");
  expect(fault.message).toContain(
    't.csv: missing columns: "fraud", "customer", "amount", "country"',
  );
  expect(fault.message).not.toContain('"age"');
});

const GOOD = ["FR", "", "50", "10", "a", "no"];
const BAD_ROWS: [string, string, string[], string][] = [
  [
    "data.cell-not-a-number",
    "text in a number column",
    ["FR", "", "50", "secret", "a", "no"],
    'column "amount"',
  ],
  [
    "data.cell-not-a-number",
    "a decimal comma",
    ["FR", "", "secret1,5", "1", "a", "no"],
    'column "age"',
  ],
  [
    "data.cell-not-a-number",
    "a hexadecimal number",
    ["FR", "", "0x10", "1", "a", "no"],
    'column "age"',
  ],
  ["data.cell-not-a-number", "an infinity", ["FR", "", "1e999", "1", "a", "no"], 'column "age"'],
  [
    "data.cell-missing",
    "a missing number where the schema allows none",
    ["FR", "", "50", "", "a", "no"],
    'column "amount"',
  ],
  [
    "data.bad-label",
    "a label that is neither text",
    ["FR", "", "50", "1", "a", "secret"],
    'column "fraud"',
  ],
  ["data.bad-label", "an empty label", ["FR", "", "50", "1", "a", ""], 'column "fraud"'],
  ["data.empty-unit", "an empty unit id", ["FR", "", "50", "1", "  ", "no"], 'column "customer"'],
];

test.each(BAD_ROWS)("%s: %s is refused with its row and column", (code, _name, row, place) => {
  const fault = faultOf(() => encode([GOOD, row]));

  expect(fault.code).toBe(code);
  expect(fault.message).toContain(`t.csv: row 2 (line 3), ${place}: `);
  expect(fault.message).not.toContain("secret");
  expect(fault.message).not.toContain("\n");
});

test.each(["", "NA", "?", "NaN", "null"])("%j in a number column means missing", (cell) => {
  const { numbers } = encode([GOOD, ["FR", "", cell, "1", "b", "yes"]]).data.train;

  expect(numbers[3]).toBeNaN();
});

// With backtracking over the digits this takes a minute; without, a millisecond.
const HANG_LIMIT_MS = 10_000;

test("a very long cell that is nearly a number is refused, in time linear in its length", {
  timeout: HANG_LIMIT_MS,
}, () => {
  const fault = faultOf(() => encode([["FR", "", "50", `${"1".repeat(200_000)}x`, "a", "no"]]));

  expect(fault.code).toBe("data.cell-not-a-number");
});

const EXTREME: [string, number, number, "none" | "log"][] = [
  ["wider than any number", -1.7e308, 1.7e308, "none"],
  ["the same once the logarithm is taken", 1e16, 1e16 + 2, "log"],
  ["too close to divide by", 0, 1e-320, "none"],
];

test.each(
  EXTREME,
)("bounds %s are refused, never turned into missing values", (_name, min, max, transform) => {
  const features = [{ name: "amount", type: "number", min, max, transform }];
  const schema = DataSchema.parse({ ...SCHEMA, features });

  const fault = faultOf(() => encode([GOOD], NONE_HELD_OUT, schema));

  expect(fault.code).toBe("data.bad-bounds");
  expect(fault.message).toContain('"amount"');
});

test("no rows and one class only are refused, unless one class is asked for", () => {
  const lenient = { ...NONE_HELD_OUT, allowOneClass: true };

  expect(faultOf(() => encode([])).code).toBe("data.no-rows");
  expect(faultOf(() => encode([], lenient)).code).toBe("data.no-rows");
  expect(faultOf(() => encode([GOOD, GOOD])).code).toBe("data.one-class");
  expect(faultOf(() => encode([GOOD, GOOD])).message).toContain("all 2 labels are negative");
  expect(encode([GOOD], lenient).rowCount).toBe(1);
});

test("both classes may lie in different partitions", () => {
  const isHoldout = (id: string): boolean => id === "b";

  const { data } = encode([GOOD, ["FR", "", "1", "1", "b", "yes"]], {
    ...NONE_HELD_OUT,
    isHoldout,
  });

  expect([data.train.rowCount, data.holdout.rowCount]).toEqual([1, 1]);
});

test("a row to be scored needs neither label nor unit and is encoded as in training", () => {
  const trained = encode([GOOD, ["DE", "", "7", "3", "b", "yes"]]).data.train;
  const encoder = rowEncoder(SCHEMA, ["amount", "age", "country"], "s.csv");
  const into = { numbers: new Float32Array(4), codes: new Uint16Array(2) };
  const place = { table: "s.csv", row: 2, line: 3 };
  encoder.encode(["10", "50", "FR"], place, { ...into, numbersAt: 0, codesAt: 0 });
  encoder.encode(["3", "7", "DE"], place, { ...into, numbersAt: 2, codesAt: 1 });

  expect(into.numbers).toEqual(trained.numbers);
  expect(into.codes).toEqual(trained.codes);
  const bad = (): void =>
    encoder.encode(["x", "1", "FR"], place, { ...into, numbersAt: 0, codesAt: 0 });
  expect(faultOf(bad).message).toContain('s.csv: row 2 (line 3), column "amount"');
});
