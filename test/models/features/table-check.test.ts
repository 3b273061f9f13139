/** Tests of `models/features/table-check.ts`: what it calls fit, the encoder takes, and the other way round. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { tableEncoder } from "../../../models/features/encoder.ts";
import { type TableCheck, tableChecker } from "../../../models/features/table-check.ts";
import { DataSchema } from "../../../shared/charter/schema.ts";

const SCHEMA = DataSchema.parse({
  label: { column: "fraud", positive: "yes", negative: "no", delay: { column: "time", days: 1 } },
  unit: { column: "customer" },
  features: [
    { name: "amount", type: "number", min: 0, max: 99 },
    { name: "country", type: "category", categories: ["FR", " DE"] },
    { name: "age", type: "number", min: 0, max: 100, missing: "indicator" },
  ],
  identifiers: [{ name: "mail", type: "email" }],
});
const HEADER = ["country", "age", "amount", "customer", "fraud", "time", "mail"];
const GOOD = ["DE", "", "12.5", "c1", "yes", "2026-01-31", ""];

function check(rows: readonly (readonly string[])[], header = HEADER): TableCheck {
  const checker = tableChecker(SCHEMA, header);
  for (const [i, row] of rows.entries()) checker.add(row, i + 2);
  return checker.finish();
}

test("all faults are counted by column and kind, with their first lines; and what fits but looks odd", () => {
  const found = check([
    GOOD,
    ["de", "101", "1,5", " ", "maybe", "31.1.2026", "a@b.example"],
    ["de", "-1", "EUR 2", "c2", "no", "2026-01-31", "a@b.example"],
    ["", "5", "", "c2", "no", "2026-01-31", ""],
    ["fr", "5", "x", "c1", "no", "2026-01-31", ""],
    ["FR", "x", "y", "c1", "no", "2026-01-31", ""],
  ]);
  expect(found).toMatchObject({ rowCount: 6, positiveCount: 1, unitCount: 2, missing: [] });
  expect(found.faults).toEqual([
    { column: "fraud", code: "data.bad-label", count: 1, lines: [3] },
    { column: "customer", code: "data.empty-unit", count: 1, lines: [3] },
    { column: "time", code: "data.bad-time", count: 1, lines: [3] },
    { column: "amount", code: "data.cell-not-a-number", count: 4, lines: [3, 4, 6] },
    { column: "amount", code: "data.cell-missing", count: 1, lines: [5] },
    { column: "age", code: "data.cell-not-a-number", count: 1, lines: [7] },
  ]);
  const [amount, country, age, mail] = found.columns;
  expect(amount).toMatchObject({ missing: 1, below: 0, above: 0 });
  const texts = [
    ["de", 2],
    ["fr", 1],
  ];
  expect(country).toMatchObject({ missing: 1, undeclared: 3, texts });
  expect(age).toMatchObject({ missing: 1, below: 1, above: 1 });
  expect(mail).toMatchObject({ missing: 4 });
});

test("columns that are not there are all named, with the place of one that is spelled almost so", () => {
  const header = ["Country", "age", "Amount (EUR)", "customer", "fraud", "time", "mail"];
  expect(check([GOOD], header).missing).toEqual([
    { column: "amount", like: null },
    { column: "country", like: 1 },
  ]);
});

test("a table is without faults exactly if the encoder takes it", () => {
  const cell = fc.constantFrom(
    "DE",
    "",
    "12.5",
    "c1",
    "yes",
    "no",
    "2026-01-31",
    "NA",
    "x",
    "1e999",
  );
  const row = fc.array(cell, { minLength: 7, maxLength: 7 });
  // One cell of a good row at most, so that about half of the tables fit.
  const near = fc.tuple(fc.nat(6), cell).map(([at, text]) => GOOD.with(at, text));
  const rows = fc.array(fc.oneof({ weight: 20, arbitrary: near }, row), {
    minLength: 1,
    maxLength: 3,
  });
  fc.assert(
    fc.property(rows, (table) => {
      const options = { table: "t", isHoldout: () => false, allowOneClass: true, nowMs: 2e12 };
      const encode = (): void => {
        const encoder = tableEncoder(SCHEMA, HEADER, options);
        for (const [i, one] of table.entries()) encoder.add(one, i + 1, i + 2);
      };
      if (check(table).faults.length === 0) expect(encode).not.toThrow();
      else expect(encode).toThrow(/line \d/);
    }),
  );
});
