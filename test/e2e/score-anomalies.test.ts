/** `cloister score` with an autoencoder, through the binary: anomaly scores, and the features given back worst. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { modelToJson } from "../../models/export/json.ts";
import { netScorer } from "../../models/scoring/scorer.ts";
import { ALL, encodedRows, rawModelOf, rawRows } from "../models/raw-rows.ts";
import { cloister } from "../support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-anomalies-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const model = rawModelOf(ALL, { autoencoder: { hidden: [6, 2, 6], activation: "tanh" }, seed: "" });
const modelPath = join(folder, "model.json");
writeFileSync(modelPath, modelToJson(model));

test("every row gets the engine's score and its largest shares of the error", async () => {
  const rows = rawRows(model, 1500);
  const input = join(folder, "rows.jsonl");
  writeFileSync(input, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const { code, output, errors } = await cloister(
    ...["score", modelPath, "--input", input, "--reasons", "2", "--json"],
  );
  expect({ code, errors }).toEqual({ code: 0, errors: "" });
  const { logits, explain, row } = netScorer(model);
  const data = encodedRows(model, rows);
  const all = logits(data);
  const lines = output.trim().split("\n");
  expect(lines).toHaveLength(rows.length);
  for (const [r, line] of lines.entries()) {
    const { score, reasons } = JSON.parse(line) as {
      score: number;
      reasons: { feature: string; contribution: number }[];
    };
    const error = Math.exp((all[r] ?? Number.NaN) / 2);
    expect(score).toBeCloseTo(error ** 2 / (1 + error ** 2), 6);
    const at = [r * row.numberCount, r * row.categoryCount] as const;
    const shares = explain(data.numbers, at[0], data.codes, at[1]).reasons.map(
      ({ contribution }) => contribution,
    );
    expect(reasons[0]?.contribution).toBe(Math.max(...shares));
  }
});
