/**
 * One telephone round through the binary: a roster's code, a wrong one, and what a confirmed roster keeps out; a
 * member that leaves; and all of it in the other members' copies of the room's history.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { policyPath } from "../../agent/policy-file.ts";
import { copyPath } from "../../agent/transcript-copy.ts";
import { Vault } from "../../agent/vault.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import {
  type ConfirmedRoster,
  type RosterAnswer,
  rosterCode,
  rosterHash,
} from "../../shared/charter/roster.ts";
import { memberIds, smallTable } from "../support/charters.ts";
import { cloister, expectOneLine, type Outcome } from "../support/command.ts";
import type { RoomProcesses } from "../support/processes.ts";
import { heard } from "../support/room-copies.ts";
import { follow, openRoom, probe, type RunLine, startRun } from "../support/rooms.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-roster-"));
const members = memberIds(3);
let room: RoomProcesses;

beforeAll(async () => {
  room = await openRoom({ folder, members, others: ["bank-4"] });
});

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

function confirmedIn(memberId: string): ConfirmedRoster | null {
  const vault = Vault.openExisting(room.agentFolder(memberId));
  try {
    return vault.confirmedRoster();
  } finally {
    vault.close();
  }
}

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
  const [first, second] = await Promise.all([rosterOf("bank-1"), rosterOf("bank-2")]);
  expect(first.code).toBe(second.code);
  expect(first.code).toMatch(/^\d{5}( \d{5}){5}$/);
  const digit = first.code.startsWith("0") ? "1" : "0";
  const wrong = await asMember("bank-1", "confirm", digit + first.code.slice(1));
  expect(wrong).toMatchObject({
    code: 4,
    output: "",
    errors: expect.stringContaining("not that of"),
  });
  const half = await asMember("bank-1", "confirm", first.code.slice(0, 17));
  expect(half).toMatchObject({ code: 3, errors: expect.stringContaining("six groups") });
  expect(confirmedIn("bank-1")).toBeNull();
  expect((await room.client.get<RosterAnswer>("/v1/roster")).statements).toEqual([]);
});

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
});

test("the code that the others read out confirms; everybody sees who has confirmed what", async () => {
  const { charterHash, roster } = await room.client.get<RosterAnswer>("/v1/roster");
  const hash = rosterHash(charterHash, roster);
  const code = rosterCode(hash);
  // Typed in groups, as people do, or in one go.
  const typed = (memberId: string): string[] =>
    memberId === "bank-1" ? code.split(" ") : [code.replaceAll(" ", "")];
  const confirmed = members.map((memberId) => asMember(memberId, "confirm", ...typed(memberId)));
  expect((await Promise.all(confirmed)).map((outcome) => outcome.code)).toEqual([0, 0, 0]);
  const shown = await rosterOf("bank-2");
  expect(shown.roster.map(({ state }) => state)).toEqual(members.map(() => "key confirmed here"));
  const theirs = members.map((memberId) => expect.objectContaining({ memberId, rosterHash: hash }));
  expect(shown.statements).toEqual(expect.arrayContaining(theirs));
  const operator = await cloister("room", "show", "--config", room.configPath);
  expect(operator.output.match(/confirmed this roster on/g)).toHaveLength(3);
  expect(operator.output).not.toContain(code);
  const lines = await follow(room, await startRun(room, TRAIN));
  expect(lines.at(-1)?.type).toBe("completed");
  expect(reasonsIn(lines)).toEqual([]);
});

/** What members say of a new run, until there is nothing more to wait for; it is taken back then. */
async function refusalsOf(count: number): Promise<string[]> {
  const runId = await startRun(room, probe(1));
  const enough = (_: RunLine, seen: readonly RunLine[]): unknown =>
    reasonsIn(seen).length === count && "stop";
  const refusals = reasonsIn(await follow(room, runId, enough));
  await room.client.post(`/v1/runs/${runId}/cancel`, {});
  return refusals.sort();
}

test("a member that the coordinator seats afterwards is worked with by nobody who confirmed", async () => {
  const dataPath = join(folder, "bank-4.csv");
  writeFileSync(dataPath, smallTable("bank-4", 40));
  await room.enrolAgent("bank-4", dataPath);
  expect(await refusalsOf(3)).toEqual(members.map((memberId) => `${memberId} rosterNotConfirmed`));
});

