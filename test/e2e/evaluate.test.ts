/** Released models evaluated over real sockets: named by their run, answered to the coordinator, reported to each member. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { answerOf } from "../../coordinator/run/answer.ts";
import type { Answer } from "../../models/answers/answer.ts";
import { Charter } from "../../shared/charter/charter.ts";
import { PlanRequest } from "../../shared/charter/manifest.ts";
import { memberIds, smallCharter, smallTable } from "../support/charters.ts";
import { cloister } from "../support/command.ts";
import { type ServiceRoom, serviceRoom } from "../support/service-room.ts";

const members = memberIds(3);
const folder = mkdtempSync(join(tmpdir(), "cloister-evaluate-"));
const small = smallCharter(members);
const charter = Charter.parse({
  ...small,
  tasks: ["train", "boost", "evaluate", "probe"],
  columns: Object.fromEntries(
    small.schema.features.map(({ name }) => [name, { feature: true, group: true }]),
  ),
  privacy: { ...small.privacy, budget: { epsilon: 20, delta: 1e-5, rdpOrder: 8 } },
});
let room: ServiceRoom;

beforeAll(async () => {
  const tables = new Map(members.map((memberId) => [memberId, smallTable(memberId, 150)]));
  room = await serviceRoom({ folder, charter, tables });
});

afterAll(async () => {
  await room.close();
  rmSync(folder, { recursive: true, force: true });
});

function ended(runId: string): Promise<string> {
  return new Promise((resolve) => {
    room.service.watch(runId, (event) => {
      if (event.type === "completed") resolve("completed");
      if (event.type === "failed") resolve(event.reason);
    });
  });
}

async function run(plan: object): Promise<string> {
  const { runId } = room.service.propose(PlanRequest.parse(plan));
  expect(await ended(runId)).toBe("completed");
  return runId;
}

function answered(runId: string): Answer {
  const { service } = room;
  return answerOf(charter, service.catalog.find(runId, null), service.taskState(runId));
}

function figure(answer: Answer, name: string): unknown {
  const figures = answer.tables.find((table) => table.name === "figures");
  return figures?.rows.find(([of]) => of === name)?.[1];
}

const TREES = {
  kind: "boost",
  model: { trees: 3, depth: 3, minRows: 5, bins: 24 },
  evaluation: { everyTrees: null, bins: 64 },
};

test("a run's trees are evaluated as their own run evaluated them, and every member has its report", async () => {
  const made = await run({ task: TREES, privacy: "none" });
  const progress = room.service.events(made).findLast((event) => event.type === "roundReleased");
  const runId = await run({
    task: { kind: "evaluate", model: made.slice(0, 8), by: "channel" },
    privacy: "none",
  });
  const answer = answered(runId);
  expect(figure(answer, "ROC-AUC")).toBe(progress?.metrics?.rocAuc);
  expect(answer.tables.map(({ name }) => name)).toContain("by channel");
  expect(room.service.catalog.find(runId, null).manifest.task).toMatchObject({
    model: { run: made, made: { kind: "trees" } },
  });
  for (const memberId of members)
    expect(readdirSync(join(folder, memberId, "reports")).toSorted()).toEqual([
      `${runId}.json`,
      `${runId}.md`,
    ]);
  const own = ["agent", "report", runId.slice(0, 8), "--folder", join(folder, members[0] ?? "")];
  const printed = await cloister(...own);
  expect(printed.output).toContain(`# Model of run ${made.slice(0, 12)}`);
  expect(printed.output).toContain("| ROC-AUC |");
  const json = await cloister(...own, "--json");
  expect(JSON.parse(json.output)).toMatchObject({ format: "cloister-own-report/1", runId });
  const none = await cloister("agent", "report", "0123", "--folder", join(folder, "bank-2"));
  expect(none.errors).toContain("no report of such a run");
});

test("a net's evaluation with noise has intervals, and only held-out units pay", async () => {
  const strategy = { kind: "fedAvg", rounds: 3, learningRate: 0.3, localEpochs: 3, batchSize: 32 };
  const made = await run({
    task: {
      kind: "train",
      model: { hidden: [] },
      scaling: "bounds",
      strategy: { ...strategy, clipNorm: 10 },
      evaluation: { everyRounds: null, bins: 16 },
    },
    privacy: "none",
  });
  const task = { kind: "evaluate", model: made, bins: 8, thresholds: [0.4, 0.6] };
  const runId = await run({ task, privacy: { epsilon: 15, maxDropouts: 0 } });
  const answer = answered(runId);
  expect(figure(answer, "ROC-AUC")).toMatchObject({
    value: expect.any(Number),
    low: expect.any(Number),
  });
  expect(answer.tables.find(({ name }) => name === "thresholds")?.rows).toHaveLength(2);
  const { manifest } = room.service.catalog.find(runId, null);
  expect(manifest.privacy?.trainMultiplier).toBe(1);
  expect(manifest.privacy?.holdoutMultiplier).toBeLessThan(1);
});

test("what is no released model of this room is not proposed", async () => {
  const asking = (model: string) => () =>
    room.service.propose(PlanRequest.parse({ task: { kind: "evaluate", model }, privacy: "none" }));
  expect(asking("0000")).toThrow("no such run");
  const probe = await run({ task: { kind: "probe", dimension: 4, rounds: 1 }, privacy: "none" });
  expect(asking(probe)).toThrow("made no model");
  const { runId } = room.service.propose(PlanRequest.parse({ task: TREES, privacy: "none" }));
  expect(asking(runId)).toThrow("only a completed run's model is released");
  expect(await ended(runId)).toBe("completed");
});
