/**
 * A member's key, rotated and revoked through the binary: the other agents follow a key that the old one signed for, by
 * their own copies of the history, and nobody works with one that enough members revoked.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Vault } from "../../agent/vault.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import type { RosterAnswer } from "../../shared/charter/roster.ts";
import { memberIds } from "../support/charters.ts";
import { cloister, expectOneLine, type Outcome } from "../support/command.ts";
import type { RoomProcesses } from "../support/processes.ts";
import { completion, heard } from "../support/room-copies.ts";
import { follow, openRoom, probe, released, startRun } from "../support/rooms.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-keys-"));
const members = memberIds(4);
let room: RoomProcesses;
let before = "";

beforeAll(async () => {
  room = await openRoom({ folder, members });
  before = await startRun(room, probe(1));
  expect((await follow(room, before)).at(-1)?.type).toBe("completed");
});

afterAll(async () => {
  await room.close();
  rmSync(folder, { recursive: true, force: true });
});

const agent = (memberId: string, ...args: string[]): Promise<Outcome> =>
  cloister("agent", ...args, "--folder", room.agentFolder(memberId));
const rosterNow = (): Promise<RosterAnswer> => room.client.get<RosterAnswer>("/v1/roster");
const keyOf = async (memberId: string): Promise<string | undefined> =>
  (await rosterNow()).roster.find((one) => one.memberId === memberId)?.identityKey;

function pinnedBy(memberId: string): Map<string, string> {
  const vault = Vault.openExisting(room.agentFolder(memberId));
  const pinned = vault.keys.pinned();
  vault.close();
  return pinned;
}

test("a rotated key is followed by all, and the agent goes on with it by itself", async () => {
  const old = await keyOf("bank-1");
  const connected = room.agents.get("bank-1")?.line(({ state }) => state === "connected");
  expect(await agent("bank-1", "rotate-key")).toMatchObject({ code: 0, errors: "" });
  const next = (await keyOf("bank-1")) ?? "";
  expect(next).not.toBe(old);
  await connected;
  await heard(room, next, members);
  const runId = await startRun(room, probe(1));
  const lines = await follow(room, runId);
  expect(lines.at(-1)?.type).toBe("completed");
  expect(released(lines)[0]?.survivors).toEqual(members);
  const path = `/v1/runs/${runId}/manifest`;
  const { manifest } = await room.client.get<{ manifest: Manifest }>(path);
  expect(manifest.roster[0]?.identityKey).toBe(next);
  expect(pinnedBy("bank-2").get("bank-1")).toBe(next);
  await heard(room, completion(runId), members);
});

test("the history holds for a member that knew the old key, and a run of before is audited as ever", async () => {
  const verified = await cloister("audit", "verify", "--folder", room.agentFolder("bank-2"));
  expect(verified).toMatchObject({ code: 0, errors: "" });
  expect(verified.output).toMatch(/^Member bank-1 .*signed for by the one before \(1 rotation\)/m);
  expect(verified.output).not.toContain("Look into");
  const replay = await cloister(
    "audit",
    "replay",
    before,
    "0",
    "--folder",
    room.agentFolder("bank-2"),
  );
  expect(replay).toMatchObject({ code: 0, errors: "" });
});

test("a key that enough members revoke is nobody's: its agent is out, and no run lists it", async () => {
  expectOneLine(await agent("bank-1", "revoke", "bank-1", "--reason", "x"), 3, "rotate-key");
  expect((await agent("bank-1", "revoke", "bank-4", "--reason", "stolen")).code).toBe(0);
  const shown = await cloister("room", "show", "--config", room.configPath);
  expect(shown.output).toMatch(/^bank-1 .*revokes the key of bank-4 on [\d-]+: stolen$/m);
  expect((await agent("bank-2", "revoke", "bank-4", "--reason", "stolen")).code).toBe(0);
  expect(await room.agents.get("bank-4")?.ended).toBe(4);
  expect(await keyOf("bank-4")).toBeUndefined();
  expectOneLine(await agent("bank-4", "rotate-key"), 4, "not enrolled here");
  const runId = await startRun(room, probe(1));
  const lines = await follow(room, runId);
  expect(lines.at(-1)?.type).toBe("completed");
  expect(released(lines)[0]?.survivors).toEqual(members.slice(0, 3));
  await heard(room, completion(runId), ["bank-3"]);
  const verified = await cloister("audit", "verify", "--folder", room.agentFolder("bank-3"));
  expect(verified).toMatchObject({ code: 0, errors: "" });
  expect(verified.output).toMatch(/^Revoked {4}key \S+ of bank-4$/m);
});

test("whoever was revoked enrols anew with another key, which nobody works with before a telephone round", async () => {
  rmSync(room.agentFolder("bank-4"), { recursive: true });
  await room.enrolAgent("bank-4", join(folder, "bank-4.csv"));
  const runId = await startRun(room, probe(1));
  const refusals: string[] = [];
  await follow(room, runId, ({ decision }) => {
    if (decision?.decision !== "refused") return undefined;
    refusals.push(`${decision.memberId} ${decision.reasons.map(({ code }) => code).join()}`);
    return refusals.length === 3 ? "stop" : undefined;
  });
  await room.client.post(`/v1/runs/${runId}/cancel`, {});
  expect(refusals.sort()).toEqual(members.slice(0, 3).map((id) => `${id} keyChanged`));
});