test("a member whose key becomes another one is worked with by nobody who confirmed, and shown", async () => {
  const agent = room.agents.get("bank-3");
  agent?.kill();
  await agent?.ended;
  rmSync(room.agentFolder("bank-3"), { recursive: true });
  await room.enrolAgent("bank-3", join(folder, "bank-3.csv"));
  const both = ["bank-1", "bank-2"].flatMap((memberId) => [
    `${memberId} keyChanged`,
    // Of the new key, and of bank-4's.
    `${memberId} rosterNotConfirmed`,
    `${memberId} rosterNotConfirmed`,
  ]);
  expect(await refusalsOf(6)).toEqual(both);
  const { roster } = await rosterOf("bank-1");
  expect(roster.find(({ memberId }) => memberId === "bank-3")?.state).toMatch(/ANOTHER KEY/);
});

test("a member that leaves works on nothing more, whatever is offered, and is asked no more", async () => {
  const own = ["--folder", room.agentFolder("bank-2")];
  const nothing = await cloister("agent", "leave", "--reason", "", ...own);
  expect(nothing).toMatchObject({ code: 3, errors: expect.stringContaining("reason") });
  const agent = room.agents.get("bank-2");
  expect((await cloister("agent", "leave", "--reason", "we were sold", ...own)).code).toBe(0);
  expect(await agent?.ended).toBe(4);
  const again = await cloister("agent", "start", ...own);
  expect(again).toMatchObject({ code: 4, errors: expect.stringContaining("another folder") });
  const shown = await cloister("room", "show", "--config", room.configPath);
  expect(shown.output).toMatch(/^bank-2 .* not connected .*left on [\d-]+: we were sold$/m);
  const runId = await startRun(room, probe(1));
  const path = `/v1/runs/${runId}/manifest`;
  const { manifest } = await room.client.get<{ manifest: Manifest }>(path);
  const listed = manifest.roster.map(({ memberId }) => memberId);
  expect(listed).toEqual(["bank-1", "bank-3", "bank-4"]);
});

test("another member's copy tells of confirmations and of the leaving, and of runs without it", async () => {
  const copy = copyPath(room.agentFolder("bank-1"));
  // Who confirmed does not work with the new keys: it stays a proposal.
  const runId = await startRun(room, probe(1));
  await heard(room, runId, ["bank-1"]);
  await room.client.post(`/v1/runs/${runId}/cancel`, {});
  // In this room the key of bank-3 was replaced: the folder, which knows the old one, does not let that pass.
  const own = ["--folder", room.agentFolder("bank-1")];
  expectOneLine(await cloister("audit", "verify", ...own), 6, "the key of bank-3 is not the one");
  const said = await cloister("audit", "verify", copy);
  expect(said).toMatchObject({ code: 0, errors: "" });
  for (const memberId of members)
    expect(said.output).toMatch(
      new RegExp(`^Entry \\d+: ${memberId} signed on \\S+ that it confirmed the roster `, "m"),
    );
  expect(said.output).toMatch(/^Entry \d+: bank-2 .* left the room: we were sold$/m);
  expect(said.output).toMatch(/^Member bank-2 .*, and has left$/m);
  expect(said.output).not.toMatch(/confirmed another roster/);
  const pack = join(folder, "pack.jsonl");
  const operator = ["--config", room.configPath, "--out", pack];
  const exported = await cloister("audit", "export", "--room", "--bare", ...operator);
  expect(exported).toMatchObject({ code: 0, errors: "" });
  const withdrawn = await cloister("audit", "withdrawal", "bank-2", pack);
  expect(withdrawn).toMatchObject({ code: 0, errors: "" });
  expect(withdrawn.output).toMatch(
    /^Run [0-9a-f]{12} {2}train {2}bank-2 had a part in \d+ rounds: 0/m,
  );
  expect(withdrawn.output).toMatch(/^It signed on \S+ that it leaves \(entry \d+, /m);
  expect(withdrawn.output).toContain("its data had a part in none");
  const data = JSON.parse((await cloister("audit", "withdrawal", "bank-2", pack, "--json")).output);
  expect(data.runs.map((run: { runId: string }) => run.runId)).not.toContain(runId);
  const stranger = await cloister("audit", "withdrawal", "bank-9", pack);
  expectOneLine(stranger, 3, "bank-9 never enrolled");
});
