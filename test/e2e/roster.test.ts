/** One telephone round through the binary: a roster's code, a wrong one, and what a confirmed roster keeps out. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { policyPath } from "../../agent/policy-file.ts";
import { APPROVES_ALL, memberIds, smallTable } from "../support/charters.ts";
import { cloister, type Outcome } from "../support/command.ts";
import type { RoomProcesses } from "../support/processes.ts";
import { follow, openRoom, probe, type RunLine, startRun } from "../support/rooms.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-roster-"));
const members = memberIds(3);
let room: RoomProcesses;

beforeAll(async () => {
  room = await openRoom({ folder, members, others: ["bank-4"] });
}, 60_000);

afterAll(async () => {
  await room.close();
  rmSync(folder, { recursive: true, force: true });
});

const asMember = (memberId: string, ...args: string[]): Promise<Outcome> =>
  cloister("agent", "roster", ...args, "--folder", room.agentFolder(memberId), "--json");

interface Shown {
  readonly code: string;
  readonly rosterHash: string;
  readonly roster: readonly { readonly memberId: string; readonly state: string }[];
  readonly statements: readonly { readonly memberId: string; readonly rosterHash: string }[];
}
const rosterOf = async (memberId: string): Promise<Shown> =>
  JSON.parse((await asMember(memberId)).output) as Shown;

/** Why each member declined or refused. */
const reasonsIn = (lines: readonly RunLine[]): string[] =>
  lines.flatMap(({ decision }) =>
    (decision?.reasons ?? []).map(({ code }) => `${decision?.memberId} ${code}`),
  );

const TRAIN = {
  task: {
    kind: "train",
    model: { hidden: [] },
    scaling: "bounds",
    strategy: { kind: "fedAvg", rounds: 1, learningRate: 0.05 },
    evaluation: { everyRounds: null, bins: 8 },
  },
  privacy: "none",
};

test("all members see one code; a wrong one and half of one confirm nothing", async () => {
  const [first, second] = [await rosterOf("bank-1"), await rosterOf("bank-2")];
  expect(first.code).toBe(second.code);
  expect(first.code).toMatch(/^\d{5}( \d{5}){5}$/);
  const digit = first.code.startsWith("0") ? "1" : "0";
  const wrong = await asMember("bank-1", "confirm", digit + first.code.slice(1));
  expect(wrong).toMatchObject({ code: 4, output: "", errors: expect.stringContaining("not that of") });
  const half = await asMember("bank-1", "confirm", first.code.slice(0, 17));
  expect(half).toMatchObject({ code: 3, errors: expect.stringContaining("six groups") });
  const { roster, statements } = await rosterOf("bank-1");
  expect(roster.map(({ state }) => state)).not.toContain("key confirmed here");
  expect(statements).toEqual([]);
}, 60_000);

test("who does not want to work unconfirmed, does not: probes only", async () => {
  const careful = JSON.stringify({
    version: 1,
    autoApprove: [{}],
    confirmedRosterOnly: true,
  });
  const unwilling = ["bank-2", "bank-3"];
  for (const memberId of unwilling) writeFileSync(policyPath(room.agentFolder(memberId)), careful);
  const lines = await follow(room, await startRun(room, probe(1)));
  expect(lines.at(-1)?.type).toBe("completed");
  expect(reasonsIn(lines)).toEqual([]);
  const runId = await startRun(room, TRAIN);
  const two = (_: RunLine, seen: readonly RunLine[]): unknown =>
    reasonsIn(seen).length === 2 && "stop";
  const refused = reasonsIn(await follow(room, runId, two));
  expect(refused.sort()).toEqual(unwilling.map((memberId) => `${memberId} local`));
  await room.client.post(`/v1/runs/${runId}/cancel`, {});
}, 60_000);

test("the code that the others read out confirms; everybody sees who has confirmed what", async () => {
  const { code, rosterHash } = await rosterOf("bank-1");
  for (const memberId of members) {
    // Typed in groups, as people do, or in one go.
    const typed = memberId === "bank-1" ? code.split(" ") : [code.replaceAll(" ", "")];
    expect((await asMember(memberId, "confirm", ...typed)).code).toBe(0);
  }
  const shown = await rosterOf("bank-2");
  expect(shown.roster.map(({ state }) => state)).toEqual(members.map(() => "key confirmed here"));
  expect(shown.statements).toMatchObject(members.map((memberId) => ({ memberId, rosterHash })));
  const operator = await cloister("room", "show", "--config", room.configPath);
  expect(operator.output.match(/confirmed this roster on/g)).toHaveLength(3);
  expect(operator.output).not.toContain(code);
  const lines = await follow(room, await startRun(room, TRAIN));
  expect(lines.at(-1)?.type).toBe("completed");
  expect(reasonsIn(lines)).toEqual([]);
}, 60_000);

test("a member that the coordinator seats afterwards is worked with by nobody, until it is confirmed, too", async () => {
  const dataPath = join(folder, "bank-4.csv");
  writeFileSync(dataPath, smallTable("bank-4", 40));
  await room.enrolAgent("bank-4", dataPath);
  const runId = await startRun(room, probe(1));
  const refusals = (_: RunLine, seen: readonly RunLine[]): unknown =>
    reasonsIn(seen).length === 3 && "stop";
  const lines = await follow(room, runId, refusals);
  expect(reasonsIn(lines).sort()).toEqual(members.map((id) => `${id} rosterNotConfirmed`));
  await room.client.post(`/v1/runs/${runId}/cancel`, {});
  const { code } = await rosterOf("bank-1");
  for (const memberId of [...members, "bank-4"])
    expect((await asMember(memberId, "confirm", code)).code).toBe(0);
  const after = await follow(room, await startRun(room, probe(1)));
  expect(after.at(-1)?.type).toBe("completed");
}, 60_000);

test("a member whose key becomes another one is worked with by nobody, and shown", async () => {
  const agent = room.agents.get("bank-4");
  agent?.kill();
  await agent?.ended;
  rmSync(room.agentFolder("bank-4"), { recursive: true });
  await room.enrolAgent("bank-4", join(folder, "bank-4.csv"));
  writeFileSync(policyPath(room.agentFolder("bank-4")), APPROVES_ALL);
  const runId = await startRun(room, probe(1));
  const refusals = (_: RunLine, seen: readonly RunLine[]): unknown =>
    reasonsIn(seen).length === 6 && "stop";
  const codes = new Set(reasonsIn(await follow(room, runId, refusals)));
  for (const memberId of members) {
    expect(codes).toContain(`${memberId} keyChanged`);
    expect(codes).toContain(`${memberId} rosterNotConfirmed`);
  }
  const { roster } = await rosterOf("bank-1");
  expect(roster.find(({ memberId }) => memberId === "bank-4")?.state).toMatch(/ANOTHER KEY/);
}, 60_000);
