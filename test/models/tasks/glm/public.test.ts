/**
 * Regressions of public tables divided by organisation against the tables' own fit by least squares over all their rows:
 * skipped where the tables are not.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { PartitionedData } from "../../../../models/data.ts";
import { tableEncoder } from "../../../../models/features/encoder.ts";
import { glmTask } from "../../../../models/tasks/glm/glm.ts";
import { DataSchema } from "../../../../shared/charter/schema.ts";
import { referenceFit } from "../../../support/glm-reference.ts";
import {
  cellsOf,
  glmAnswer,
  glmContext,
  glmRun,
  numberIn,
  plainSum,
} from "../../../support/glm-run.ts";
import { enrolled } from "../../../support/manifests.ts";
import { secureSum } from "../../../support/secure-sum.ts";

const PUBLIC = fileURLToPath(new URL("../../../../../shared/data/", import.meta.url));

interface Public {
  readonly folder: string;
  /** Columns of numbers, with bounds and whether they may be missing. */
  readonly numbers: readonly (readonly [
    name: string,
    min: number,
    max: number,
    isMissing?: true,
  ])[];
  readonly categories: Readonly<Record<string, readonly string[]>>;
}

const HEART: Public = {
  folder: "heart-disease-4-hospitals",
  numbers: [
    ["age", 20, 90],
    ["sex", 0, 1],
    ["trestbps", 60, 220, true],
    ["thalach", 50, 220, true],
    ["oldpeak", -5, 8, true],
  ],
  categories: { cp: ["1.0", "2.0", "3.0", "4.0"] },
};
const BANK: Public = {
  folder: "bank-marketing",
  numbers: [
    ["age", 18, 100],
    ["campaign", 0, 100],
  ],
  categories: { marital: ["married", "single", "divorced"], housing: ["no", "yes"] },
};

type Cells = Readonly<Record<string, string>>;

function rowsOf({ folder }: Public): Cells[] {
  const text = gunzipSync(readFileSync(`${PUBLIC}${folder}/data.csv.gz`)).toString("utf8");
  const [header = "", ...lines] = text.trimEnd().split("\n");
  const names = header.split(",");
  return lines.map((line) => {
    const cells = line.split(",");
    return Object.fromEntries(names.map((name, i) => [name, cells[i] ?? ""]));
  });
}

function schemaOf({ numbers, categories }: Public): DataSchema {
  return DataSchema.parse({
    label: { column: "label" },
    unit: null,
    features: [
      ...numbers.map(([name, min, max, isMissing]) => {
        const missing = isMissing ? "indicator" : "refuse";
        return { name, type: "number", min, max, missing };
      }),
      ...Object.entries(categories).map(([name, listed]) => ({
        name,
        type: "category",
        categories: listed,
      })),
    ],
  });
}

function membersOf(schema: DataSchema, rows: readonly Cells[]): PartitionedData[] {
  return [...new Set(rows.map(({ org }) => org))].map((org) => {
    const own = rows.filter((row) => row["org"] === org);
    const header = Object.keys(own[0] ?? {});
    const isHoldout = (id: string): boolean => id.endsWith("3");
    const encoder = tableEncoder(schema, header, {
      table: "t.csv",
      isHoldout,
      allowOneClass: true,
    });
    for (const [i, row] of own.entries()) encoder.add(Object.values(row), i + 1, i + 2);
    return encoder.finish().data;
  });
}

/** As people would write it down: numbers as they are, what is missing in the middle, categories against the first. */
function plainDesign(
  { numbers, categories }: Public,
  columns: readonly string[],
  rows: readonly Cells[],
) {
  return rows.map((row) => [
    1,
    ...columns.flatMap((name) => {
      const text = row[name] ?? "";
      const number = numbers.find(([one]) => one === name);
      if (!number) return (categories[name] ?? []).slice(1).map((one) => (one === text ? 1 : 0));
      const [, min, max, isMissing] = number;
      const value = Math.max(min, Math.min(max, Number(text)));
      if (!isMissing) return [value];
      return text === "" || text === "?" ? [(min + max) / 2, 1] : [value, 0];
    }),
  ]);
}

const HEART_COLUMNS = ["age", "sex", "trestbps", "oldpeak", "cp"];
const CASES = [
  ["logistic", HEART, { columns: HEART_COLUMNS }, "label"],
  ["linear", HEART, { columns: ["sex", "oldpeak", "cp"], target: "age" }, "age"],
  ["logistic", BANK, { columns: ["age", "marital", "housing"] }, "label"],
  ["poisson", BANK, { columns: ["age", "marital", "housing"], target: "campaign" }, "campaign"],
] as const;

for (const [family, set, spec, target] of CASES)
  test.skipIf(!existsSync(`${PUBLIC}${set.folder}/data.csv.gz`))(
    `${set.folder}, ${family} regression of ${target}: secure and federated are the table's own fit`,
    () => {
      const all = rowsOf(set);
      // The reference's reflections are slow: one row in ten of the large table will do.
      const rows = all.length > 10_000 ? all.filter((_, i) => i % 10 === 0) : all;
      const schema = schemaOf(set);
      const members = membersOf(schema, rows);
      const roster = members.map((_, k) => enrolled(`org-${k}`, "ab".repeat(32)));
      const context = glmContext(schema, { family, ...spec }, members.length);
      const federated = glmAnswer(context, glmRun(context, members, plainSum));
      const secure = glmAnswer(
        context,
        glmRun(context, members, (parts, kind, round) =>
          secureSum(parts, glmTask.shapeOf(context, kind), { roster, privacy: null }, round),
        ),
      );
      const y = rows.map((row) => Number(row[target]));
      const expected = referenceFit(family, plainDesign(set, spec.columns, rows), y);
      expect(secure).toEqual(federated);
      const found = cellsOf(secure, "coefficient").filter((cell) => cell !== null);
      const errors = cellsOf(secure, "standard error").filter((cell) => cell !== null);
      expect(found).toHaveLength(expected.beta.length);
      let worst = 0;
      for (const [j, cell] of found.entries()) {
        worst = Math.max(worst, Math.abs(numberIn(cell) - (expected.beta[j] ?? 0)));
        expect(numberIn(errors[j]) / (expected.standardErrors[j] ?? 1)).toBeCloseTo(1, 6);
      }
      expect(worst).toBeLessThan(1e-6);
    },
  );
