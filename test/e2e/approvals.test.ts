/** Proposed runs through the binary: a person approves or vetoes, restarts lose nothing, and each waits for its turn. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { policyPath } from "../../agent/policy-file.ts";
import { Vault } from "../../agent/vault.ts";
import type { RunSummary } from "../../coordinator/run/events.ts";
import { memberIds } from "../support/charters.ts";
import { type RoomProcesses, Subprocess } from "../support/processes.ts";
import { follow, openRoom, probe, type RunLine, startRun, until } from "../support/rooms.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-approvals-"));
let room: RoomProcesses;

beforeAll(async () => {
  room = await openRoom({ folder, members: memberIds(3), approves: (id) => id === "bank-1" });
});

afterAll(async () => {
  await room.close();
  rmSync(folder, { recursive: true, force: true });
});

/** @returns What it printed last, and how it ended. */
async function say(memberId: string, ...args: string[]): Promise<{ code: number; errors: string }> {
  const where = ["--folder", room.agentFolder(memberId), "--json"];
  const command = new Subprocess(["agent", ...args, ...where]);
  return { code: await command.ended, errors: command.errors };
}

const decisions = (lines: readonly RunLine[]): string[] =>
  lines.flatMap(({ type, decision }) =>
    type === "decided" && decision ? [`${decision.memberId} ${decision.decision}`] : [],
  );

/** What its agent keeps for a person to decide on. */
function isKeptBy(memberId: string, runId: string): boolean {
  const vault = Vault.openExisting(room.agentFolder(memberId));
  try {
    return vault.proposals(runId).length > 0;
  } finally {
    vault.close();
  }
}

const statusOf = async (runId: string): Promise<string> =>
  (await room.client.get<RunSummary>(`/v1/runs/${runId}`)).status;

test("one signature is not enough; with a person's it begins and completes", async () => {
  const runId = await startRun(room, probe(2));
  await follow(room, runId, ({ type }) => type === "decided" && "stop");
  expect(await statusOf(runId)).toBe("proposed");
  const watched = follow(room, runId);
  expect((await say("bank-2", "approve", runId.slice(0, 12))).code).toBe(0);
  const lines = await watched;
  expect(decisions(lines)).toEqual(["bank-1 approved", "bank-2 approved"]);
  expect(lines.at(-1)?.type).toBe("completed");
});

test("a veto ends a proposal, and says why", async () => {
  const runId = await startRun(room, probe(2));
  const watched = follow(room, runId);
  expect((await say("bank-3", "veto", runId, "--reason", "not this quarter")).code).toBe(0);
  const lines = await watched;
  expect(lines.at(-1)).toMatchObject({ type: "refused", code: "vetoed" });
  expect(lines.find(({ decision }) => decision?.memberId === "bank-3")?.decision).toMatchObject({
    decision: "vetoed",
    reasons: [{ message: "not this quarter" }],
  });
  const unknown = await say("bank-2", "approve", "f".repeat(12));
  expect(unknown).toMatchObject({ code: 3, errors: expect.stringContaining("agent pending") });
});

test("a coordinator that is killed meanwhile, and a member that decides meanwhile, lose nothing", async () => {
  const runId = await startRun(room, probe(2));
  await follow(room, runId, ({ type }) => type === "decided" && "stop");
  await until(() => isKeptBy("bank-2", runId));
  room.coordinator.kill("SIGKILL");
  await room.coordinator.ended;
  expect((await say("bank-2", "approve", runId)).code).toBe(0);
  await room.startCoordinator();
  const lines = await follow(room, runId);
  expect(decisions(lines)).toEqual(["bank-1 approved", "bank-2 approved"]);
  expect(lines.at(-1)?.type).toBe("completed");
});

test("what a member's own rules refuse is told as that, and cannot be approved there", async () => {
  writeFileSync(policyPath(room.agentFolder("bank-3")), "version: 1\ntasks: [boost]\n");
  const runId = await startRun(room, probe(1));
  const isRefusal = ({ decision }: RunLine): unknown => decision?.memberId === "bank-3" && "stop";
  const lines = await follow(room, runId, isRefusal);
  const refusal = lines.find(({ decision }) => decision?.memberId === "bank-3")?.decision;
  expect(refusal).toMatchObject({ decision: "refused", reasons: [{ code: "local" }] });
  const tried = await say("bank-3", "approve", runId);
  expect(tried).toMatchObject({
    code: 4,
    errors: expect.stringContaining("takes no part in probe"),
  });
  expect(await room.client.post(`/v1/runs/${runId}/cancel`, {})).toEqual({ runId });
  expect(await statusOf(runId)).toBe("refused");
});

test("a run that waits for a member that does not come can be ended, and the next one begins", async () => {
  const gone = room.agents.get("bank-3");
  gone?.kill("SIGKILL");
  await gone?.ended;
  const [stuck, next] = [await startRun(room, probe(1)), await startRun(room, probe(1))];
  const watched = follow(room, stuck);
  for (const runId of [stuck, next]) await say("bank-2", "approve", runId);
  while ((await statusOf(stuck)) !== "running") await new Promise((wake) => setTimeout(wake, 50));
  expect(await statusOf(next)).toBe("proposed");
  expect(await room.client.post(`/v1/runs/${stuck}/cancel`, {})).toEqual({ runId: stuck });
  expect((await watched).at(-1)).toMatchObject({ type: "failed", reason: "cancelled" });
  while ((await statusOf(next)) !== "running") await new Promise((wake) => setTimeout(wake, 50));
});
