/** Tests of `agent/data/inference.ts`. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loadDataset } from "../../../agent/data/dataset.ts";
import { inferSchema } from "../../../agent/data/inference.ts";
import type { Inference } from "../../../models/features/infer.ts";
import { faultOf, tempFile } from "./files.ts";

const OPTIONS = { label: "y", positive: null, unit: null, drop: [], categorical: [], numeric: [] };

test("a schema is proposed from a file, and the file passes it", async () => {
  const lines = Array.from({ length: 200 }, (_, i) => `${i % 4 ? "no" : "yes"};${i % 20};"a;b"`);
  const path = tempFile("table.csv", `\uFEFFy;x;z\r\n${lines.join("\r\n")}`);

  const { schema, rowCount } = await inferSchema(path, { ...OPTIONS, categorical: ["x"] });
  const loaded = await loadDataset(path, schema, { holdoutFraction: 0.2, holdoutSalt: "s" });

  expect(rowCount).toBe(200);
  expect(schema.label).toEqual({ column: "y", positive: "yes", negative: "no" });
  expect(schema.features).toMatchObject([{ name: "x", type: "category" }]);
  expect(loaded.positiveCount).toBe(50);
});

test("an empty file and a missing label column are refused", async () => {
  expect((await faultOf(() => inferSchema(tempFile("t.csv", ""), OPTIONS))).code).toBe(
    "data.empty-file",
  );
  const fault = await faultOf(() => inferSchema(tempFile("t.csv", "a,b\n1,2\n"), OPTIONS));
  expect(fault.code).toBe("data.missing-columns");
});

/** Public tables that lie beside the repository where it is developed; skipped where they do not. */
const PUBLIC = fileURLToPath(new URL("../../../../shared/data/", import.meta.url));

interface PublicTable {
  readonly folder: string;
  readonly drop: readonly string[];
  readonly codes: readonly string[];
  readonly numbers: readonly string[];
  readonly skipped: readonly string[];
}

// `codes` are the integer columns that the published baselines take as categories.
const TABLES: readonly PublicTable[] = [
  {
    folder: "heart-disease-4-hospitals",
    drop: ["num"],
    codes: ["cp", "restecg", "slope", "thal"],
    numbers: ["age", "trestbps", "chol", "thalach", "oldpeak"],
    skipped: [],
  },
  {
    folder: "uci-credit-default",
    drop: [],
    codes: ["EDUCATION", "MARRIAGE"],
    numbers: ["LIMIT_BAL", "AGE", "BILL_AMT1", "PAY_AMT6"],
    skipped: ["ID"],
  },
  {
    folder: "bank-marketing",
    drop: ["duration"],
    codes: [],
    numbers: ["age", "balance", "campaign", "pdays", "previous"],
    skipped: [],
  },
  {
    folder: "ucsd-fico-2009-ecommerce-fraud",
    drop: [],
    codes: ["field1"],
    numbers: ["amount", "hour1", "zip1", "field3"],
    skipped: [],
  },
  {
    folder: "census-income-kdd",
    drop: [],
    codes: [
      "detailed industry recode",
      "detailed occupation recode",
      "own business or self employed",
      "veterans benefits",
    ],
    numbers: ["age", "wage per hour", "capital gains", "weeks worked in year"],
    skipped: ["src_row"],
  },
];

function usesOf({ columns }: Inference, names: readonly string[]): string[] {
  return names.map((name) => columns.find(({ column }) => column === name)?.use ?? "absent");
}

for (const { folder, drop, codes, numbers, skipped } of TABLES) {
  const path = `${PUBLIC}${folder}/data.csv.gz`;
  test.skipIf(!existsSync(path))(
    `${folder}: codes, amounts and identifiers are told apart`,
    async () => {
      const options = { ...OPTIONS, label: "label", drop: ["org", "fold", ...drop] };

      const inference = await inferSchema(path, options);

      expect(usesOf(inference, codes)).toEqual(codes.map(() => "category"));
      expect(usesOf(inference, numbers)).toEqual(numbers.map(() => "number"));
      expect(usesOf(inference, skipped)).toEqual(skipped.map(() => "skipped"));
      // The largest table is read once only: this suite has seconds, not minutes.
      if (inference.rowCount > 100_000) return;
      const split = { holdoutFraction: 0.2, holdoutSalt: "s" };
      const loaded = await loadDataset(path, inference.schema, split);
      expect(loaded.rowCount).toBe(inference.rowCount);
      expect(loaded.positiveCount).toBe(inference.positiveCount);
    },
  );
}
