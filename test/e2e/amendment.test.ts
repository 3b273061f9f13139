/**
 * A charter amended through the binary: proposed by the operator, looked at and signed by each member, in force in their
 * running agents; who is new in it enrols, and a run of all four begins under it. A run of before is audited as ever.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { Charter, charterHash } from "../../shared/charter/charter.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import { memberIds, smallCharter, smallTable } from "../support/charters.ts";
import { cloister, expectOneLine, type Outcome } from "../support/command.ts";
import type { RoomProcesses } from "../support/processes.ts";
import { completion, heard } from "../support/room-copies.ts";
import { follow, openRoom, probe, released, startRun } from "../support/rooms.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-amendment-"));
const members = memberIds(3);
const first = smallCharter(members);
const amended = Charter.parse({
  ...first,
  members: memberIds(4),
  minimums: { ...first.minimums, rows: 5 },
  rowsMax: 20_000,
});
const path = join(folder, "charter-2.yaml");
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

const operator = (...args: string[]): Promise<Outcome> =>
  cloister("room", ...args, "--config", room.configPath);
const amendment = (memberId: string, ...args: string[]): Promise<Outcome> =>
  cloister("agent", "amendment", ...args, "--folder", room.agentFolder(memberId));
const proposing = async (charter: object, reason = "for ever"): Promise<Outcome> => {
  writeFileSync(path, stringify(charter));
  return operator("amend", "--charter", path, "--reason", reason);
};

test("what is proposed is shown, field by field; a wrong hash signs nothing, and a refusal ends it", async () => {
  expectOneLine(await proposing(first), 3, "amendmentUsedCharter");
  expect((await proposing({ ...amended, expiresOn: "2099-12-31" })).code).toBe(0);
  const [shown, told] = await Promise.all([amendment("bank-1"), operator("show")]);
  expect(told.output).toMatch(/signed by nobody yet; not signed by bank-1, bank-2, bank-3/);
  expect(shown).toMatchObject({ code: 0, errors: "" });
  expect(shown.output).toContain(
    "minimums.rows (fewest rows of a member that takes part): 10 → 5\n    ! fewer suffice",
  );
  expect(shown.output).toContain("members: bank-4 is added\n    ! sees what members see");
  expectOneLine(await amendment("bank-1", "--sign", "00".repeat(8)), 3, "is another one");
  const [, hash = ""] = /^Amendment (\S+)$/m.exec(shown.output) ?? [];
  const refusal = await amendment("bank-2", "--refuse", hash, "--reason", "no end, please");
  expect(refusal).toMatchObject({ code: 0, errors: "" });
});

test("signed by all it is in force in running agents; a fourth enrols, and a run of four begins under it", async () => {
  const inForce = members.map((memberId) =>
    room.agents
      .get(memberId)
      ?.line(({ type, state }) => type === "amendment" && state === "amended"),
  );
  const again = members.map((memberId) =>
    room.agents.get(memberId)?.line(({ state }) => state === "connected"),
  );
  expect((await proposing(amended, "a fourth bank joins")).code).toBe(0);
  // Until then a member's copy may show the one that was refused.
  await heard(room, "a fourth bank joins", members);
  const { output } = await amendment("bank-1", "--json");
  const { amendmentHash: hash } = JSON.parse(output) as { amendmentHash: string };
  const signed = members.map((memberId) => amendment(memberId, "--sign", hash));
  expect((await Promise.all(signed)).map(({ code, errors }) => [code, errors])).toEqual(
    members.map(() => [0, ""]),
  );
  await Promise.all([...inForce, ...again]);

  writeFileSync(join(folder, "bank-4.csv"), smallTable("bank-4", 40));
  await room.enrolAgent("bank-4", join(folder, "bank-4.csv"));
  const runId = await startRun(room, probe(1));
  const lines = await follow(room, runId);
  expect(lines.at(-1)?.type).toBe("completed");
  expect(released(lines)[0]?.survivors).toEqual(memberIds(4));
  const { manifest } = await room.client.get<{ manifest: Manifest }>(`/v1/runs/${runId}/manifest`);
  expect(manifest.charterHash).toBe(charterHash(amended));
  await heard(room, completion(runId), memberIds(4));
});

test("the history holds for old and new members, charter by charter; a run of before replays", async () => {
  const [replay, ...verified] = await Promise.all([
    cloister("audit", "replay", before, "0", "--folder", room.agentFolder("bank-1")),
    ...["bank-1", "bank-4"].map((memberId) =>
      cloister("audit", "verify", "--folder", room.agentFolder(memberId)),
    ),
  ]);
  for (const { code, errors, output } of verified) {
    expect([code, errors]).toEqual([0, ""]);
    expect(output).toMatch(/^Charter 2 .*signed by bank-1, bank-2, bank-3: a fourth bank joins$/m);
    expect(output).toMatch(new RegExp(`^Run ${before.slice(0, 12)} .*under charter 1$`, "m"));
    expect(output).toContain("under charter 2");
    expect(output).not.toContain("Look into");
  }
  expect(replay).toMatchObject({ code: 0, errors: "" });
});
