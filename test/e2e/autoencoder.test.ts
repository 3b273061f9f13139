/** An autoencoder over real sockets: tables without labels in, a model that scores anomalies out, with and without noise. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { HandedFile } from "../../coordinator/cli/export.ts";
import { scorerOf } from "../../models/export/model-file.ts";
import { DataSchema } from "../../shared/charter/schema.ts";
import { memberIds, smallCharter, smallTable } from "../support/charters.ts";
import type { RoomProcesses } from "../support/processes.ts";
import { startRoom } from "../support/processes.ts";
import { follow, PATIENCE, type RunLine, released, startRun } from "../support/rooms.ts";

const members = memberIds(3);
const folder = mkdtempSync(join(tmpdir(), "cloister-autoencoder-"));
const small = smallCharter(members);
const label = { ...small.schema.label, missing: "allow" };
const schema = DataSchema.parse({ ...small.schema, label });
const privacy = { ...small.privacy, budget: { epsilon: 20, delta: 1e-5, rdpOrder: 8 } };
const charter = { ...small, schema, privacy, rowsMax: 500 };
const data = new Map(members.map((memberId) => [memberId, join(folder, `${memberId}.csv`)]));
let room: RoomProcesses;

/** The first member's table lacks the column, the second's cells are empty, the third's are as they are. */
function tableOf(memberId: string, place: number): string {
  const table = smallTable(memberId, 120);
  if (place === 0) return table.replaceAll(/,[^,\n]*\n/g, "\n");
  return place === 1 ? table.replaceAll(/,[01]\n/g, ",\n") : table;
}

beforeAll(async () => {
  for (const [place, [memberId, path]] of [...data].entries())
    writeFileSync(path, tableOf(memberId, place));
  room = await startRoom({ folder, charter, data, patience: PATIENCE });
});

afterAll(async () => {
  await room.close();
  rmSync(folder, { recursive: true, force: true });
});

const MODEL = { autoencoder: { hidden: [4, 2, 4] } };
const EVALUATION = { everyRounds: null, bins: 16, rowsPerUnitMax: 2 };

interface Evaluated extends RunLine {
  readonly askKind?: string;
  readonly metrics?: { readonly counts: { positives: number; negatives: number } } | null;
  readonly scores?: { readonly rows: number };
}

async function evaluationOf(runId: string): Promise<Evaluated | undefined> {
  const lines = await follow(room, runId);
  expect(lines.at(-1)).toMatchObject({ type: "completed" });
  const rounds: readonly Evaluated[] = released(lines);
  return rounds.findLast(({ askKind }) => askKind === "evaluate");
}

test("without noise: every held-back row's score counts, and labels where there are any", async () => {
  const strategy = { kind: "fedAvg", rounds: 3, learningRate: 0.01 };
  const task = {
    kind: "train",
    model: MODEL,
    scaling: "moments",
    strategy,
    evaluation: EVALUATION,
  };
  const runId = await startRun(room, { task, privacy: "none" });
  const { metrics, scores } = (await evaluationOf(runId)) ?? {};
  const { positives, negatives } = metrics?.counts ?? { positives: 0, negatives: 0 };
  expect(positives + negatives).toBeGreaterThan(5);
  // Only the third member's rows have a label.
  expect(scores?.rows).toBeGreaterThan(2 * (positives + negatives));
  expect(scores?.rows).toBeLessThan(200);

  const files = await room.client.get<HandedFile[]>(`/v1/runs/${runId}/model?format=json`);
  const text = (name: string): string => files.find((file) => file.name === name)?.text ?? "";
  expect(scorerOf(text("model.json")).schema).toEqual(schema);
  expect(text("model-card.md")).toContain("an anomaly score, no probability");
  const onnx = await room.client.get<HandedFile[]>(`/v1/runs/${runId}/model?format=onnx`);
  expect(onnx[0]?.base64).toBeTruthy();
  const refused = room.client.get(`/v1/runs/${runId}/model?format=scorer`);
  await expect(refused).rejects.toThrow("use one of json, tfjs, onnx");
});

test("with noise: the run is paid for, and too few labels make no metric", async () => {
  const strategy = { kind: "dpSgd", rounds: 2, samplingProbability: 0.5, clipNorm: 1 };
  const task = {
    kind: "train",
    model: MODEL,
    scaling: "bounds",
    strategy: { ...strategy, learningRate: 0.1 },
    evaluation: EVALUATION,
  };
  const runId = await startRun(room, { task, privacy: { epsilon: 1.25 } });
  // 6 and 17 labels in noise of σ = 100: one evaluation in a million and a half takes both for rows of a class.
  expect(await evaluationOf(runId)).toMatchObject({ metrics: null });
  const { guarantee } = await room.client.get<{ guarantee: { epsilon: number } }>(
    `/v1/runs/${runId}/privacy`,
  );
  expect(guarantee.epsilon).toBeGreaterThan(0.1); // At a better order than the charter's.
  expect(guarantee.epsilon).toBeLessThanOrEqual(1.25);
});

test("a model that learns labels never becomes a run of this room", async () => {
  const strategy = { kind: "fedAvg", rounds: 3, learningRate: 0.01 };
  const common = { kind: "train", scaling: "bounds", strategy, evaluation: EVALUATION };
  const net = startRun(room, { task: { ...common, model: { hidden: [4] } }, privacy: "none" });
  await expect(net).rejects.toThrow("Train an autoencoder");
  const boost = { kind: "boost", model: { trees: 1 }, evaluation: { everyTrees: null, bins: 8 } };
  const trees = startRun(room, { task: boost, privacy: "none" });
  await expect(trees).rejects.toThrow("Train an autoencoder");
});
