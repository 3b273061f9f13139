/** JSON rows are read as a table's cells are, and nothing that an object inherits is a field. */
import { expect, test } from "vitest";
import { recordEncoder } from "../../../models/features/record-encoder.ts";
import { rowEncoder } from "../../../models/features/row-encoder.ts";
import { DataSchema } from "../../../shared/charter/schema.ts";
import { encodedRows, rawModel, rawRows } from "../raw-rows.ts";

test("a row as JSON is the row of cells", () => {
  const model = rawModel(["amount", "age", "debt", "channel", "shop"], []);
  const { features } = model.schema;
  const header = features.map(({ name }) => name);
  const cells = rowEncoder(model.schema, header, "table");
  const rows = rawRows(model, 300);
  const data = encodedRows(model, rows);
  const numbers = new Float32Array(3);
  const codes = new Uint16Array(2);
  for (const [r, row] of rows.entries()) {
    const texts = header.map((name) => String(row[name] ?? ""));
    const into = { numbers, numbersAt: 0, codes, codesAt: 0 };
    cells.encode(texts, { table: "table", row: 1, line: 2 }, into);
    expect(data.numbers.subarray(3 * r, 3 * r + 3)).toEqual(numbers);
    expect(data.codes.subarray(2 * r, 2 * r + 2)).toEqual(codes);
  }
});

test("what every object inherits is no field, and true and 1 are texts for a category", () => {
  const schema = DataSchema.parse({
    label: { column: "label" },
    unit: null,
    features: [
      { name: "constructor", type: "number", min: 0, max: 1 },
      { name: "valueOf", type: "category", categories: ["true", "1"] },
    ],
  });
  const { encode } = recordEncoder(schema);
  const codes = new Uint16Array(1);
  const into = { numbers: new Float32Array(1), numbersAt: 0, codes, codesAt: 0 };
  expect(encode({}, into).map(({ field, code }) => [field, code])).toEqual([
    ["constructor", "field-absent"],
    ["valueOf", "field-absent"],
  ]);
  const coded = [true, 1, false, null].map((value) => {
    expect(encode({ constructor: 0.5, valueOf: value }, into)).toEqual([]);
    return codes[0];
  });
  expect(coded).toEqual([1, 2, 0, 0]);
  for (const row of [null, [], "row", 7, undefined])
    expect(encode(row, into)).toMatchObject([{ field: "", code: "row-not-object" }]);
});
