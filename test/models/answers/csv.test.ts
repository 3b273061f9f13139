/** CSV of a table: RFC 4180 as another reader has it, intervals in columns of their own, no formulas. */
import Papa from "papaparse";
import { expect, test } from "vitest";
import { tableCsv } from "../../../models/answers/csv.ts";
import { ANSWER } from "./samples.ts";

const [table] = ANSWER.tables;
const csv = table ? tableCsv(table) : "";

test("another reader finds every cell, and every line has as many", () => {
  const { data, errors } = Papa.parse<string[]>(csv.trimEnd(), { newline: "\r\n" });
  expect(errors).toEqual([]);
  expect(data).toEqual([
    ["country", "'=channel", "rows", "rows low", "rows high"].concat([
      "share",
      "share low",
      "share high",
      "p",
    ]),
    ["DE", "web", "12345.5", "12267", "12424", "0.25", "0.2375", "0.2625", "0.00000123"],
    ["FR", '\'=2+5, "shop"\nand more', "-3", "-83", "77", "", "", "", "inf"],
    ["-5", "'@all", "2", "2", "inf", "0.5", "", "", ""],
  ]);
});

test("lines end as the standard has it, the last too", () => {
  expect(csv.endsWith("\r\n")).toBe(true);
  expect(csv.replaceAll("\r\n", "").replaceAll('"shop""\n', "")).not.toContain("\r");
});

test.each([
  "=1+1",
  "+cmd",
  "-2+3",
  "@x",
  "\tx",
  "\rx",
  "＝1",
])("a spreadsheet takes %j for text", (text) => {
  const columns = [{ name: "a", kind: "text" as const }];
  const [, line = ""] = tableCsv({ name: "t", columns, rows: [[text]] }).split("\r\n");
  expect(line.replace(/^"/, "").startsWith("'")).toBe(true);
});

test("plain numbers are not touched, whatever their sign", () => {
  const columns = [{ name: "a", kind: "text" as const }];
  expect(tableCsv({ name: "t", columns, rows: [["-5"], ["+1.25"], [-5]] })).toBe(
    "a\r\n-5\r\n+1.25\r\n-5\r\n",
  );
});
