/** A member's key that changes while a run with it is under way, or is only proposed; in a room whose keys expire. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { memberHttp } from "../../agent/member-http.ts";
import { policyPath } from "../../agent/policy-file.ts";
import { copyPath } from "../../agent/transcript-copy.ts";
import { Vault } from "../../agent/vault.ts";
import { Charter, charterHash } from "../../shared/charter/charter.ts";
import { signRotation } from "../../shared/charter/key-change.ts";
import { Plan } from "../../shared/charter/manifest.ts";
import { signStatement } from "../../shared/charter/member-statement.ts";
import { identityFromSecret } from "../../shared/crypto/identity.ts";
import { osRng } from "../../shared/edge/os.ts";
import { verifyRoom } from "../../shared/transcript/room/verify.ts";
import { memberIds, smallCharter, smallTable } from "../support/charters.ts";
import { type ServiceRoom, serviceRoom } from "../support/service-room.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-under-way-"));
const members = memberIds(4);
const charter = Charter.parse({
  ...smallCharter(members),
  governance: { approvals: 2, keyDays: 30 },
});
const hash = charterHash(charter);
const probe = (rounds: number): Plan =>
  Plan.parse({ task: { kind: "probe", dimension: 8, rounds }, privacy: "none" });
let room: ServiceRoom;

beforeAll(async () => {
  const tables = new Map(members.map((memberId) => [memberId, smallTable(memberId, 40)]));
  room = await serviceRoom({ folder, charter, tables });
});

afterAll(async () => {
  await room.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What the member posts, signed with the key in its vault. */
async function post(memberId: string, what: "keys" | "statements", body: object): Promise<unknown> {
  const vault = Vault.openExisting(join(folder, memberId));
  try {
    const http = memberHttp(vault, { caPath: undefined, allowPlain: undefined });
    return await http.post(`/v1/members/${memberId}/${what}`, body);
  } finally {
    vault.close();
  }
}

function rotate(memberId: string): Promise<unknown> {
  const vault = Vault.openExisting(join(folder, memberId));
  const own = identityFromSecret(vault.identitySecret(osRng));
  const next = identityFromSecret(vault.keys.nextSecret(osRng));
  vault.close();
  return post(memberId, "keys", signRotation(hash, memberId, own, next));
}

function revoke(by: string, about: string): Promise<unknown> {
  const vault = Vault.openExisting(join(folder, by));
  const identity = identityFromSecret(vault.identitySecret(osRng));
  vault.close();
  const identityKey = room.service.rooms.keyOf({ room: charter.room, memberId: about }) ?? "";
  const said = { kind: "keyRevoked", about, identityKey, reason: "stolen" } as const;
  const who = { memberId: by, charterHash: hash, atMs: 5 };
  return post(by, "statements", signStatement({ ...said, ...who }, identity));
}

const statusOf = (runId: string): string => room.service.catalog.find(runId, null).status;
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
}

test("a key is not rotated under a run that knows it; a revocation ends the run", async () => {
  const { runId } = room.service.propose(probe(100_000));
  await until(() => room.service.catalog.find(runId, null).rounds.length > 2);
  await expect(rotate("bank-4")).rejects.toMatchObject({ code: "rotation.run-under-way" });
  expect(await revoke("bank-1", "bank-4")).toMatchObject({ revoked: null });
  expect(statusOf(runId)).toBe("running");
  expect(await revoke("bank-2", "bank-4")).toMatchObject({ revoked: "bank-4" });
  await until(() => statusOf(runId) === "failed");
  await expect(rotate("bank-4")).rejects.toMatchObject({ code: "audit.notEnrolled" });
});

test("a rotation closes proposals that list the old key, and its session; the history holds", async () => {
  for (const memberId of members)
    writeFileSync(policyPath(join(folder, memberId)), JSON.stringify({ version: 1 }));
  const { runId } = room.service.propose(probe(1));
  expect(statusOf(runId)).toBe("proposed");
  await rotate("bank-3");
  expect(room.service.catalog.find(runId, null)).toMatchObject({
    status: "refused",
    reason: "cancelled",
  });
  const copy = (): Uint8Array => readFileSync(copyPath(join(folder, "bank-1")));
  await until(() => Buffer.from(copy()).includes('"type":"keyRotated"'));
  const trust = { coordinatorKey: null, memberKeys: new Map(), heads: new Map() };
  const verdict = verifyRoom(copy(), trust);
  expect(verdict.type).toBe("holds");
  if (verdict.type !== "holds") return;
  expect([...verdict.state.revoked.values()]).toEqual(["bank-4"]);
  expect(verdict.state.trails.get("bank-3")?.keys).toHaveLength(2);
});
