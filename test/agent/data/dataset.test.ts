/** Tests of `agent/data/dataset.ts`. */
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { loadDataset } from "../../../agent/data/dataset.ts";
import { DataSchema } from "../../../shared/charter/schema.ts";
import { faultOf, tempFile } from "./files.ts";

const SCHEMA = DataSchema.parse({
  label: { column: "fraud" },
  unit: { column: "customer" },
  features: [
    { name: "amount", type: "number", min: 0, max: 100 },
    { name: "country", type: "category", categories: ["FR", "DE"] },
  ],
});
const OPTIONS = { holdoutFraction: 0.25, holdoutSalt: "salt" };
const HEADER = "customer,amount,country,fraud\n";

function table(rowCount: number): string {
  const lines = Array.from({ length: rowCount }, (_, i) => {
    const customer = `customer-with-a-long-id-${Math.floor(i / 5)}`;
    return `${customer},${i % 100},${i % 3 ? "FR" : "DE"},${i % 50 ? 0 : 1}\n`;
  });
  return HEADER + lines.join("");
}

test("a packed file is loaded, encoded and partitioned by customer", async () => {
  const path = tempFile("bank.csv.gz", gzipSync(table(20_000)));

  const { data, rowCount, unitCount, positiveCount } = await loadDataset(path, SCHEMA, OPTIONS);

  expect({ rowCount, unitCount, positiveCount }).toEqual({
    rowCount: 20_000,
    unitCount: 4000,
    positiveCount: 400,
  });
  expect(data.train.rowCount + data.holdout.rowCount).toBe(20_000);
  expect(Math.abs(data.holdout.rowCount / 20_000 - 0.25)).toBeLessThan(0.04);
  const starts = data.holdout.unitStarts;
  expect(starts.length - 1).toBe(data.holdout.rowCount / 5);
  expect(data.train.numbers).toHaveLength(data.train.rowCount);
  expect(data.train.codes).toHaveLength(data.train.rowCount);
});

test("the same file and salt give the same partitions, another salt gives others", async () => {
  const path = tempFile("bank.csv", table(2000));

  const first = await loadDataset(path, SCHEMA, OPTIONS);
  const again = await loadDataset(path, SCHEMA, OPTIONS);
  const other = await loadDataset(path, SCHEMA, { ...OPTIONS, holdoutSalt: "other" });

  expect(again).toEqual(first);
  expect(other.data.holdout.numbers).not.toEqual(first.data.holdout.numbers);
});

const FAULTS: [string, string, string, RegExp][] = [
  ["data.missing-columns", "no label column", "customer,amount,country\na,1,FR\n", /"fraud"/],
  [
    "data.cell-not-a-number",
    "text for a number",
    `${HEADER}a,secret,FR,0\n`,
    /row 1 \(line 2\), column "amount"/,
  ],
  ["data.ragged-row", "a ragged row", `${HEADER}a,1,FR,0\na,1,secret\n`, /row 2 \(line 3\)/],
  [
    "data.one-class",
    "one class only",
    `${HEADER}a,1,FR,0\nb,1,FR,0\n`,
    /all 2 labels are negative/,
  ],
  ["data.no-rows", "no rows", HEADER, /no rows/],
  ["data.empty-file", "an empty file", "", /empty/],
];

test.each(FAULTS)("%s: %s is refused with file and place", async (code, _name, text, message) => {
  const path = tempFile("bank.csv", text);

  const fault = await faultOf(() => loadDataset(path, SCHEMA, OPTIONS));

  expect(fault.code).toBe(code);
  expect(fault.exitCode).toBe(3);
  expect(fault.message).toMatch(message);
  expect(fault.message.startsWith(`${path}: `)).toBe(true);
  expect(fault.message).not.toContain("secret");
});

test("one class is accepted where it is asked for", async () => {
  const path = tempFile("bank.csv", `${HEADER}a,1,FR,0\n`);

  const { positiveCount } = await loadDataset(path, SCHEMA, { ...OPTIONS, allowOneClass: true });

  expect(positiveCount).toBe(0);
});
