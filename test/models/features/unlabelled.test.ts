/** Tables whose rows may have no label. */
import { expect, test } from "vitest";
import { UNLABELLED } from "../../../models/data.ts";
import {
  type EncodedTable,
  type EncodeOptions,
  tableEncoder,
} from "../../../models/features/encoder.ts";
import { DataSchema } from "../../../shared/charter/schema.ts";

const LABEL = { column: "fraud", positive: "yes", negative: "no" };
const SCHEMA = DataSchema.parse({
  label: LABEL,
  unit: { column: "customer" },
  features: [{ name: "amount", type: "number", min: 0, max: 99 }],
});
const OPEN = DataSchema.parse({ ...SCHEMA, label: { ...LABEL, missing: "allow" } });
const HEADER = ["amount", "customer", "fraud"];
const OPTIONS: EncodeOptions = { table: "t.csv", isHoldout: () => false, allowOneClass: false };

function encode(rows: readonly string[][], schema = OPEN, options = OPTIONS): EncodedTable {
  const encoder = tableEncoder(schema, HEADER.slice(0, rows[0]?.length), options);
  for (const [i, row] of rows.entries()) encoder.add(row, i + 1, i + 2);
  return encoder.finish();
}

test("an empty cell is no label, and one class is enough", () => {
  const rows = [
    ["1", "a", "no"],
    ["2", "a", " "],
    ["3", "b", "no"],
  ];
  const { data, positiveCount, unlabelledCount } = encode(rows);
  expect([...data.train.labels]).toEqual([0, UNLABELLED, 0]);
  expect([...data.train.unitStarts]).toEqual([0, 2, 3]);
  expect({ positiveCount, unlabelledCount }).toEqual({ positiveCount: 0, unlabelledCount: 1 });
});

test("a table may lack the column, and is divided by unit as ever", () => {
  const rows = [
    ["1", "a"],
    ["2", "b"],
    ["3", "a"],
  ];
  const options = { ...OPTIONS, isHoldout: (id: string): boolean => id === "b" };
  const { data, unlabelledCount, rowCount } = encode(rows, OPEN, options);
  expect([rowCount, unlabelledCount]).toEqual([3, 3]);
  expect([...data.train.labels]).toEqual([UNLABELLED, UNLABELLED]);
  expect([...data.train.numbers]).toEqual([-1 + 2 / 99, -1 + 6 / 99].map(Math.fround));
  expect([...data.holdout.labels]).toEqual([UNLABELLED]);
});

test("another text is an error still, and so is every gap where the schema says nothing of it", () => {
  expect(() => encode([["1", "a", "maybe"]])).toThrow(
    't.csv: row 1 (line 2), column "fraud": the label must be "yes" or "no", or empty',
  );
  expect(() => encode([["1", "a", ""]], SCHEMA)).toThrow('the label must be "yes" or "no", as');
  expect(() => encode([["1", "a"]], SCHEMA)).toThrow('missing columns: "fraud"');
});
