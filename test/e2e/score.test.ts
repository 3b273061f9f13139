/** `cloister score` through the binary: every row gets the probability that the model's own formula gives it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { modelToJson } from "../../models/export/json.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import { ModelSpec } from "../../shared/charter/model-spec.ts";
import { DataSchema } from "../../shared/charter/schema.ts";
import { cloister } from "../support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-score-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const schema = DataSchema.parse({
  label: { column: "label" },
  unit: null,
  features: [
    { name: "amount", type: "number", min: 0, max: 200 },
    { name: "channel", type: "category", categories: ["web", "shop"] },
  ],
});
/** Logistic regression. Parameters as docs/models.md lays them out: one-hot table, kernel, bias. */
const TABLE = { other: 0.25, web: -1.5, shop: 0.75 };
const [KERNEL, BIAS, CENTRE, INVERSE_SCALE] = [2.5, -0.5, 0.125, 1.5];

const modelPath = join(folder, "model.json");
writeFileSync(
  modelPath,
  modelToJson({
    schema,
    spec: ModelSpec.parse({ hidden: [] }),
    scaling: Float32Array.of(CENTRE, INVERSE_SCALE),
    params: Float32Array.of(TABLE.other, TABLE.web, TABLE.shop, KERNEL, BIAS),
  }),
);

function expected(amount: number, channel: string): number {
  const x = ((2 * amount) / 200 - 1 - CENTRE) * INVERSE_SCALE;
  const category = channel === "web" || channel === "shop" ? TABLE[channel] : TABLE.other;
  return 1 / (1 + Math.exp(-(KERNEL * x + category + BIAS)));
}

/** More rows than are scored at once, and a last batch that is not full. */
const source = new UniformSource(reproducibleRng("rows"));
const rows = Array.from({ length: 9_000 }, () => ({
  amount: source.below(201),
  channel: ["web", "shop", "moon"][source.below(3)] ?? "",
}));
const input = join(folder, "rows.csv");
writeFileSync(
  input,
  `channel,note,amount\n${rows.map((row) => `${row.channel},x,${row.amount}`).join("\n")}\n`,
);

test("every row is scored, in order, whatever else the table holds", async () => {
  const { code, output, errors } = await cloister("score", modelPath, "--input", input);
  expect({ code, errors }).toEqual({ code: 0, errors: "" });
  const [header, ...lines] = output.trim().split("\n");
  expect(header).toBe("row,score");
  expect(lines).toHaveLength(rows.length);
  for (const [i, { amount, channel }] of rows.entries()) {
    const [row, score] = (lines[i] ?? "").split(",").map(Number);
    expect(row).toBe(i + 1);
    expect(score).toBeCloseTo(expected(amount, channel), 5);
  }
});

test("programs get the same scores as JSON lines", async () => {
  const few = join(folder, "few.csv");
  writeFileSync(few, "amount,channel\n0,web\n200,shop\n");
  const { code, output } = await cloister("score", modelPath, "--input", few, "--json");
  expect(code).toBe(0);
  const lines = output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
  expect(lines).toEqual([
    { row: 1, score: expect.closeTo(expected(0, "web"), 6) },
    { row: 2, score: expect.closeTo(expected(200, "shop"), 6) },
  ]);
});
