/** Rows whose labels may still change are left out, each by its own time and no other's. */
import { expect, test } from "vitest";
import { type EncodedTable, tableEncoder } from "../../../models/features/encoder.ts";
import { timeOf } from "../../../models/features/label-delay.ts";
import { DataSchema } from "../../../shared/charter/schema.ts";

const DAY = 86_400_000;

test("every day of two centuries, and times in it, are read as the platform's own calendar reads them", () => {
  for (let day = -40_000; day < 50_000; day += 1) {
    const text = new Date(day * DAY).toISOString();
    expect(timeOf(text.slice(0, 10), "iso")).toBe(day * DAY);
  }
  for (const text of [
    "2026-11-25T17:41:32Z",
    "2024-02-29T23:59:59+05:30",
    "2000-02-29 00:00:00-0800",
    "1999-12-31T24:00".replace("24:00", "12:00"),
  ]) {
    const iso = /(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`;
    expect(timeOf(text, "iso")).toBe(Date.parse(iso.replace(" ", "T")));
  }
});

test.each([
  "",
  "2026-02-29",
  "2026-13-01",
  "26-01-01",
  "2026-1-1",
  "01/02/2026",
  "2026-01-01T25:00",
  "1767225600",
  "x",
])("%j is no date", (text) => {
  expect(timeOf(text, "iso")).toBeNull();
});

test("seconds since 1970 are whole numbers", () => {
  expect(timeOf("1767225600", "unixSeconds")).toBe(Date.UTC(2026, 0, 1));
  for (const text of ["", "-1", "1.5", "1767225600000", "2026-01-01"])
    expect(timeOf(text, "unixSeconds")).toBeNull();
});

const HEADER = ["time", "customer", "amount", "label"];

function schemaWith(delay: object, unit = true): DataSchema {
  return DataSchema.parse({
    label: { column: "label", delay: { column: "time", days: 30, ...delay } },
    unit: unit ? { column: "customer" } : null,
    features: [{ name: "amount", type: "number", min: 0, max: 10 }],
  });
}

function encode(
  rows: readonly (readonly string[])[],
  schema = schemaWith({}),
  more: { nowMs?: number; isHoldout?: (id: string) => boolean; onUnit?: (id: string) => void } = {},
): EncodedTable {
  const options = { table: "t.csv", isHoldout: () => false, allowOneClass: true, ...more };
  const encoder = tableEncoder(schema, HEADER, options);
  for (const [i, row] of rows.entries()) encoder.add(row, i + 1, i + 2);
  return encoder.finish();
}

const ROWS = [
  ["2026-03-01", "a", "1", "0"],
  ["2026-03-02", "b", "2", "1"],
  ["2026-03-02T00:00:01", "b", "3", "1"],
  ["2026-05-01", "c", "not a number", "?"],
];

test("rows younger than the delay are left out, to the second, and nothing in them is read", () => {
  const nowMs = Date.UTC(2026, 3, 1); // 30 days after 2 March.
  const units: string[] = [];
  const { rowCount, unsettledCount, unitCount, positiveCount, data } = encode(ROWS, undefined, {
    nowMs,
    onUnit: (id) => units.push(id),
  });
  expect({ rowCount, unsettledCount, unitCount, positiveCount }).toEqual({
    rowCount: 2,
    unsettledCount: 2,
    unitCount: 2,
    positiveCount: 1,
  });
  expect(data.train.rowCount).toBe(2);
  expect(units).toEqual(["a", "b"]);
});

test("a date in the schema comes before the moment of reading", () => {
  const schema = schemaWith({ asOf: "2026-04-02" });
  const rows = ROWS.slice(0, 3);
  expect(encode(rows, schema, { nowMs: 0 }).rowCount).toBe(3);
  expect(encode(rows, schemaWith({ asOf: "2026-03-31" }), { nowMs: 1e15 }).rowCount).toBe(1);
});

test("without a delay every row counts", () => {
  const schema = DataSchema.parse({ ...schemaWith({}), label: { column: "label" } });
  expect(encode(ROWS.slice(0, 3), schema).rowCount).toBe(3);
});

test("a row that is a unit of its own keeps its side, whatever rows before it have come of age", () => {
  const schema = schemaWith({}, false);
  const isHoldout = (id: string): boolean => id === "3";
  const early = encode([["2026-03-09", "", "1", "0"], ...ROWS.slice(1, 3)], schema, {
    nowMs: Date.UTC(2026, 3, 2),
    isHoldout,
  });
  const late = encode([["2026-03-09", "", "1", "0"], ...ROWS.slice(1, 3)], schema, {
    nowMs: Date.UTC(2026, 5, 1),
    isHoldout,
  });
  expect(early.data.holdout.numbers).toEqual(late.data.holdout.numbers);
  expect([early.rowCount, late.rowCount]).toEqual([2, 3]);
});

test("what is wrong is said without quoting a cell", () => {
  const bad = [["1 May", "a", "1", "0"]];
  expect(() => encode(bad, undefined, { nowMs: 0 })).toThrow(
    't.csv: row 1 (line 2), column "time": expected a date such as 2026-01-31',
  );
  expect(() => encode(ROWS.slice(0, 1))).toThrow("give it asOf");
  expect(() => encode(ROWS.slice(0, 2), undefined, { nowMs: 0 })).toThrow(
    "all 2 rows are younger than the schema's label.delay",
  );
  const { label, ...rest } = schemaWith({});
  const doubled = { ...rest, label: { ...label, delay: { column: "label", days: 1 } } };
  expect(() => DataSchema.parse(doubled)).toThrow("is not a time");
  const missing = (): unknown =>
    tableEncoder(schemaWith({ column: "when" }), HEADER, {
      table: "t.csv",
      isHoldout: () => false,
      allowOneClass: true,
      nowMs: 0,
    });
  expect(missing).toThrow('missing columns: "when"');
});
