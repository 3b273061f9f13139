/** From a run to production through the binary: every format with its card, and one score whichever is used. */
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-web";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ModelCard } from "../../models/export/card.ts";
import { memberIds } from "../support/charters.ts";
import { cloister, expectOneLine } from "../support/command.ts";
import { pmmlScorer } from "../support/pmml.ts";
import type { RoomProcesses } from "../support/processes.ts";
import { follow, openRoom, startRun } from "../support/rooms.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-export-"));
let room: RoomProcesses;
const runs = { net: "", logistic: "", probe: "" };

const plan = (hidden: number[]): object => ({
  task: {
    kind: "train",
    model: { hidden },
    scaling: "moments",
    strategy: { kind: "fedAvg", rounds: 2, learningRate: 0.05 },
    evaluation: { everyRounds: null, bins: 32 },
  },
  privacy: "none",
});

beforeAll(async () => {
  room = await openRoom({ folder, members: memberIds(3), rowCount: 120 });
  const complete = async (of: object): Promise<string> => {
    const runId = await startRun(room, of);
    expect((await follow(room, runId)).at(-1)?.type).toBe("completed");
    return runId;
  };
  runs.net = await complete(plan([4]));
  runs.logistic = await complete(plan([]));
  const probe = { task: { kind: "probe", dimension: 8, rounds: 1 }, privacy: "none" };
  runs.probe = await complete(probe);
});

afterAll(async () => {
  await room.close();
  rmSync(folder, { recursive: true, force: true });
});

async function exported(run: string, format: string): Promise<string> {
  const out = join(folder, `${run.slice(0, 8)}-${format}`);
  const args = ["--format", format, "--out", out, "--config", room.configPath];
  expect(await cloister("model", "export", run, ...args)).toMatchObject({ code: 0, errors: "" });
  return out;
}

const FORMATS = {
  json: ["model.json"],
  tfjs: ["model.json", "weights.bin"],
  onnx: ["model.onnx"],
  scorer: ["scorer.json", "scorer.ts"],
  pmml: ["model.pmml"],
} as const;
const CARD = ["model-card.json", "model-card.md", "privacy.json", "privacy.txt"];

const ROWS = [
  { amount: 12.5, hour: 3, channel: "web" },
  { amount: 990.25, hour: 23, channel: "shop" },
  { amount: 5000, hour: -1, channel: "moon" },
];

test("every format is written with a card whose hashes are those of the files", async () => {
  for (const [format, names] of Object.entries(FORMATS)) {
    const out = await exported(runs.logistic, format);
    expect(readdirSync(out).sort()).toEqual([...names, ...CARD].sort());
    const card = JSON.parse(readFileSync(join(out, "model-card.json"), "utf8")) as ModelCard;
    expect(card.run).toMatchObject({ id: runs.logistic, members: 3, status: "completed" });
    expect(card.files.map(({ name }) => name)).toEqual(names);
    for (const { name, sha256 } of card.files) {
      const hash = createHash("sha256")
        .update(readFileSync(join(out, name)))
        .digest("hex");
      expect(hash).toBe(sha256);
    }
    const [rocAuc] = card.metrics ?? [];
    expect(rocAuc?.interval?.low).toBeLessThan(rocAuc?.value ?? 0);
    expect(card.evaluated?.positives).toBeGreaterThan(0);
    expect(card.privacy.guarantee).toBeNull();
    expect(card.engines).toEqual([{ engine: "wasm-simd", members: 3 }]);
  }
});

test("our own scoring, ONNX Runtime, the copied reader and PMML give one score", async () => {
  const [json, onnx, scorer, pmml] = await Promise.all([
    exported(runs.logistic, "json"),
    exported(runs.logistic, "onnx"),
    exported(runs.logistic, "scorer"),
    exported(runs.logistic, "pmml"),
  ]);
  const input = join(folder, "rows.jsonl");
  writeFileSync(input, ROWS.map((row) => JSON.stringify(row)).join("\n"));
  const ours = await cloister("score", join(json, "model.json"), "--input", input, "--json");
  const expected = ours.output
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { score: number }).score);
  const session = await InferenceSession.create(readFileSync(join(onnx, "model.onnx")));
  const { score } = await session.run({
    numbers: new Tensor(
      "float64",
      Float64Array.from(ROWS.flatMap((r) => [r.amount, r.hour])),
      [3, 2],
    ),
    categories: new Tensor(
      "string",
      ROWS.map(({ channel }) => channel),
      [3, 1],
    ),
  });
  const reader = (await import(pathToFileURL(join(scorer, "scorer.ts")).href)) as {
    readScorer(text: string): (row: object) => number;
  };
  const read = reader.readScorer(readFileSync(join(scorer, "scorer.json"), "utf8"));
  const byPmml = pmmlScorer(readFileSync(join(pmml, "model.pmml"), "utf8"));
  for (const [i, row] of ROWS.entries()) {
    const value = expect.closeTo(expected[i] ?? Number.NaN, 5);
    expect([score?.data[i], read(row), byPmml(row)]).toEqual([value, value, value]);
  }
});

test("what cannot be exported is refused in one line, and nothing is written", async () => {
  const out = join(folder, "never");
  const at = ["--out", out, "--config", room.configPath];
  const [format, net, probe] = await Promise.all([
    cloister("model", "export", runs.net, "--format", "docx", ...at),
    cloister("model", "export", runs.net, "--format", "pmml", ...at),
    cloister("model", "export", runs.probe, ...at),
  ]);
  expectOneLine(format, 3, "--format docx: unknown", "json, tfjs, onnx, scorer, pmml");
  expectOneLine(net, 3, "--format pmml: not for a net", "json, tfjs, onnx, scorer");
  expectOneLine(probe, 3, "has no model");
  expect(readdirSync(folder)).not.toContain("never");
});
