/** Boosted trees over real sockets: a plan in, an ensemble out that is the pooled one, scored by the CLI. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadDataset } from "../../agent/data/dataset.ts";
import type { HandedFile } from "../../coordinator/cli/export.ts";
import type { PartitionedData } from "../../models/data.ts";
import { scorerOf } from "../../models/export/model-file.ts";
import { readScorer } from "../../models/export/scorer-reader.ts";
import { treesToJson } from "../../models/export/trees-json.ts";
import { modelOf } from "../../models/tasks/boost/boost.ts";
import { BoostTask } from "../../shared/charter/boost-spec.ts";
import { boosted, unnoisedContext } from "../support/boosted.ts";
import { memberIds, smallCharter, smallTable } from "../support/charters.ts";
import { cloister } from "../support/command.ts";
import { pmmlTreesScorer } from "../support/pmml-trees.ts";
import type { RoomProcesses } from "../support/processes.ts";
import { startRoom } from "../support/processes.ts";
import { follow, PATIENCE, released, startRun } from "../support/rooms.ts";

const members = memberIds(3);
const folder = mkdtempSync(join(tmpdir(), "cloister-boost-"));
const charter = { ...smallCharter(members), rowsMax: 500 };
const privacy = { ...charter.privacy, budget: { epsilon: 20, delta: 1e-5, rdpOrder: 8 } };
const ROWS = [80, 200, 31];
const data = new Map(members.map((memberId) => [memberId, join(folder, `${memberId}.csv`)]));
let room: RoomProcesses;

beforeAll(async () => {
  for (const [i, [memberId, path]] of [...data].entries())
    writeFileSync(path, smallTable(memberId, ROWS[i] ?? 0));
  room = await startRoom({ folder, charter: { ...charter, privacy }, data, patience: PATIENCE });
});

afterAll(async () => {
  await room.close();
  rmSync(folder, { recursive: true, force: true });
});

const TASK = {
  kind: "boost",
  model: { trees: 3, depth: 3, minRows: 5, bins: 24, monotone: { amount: 1 } },
  evaluation: { everyTrees: 2, bins: 64 },
};

async function modelFile(runId: string, format = "json", file = "model.json"): Promise<string> {
  const path = `/v1/runs/${runId}/model?format=${format}`;
  const files = await room.client.get<HandedFile[]>(path);
  const found = files.find(({ name }) => name === file);
  return found?.text ?? found?.base64 ?? "";
}

test("a room's ensemble is the one of all rows in one place, and the CLI scores with it", async () => {
  const runId = await startRun(room, { task: TASK, privacy: "none" });
  const lines = await follow(room, runId);
  expect(lines.at(-1)).toMatchObject({ type: "completed" });
  const kinds = released(lines).map((line) => (line as { askKind?: string }).askKind);
  expect(kinds.slice(0, 3)).toEqual(["start", "level0", "level1"]);
  expect(kinds.filter((kind) => kind === "evaluate")).toHaveLength(2);

  const text = await modelFile(runId);
  const { fraction, salt } = { fraction: charter.holdoutFraction, salt: charter.room };
  const parts: PartitionedData[] = [];
  for (const path of data.values()) {
    const options = { holdoutFraction: fraction, holdoutSalt: salt };
    parts.push((await loadDataset(path, charter.schema, options)).data);
  }
  const context = unnoisedContext(BoostTask.parse(TASK), charter.schema, 3, charter.rowsMax);
  const here = treesToJson(modelOf(context, boosted(context, parts)));
  expect(JSON.parse(text)).toEqual({
    ...(JSON.parse(here) as object),
    privacyStatement: expect.objectContaining({ guarantee: null }),
  });

  const modelPath = join(folder, "model.json");
  writeFileSync(modelPath, text);
  const rows = join(folder, "rows.csv");
  writeFileSync(rows, "amount,hour,channel\n10,3,web\n990,3,web\n");
  const scored = await cloister("score", modelPath, "--input", rows);
  expect(scored.errors).toBe("");
  const [low, high] = scored.output
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => Number(line.split(",")[1]));
  expect(low).toBeLessThan(0.5);
  expect(high).toBeGreaterThan(0.5);
  expect(scorerOf(text).schema).toEqual(charter.schema);

  const read = readScorer(await modelFile(runId, "scorer", "scorer.json"));
  const byPmml = pmmlTreesScorer(await modelFile(runId, "pmml", "model.pmml"));
  const row = { amount: 990, hour: 3, channel: "web" };
  expect([read(row), byPmml(row)]).toEqual([
    expect.closeTo(high ?? 0, 5),
    expect.closeTo(high ?? 0, 5),
  ]);
  expect((await modelFile(runId, "onnx", "model.onnx")).length).toBeGreaterThan(500);
  await expect(modelFile(runId, "tfjs")).rejects.toThrow("not for boosted trees");
});

test("a run with noise is planned, paid for and states its price", async () => {
  const { monotone } = TASK.model;
  const model = { trees: 2, depth: 2, bins: 8, edges: "bounds", monotone };
  const task = { kind: "boost", model, evaluation: { everyTrees: null, bins: 8 } };
  const runId = await startRun(room, { task, privacy: { epsilon: 5 } });
  const lines = await follow(room, runId);
  expect(lines.at(-1)).toMatchObject({ type: "completed" });
  const { guarantee } = await room.client.get<{
    guarantee: { epsilon: number; partitions: { partition: string; releases: number }[] };
  }>(`/v1/runs/${runId}/privacy`);
  expect(guarantee.partitions).toMatchObject([
    { partition: "train", releases: 6 },
    { partition: "holdout", releases: 1 },
  ]);
  expect(guarantee.epsilon).toBeGreaterThan(1);
  expect(guarantee.epsilon).toBeLessThanOrEqual(5);
});

test("a plan that the schema cannot bear never becomes a run", async () => {
  const task = { ...TASK, model: { ...TASK.model, monotone: { channel: 1 } } };
  await expect(startRun(room, { task, privacy: "none" })).rejects.toThrow("is a category");
  const noised = startRun(room, { task: TASK, privacy: { epsilon: 5 } });
  await expect(noised).rejects.toThrow("Use edges: bounds");
});
