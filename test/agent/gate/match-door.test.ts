/** The gate's door for matching: nothing that depends on a record leaves before the ledger has noted it, and once only. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MatchDoor } from "../../../agent/gate/match-door.ts";
import { type Account, openAccount } from "../../../agent/ledger/account.ts";
import type { Ledger } from "../../../agent/ledger/ledger.ts";
import type { EncodedData } from "../../../models/data.ts";
import { Charter, charterHash } from "../../../shared/charter/charter.ts";
import { runIdOf } from "../../../shared/charter/manifest.ts";
import { matchParams } from "../../../shared/charter/match-params.ts";
import { TaskSpec } from "../../../shared/charter/task-spec.ts";
import { osRng } from "../../../shared/edge/os.ts";
import { MatchMember } from "../../../shared/matching/member.ts";
import { MemberMatchMessage } from "../../../shared/matching/messages.ts";
import { matchSet } from "../../../shared/matching/set.ts";
import { decode, encode } from "../../../shared/protocol/codec.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { identityOf, signedManifest } from "../../support/manifests.ts";
import { fileLedger, TERMS } from "../ledger/ledgers.ts";

let folder = "";
let file: Ledger;
let ledger: Account;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "match-door-"));
  file = fileLedger(join(folder, "ledger.db"));
  ledger = openAccount(file, { ...TERMS, charterHash: charterHash(charter) });
});
afterEach(() => {
  file.close();
  rmSync(folder, { recursive: true });
});

const IDS = memberIds(3);
const base = smallCharter(IDS);
const charter = Charter.parse({
  ...base,
  schema: { ...base.schema, identifiers: [{ name: "mail", type: "email" }] },
  columns: { mail: { join: true } },
  tasks: ["match"],
});
const task = TaskSpec.parse({ kind: "match", column: "mail", setSize: 1030 });
const manifest = signedManifest(charter, { task, privacy: null });
const runId = runIdOf(manifest);
const match = matchParams(manifest, charter, runId);

function side(...mails: readonly string[]): EncodedData {
  const rowCount = mails.length;
  return {
    rowCount,
    numbers: new Float32Array(2 * rowCount),
    codes: new Uint16Array(rowCount),
    labels: new Uint8Array(rowCount),
    unitStarts: Uint32Array.from({ length: rowCount + 1 }, (_, i) => i),
    identifiers: [mails],
  };
}

const mails = (count: number): string[] => Array.from({ length: count }, (_, n) => `c${n}@x.de`);

/** bank-1's. */
function door(count = 1000): MatchDoor {
  const data = { train: side(...mails(count)), holdout: side("c1@x.de") };
  const who = { memberId: "bank-1", identity: identityOf("bank-1") };
  const takenUp = (id: string) => (id === runId ? manifest : null);
  return new MatchDoor({ charter, ...who, data, ledger, rng: osRng, takenUp });
}

const read = (body: Uint8Array): MemberMatchMessage => {
  const heard = decode(MemberMatchMessage, body, 64 * 1024);
  if (!heard.ok) throw new Error(heard.code);
  return heard.message;
};

/** What the coordinator says once all have joined. @param own bank-1's join, encoded. */
function members(own: Uint8Array | undefined): Uint8Array {
  const others = [1, 2].map((index) => {
    const params = { match, index, identity: identityOf(IDS[index] ?? ""), rng: osRng };
    const [join] = new MatchMember(params, matchSet(match, index, [], osRng)).begin();
    return join?.type === "send" ? join.message : null;
  });
  const joins = [own && read(own), ...others].flatMap((join) =>
    join?.type === "matchJoined" ? { channelKey: join.channelKey, signature: join.signature } : [],
  );
  return encode({ type: "matchMembers", joins });
}

const bodiesOf = (said: Awaited<ReturnType<MatchDoor["begin"]>>): readonly Uint8Array[] => {
  if (said.type !== "matchSaid") throw new Error(said.code);
  return said.bodies;
};

test("a join leaves first, which depends on nothing; points only once the ledger has noted them", async () => {
  const own = door();
  const joined = bodiesOf(await own.begin(runId));
  expect(joined.map((body) => read(body).type)).toEqual(["matchJoined"]);
  expect(ledger.lastAttempt(runId)).toBe(-1);
  const said = await own.hear(runId, [members(joined[0])]);
  expect(ledger.lastAttempt(runId)).toBe(0);
  // 1,024 points of 32 bytes and a seal of 16, and the six that are left.
  expect(bodiesOf(said).map(read)).toMatchObject([
    { type: "matchChunk", owner: 0, index: 0, bytes: { length: 1024 * 32 + 16 } },
    { type: "matchChunk", owner: 0, index: 1, bytes: { length: 6 * 32 + 16 } },
  ]);
  expect(said).toMatchObject({ done: 2, total: 6 });
  expect(await own.begin(runId)).toEqual({ type: "refused", code: "alreadyAnswered" });
});

test("whose ledger has noted the run meanwhile says nothing more", async () => {
  const [first, second] = [door(), door()];
  const [a, b] = [await first.begin(runId), await second.begin(runId)];
  await first.hear(runId, [members(bodiesOf(a)[0])]);
  const refused = { type: "refused", code: "alreadyAnswered" };
  expect(await second.hear(runId, [members(bodiesOf(b)[0])])).toEqual(refused);
  expect(await second.hear(runId, [])).toEqual({ type: "refused", code: "notTakenUp" });
  expect(await first.hear(runId, [])).toMatchObject({ type: "matchSaid", bodies: [] });
  await first.begin("0".repeat(64));
});

test("a run that was not taken up is none, and bytes that are no message end it", async () => {
  const own = door();
  const none = { type: "refused", code: "notTakenUp" };
  expect(await own.begin("0".repeat(64))).toEqual(none);
  expect(await own.hear(runId, [])).toEqual(none);
  await own.begin(runId);
  for (const body of [
    Uint8Array.of(0xc1),
    encode({ type: "matchRelease" }),
    new Uint8Array(70_000),
  ]) {
    await own.begin(runId);
    expect(await own.hear(runId, [body])).toEqual({ type: "refused", code: "malformed" });
    expect(await own.hear(runId, [])).toEqual(none);
  }
  expect(ledger.lastAttempt(runId)).toBe(-1);
});

test("a set that the run has no room for is not begun, and it is not said by how much", async () => {
  await expect(door(1031).begin(runId)).rejects.toThrow("more than 1030 different identifiers");
  expect(ledger.lastAttempt(runId)).toBe(-1);
});
