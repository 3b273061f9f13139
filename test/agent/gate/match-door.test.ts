/** The gate's door for matching: nothing that depends on a record leaves before the ledger has noted it, and once only. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MatchDoor } from "../../../agent/gate/match-door.ts";
import { type Account, openAccount } from "../../../agent/ledger/account.ts";
import type { Ledger } from "../../../agent/ledger/ledger.ts";
import { buildManifest } from "../../../coordinator/run/plan.ts";
import type { EncodedData } from "../../../models/data.ts";
import { Charter, charterHash } from "../../../shared/charter/charter.ts";
import { Plan, runIdOf } from "../../../shared/charter/manifest.ts";
import { matchParams } from "../../../shared/charter/match-params.ts";
import { TaskSpec } from "../../../shared/charter/task-spec.ts";
import { osRng } from "../../../shared/edge/os.ts";
import { MatchMember, type MemberEffect } from "../../../shared/matching/member.ts";
import { MemberMatchMessage } from "../../../shared/matching/messages.ts";
import { MatchRelay } from "../../../shared/matching/relay.ts";
import { matchSet } from "../../../shared/matching/set.ts";
import { workOn } from "../../../shared/matching/work.ts";
import { tailShare } from "../../../shared/privacy/accounting/budget.ts";
import { decode, encode } from "../../../shared/protocol/codec.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { COORDINATOR_KEY, enrolled, identityOf, signedManifest } from "../../support/manifests.ts";
import { fileLedger, TERMS } from "../ledger/ledgers.ts";

let folder = "";
let file: Ledger;
let ledger: Account;
/** Runs whose last set was about to leave. */
let left: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "match-door-"));
  left = [];
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

const plan = Plan.parse({
  task: { kind: "match", column: "mail", setSize: 1030 },
  privacy: { epsilon: 3 },
});
const members3 = IDS.map((name) => enrolled(name, charterHash(charter)));
const noised = buildManifest({
  ...{ plan, charter, members: members3, coordinatorKey: COORDINATOR_KEY, nowMs: 0 },
  rng: osRng,
});
const noisedId = runIdOf(noised);

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
  const takenUp = (id: string) => (id === runId ? manifest : id === noisedId ? noised : null);
  const onLeaving = (id: string) => left.push(id);
  return new MatchDoor({ charter, ...who, data, ledger, rng: osRng, takenUp, onLeaving });
}

const read = (body: Uint8Array): MemberMatchMessage => {
  const heard = decode(MemberMatchMessage, body, 64 * 1024);
  if (!heard.ok) throw new Error(heard.code);
  return heard.message;
};

/** What the coordinator says once all have joined. @param own bank-1's join, encoded. */
function members(own: Uint8Array | undefined, params = match): Uint8Array {
  const others = [1, 2].map((index) => {
    const member = { match: params, index, identity: identityOf(IDS[index] ?? ""), rng: osRng };
    const [join] = new MatchMember(member, matchSet(params, index, [], osRng)).begin();
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
  expect(left).toEqual([]);
  await own.hear(runId, [encode({ type: "matchRelease", signatures: [] })]);
  expect(left, "nothing leaves on this").toEqual([]);
  expect(await own.begin(runId)).toEqual({ type: "refused", code: "alreadyAnswered" });
});

test("the answer is remembered before the word by which others let this member's set go, whether or not it hears of that", async () => {
  const own = door();
  const relay = new MatchRelay({ match, patienceMs: 1, rng: osRng }, 0);
  const others = [1, 2].map((index) => {
    const member = { match, index, identity: identityOf(IDS[index] ?? ""), rng: osRng };
    return new MatchMember(member, matchSet(match, index, mails(1000), osRng));
  });
  const queue: { readonly from: number; readonly message: MemberMatchMessage }[] = [];
  const say = (from: number, effects: readonly MemberEffect[]): void => {
    const member = others[from - 1];
    for (const effect of effects)
      if (effect.type === "send") queue.push({ from, message: effect.message });
      else if (member) say(from, member.worked(workOn(effect.job, member.key)));
  };
  let values = 0;
  const heard = (bodies: readonly Uint8Array[]): void => {
    for (const message of bodies.map(read)) {
      if (message.type === "matchReady") expect(left).toEqual([runId]);
      queue.push({ from: 0, message });
    }
  };
  heard(bodiesOf(await own.begin(runId)));
  for (const [i, member] of others.entries()) say(i + 1, member.begin());
  for (let next = queue.shift(); next; next = queue.shift()) {
    const { from, message } = next;
    if (from === 2 && message.type === "matchChunk" && message.owner === 0) values += 1;
    for (const effect of relay.hear(from, message, 0)) {
      if (effect.type !== "send") continue;
      if (effect.to > 0) say(effect.to, others[effect.to - 1]?.hear(effect.message) ?? []);
      // A coordinator keeps the release from this member.
      else if (effect.message.type !== "matchRelease")
        heard(bodiesOf(await own.hear(runId, [encode(effect.message)])));
    }
  }
  expect(values, "chunks of its own set that have come to the coordinator").toBe(2);
  expect(left).toEqual([runId]);
}, 60_000);

test("with noise the ledger is charged before a point leaves, and nothing leaves once the budget is spent", async () => {
  const params = matchParams(noised, charter, noisedId);
  // Room for 72 decoys in each of four pools, and for the others' of two pools each.
  expect(params).toMatchObject({ decoys: 72, setSize: 1030 + 72 * 8 });
  // A member with few takes part like any other: that it has few would tell of one customer.
  const own = door(3);
  const joined = bodiesOf(await own.begin(noisedId));
  expect(ledger.epsilonSpent()).toBe(0);
  const said = await own.hear(noisedId, [members(joined[0], params)]);
  expect(bodiesOf(said).map((body) => read(body).type)).toEqual(["matchChunk", "matchChunk"]);
  const event = { kind: "binomial", trials: 72, sensitivity: 1, delta: tailShare(1e-5) } as const;
  expect(ledger.spentEvents("train").events).toEqual([event]);
  expect(ledger.spentEvents("holdout").events).toEqual([event]);
  expect(await own.begin(noisedId)).toEqual({ type: "refused", code: "alreadyAnswered" });
});

test("with noise nothing leaves once the budget of either partition is spent", async () => {
  const spend = {
    round: 0,
    attempt: 0,
    askKind: "sum",
    partition: "holdout",
    parameters: null,
  } as const;
  const event = { kind: "gaussian", noiseMultiplier: 8 } as const;
  for (let run = 0; ledger.debit({ ...spend, runId: `run ${run}`, event }) === "debited"; run++);
  const own = door(3);
  const joined = bodiesOf(await own.begin(noisedId));
  const params = matchParams(noised, charter, noisedId);
  const refused = { type: "refused", code: "budgetSpent" };
  expect(await own.hear(noisedId, [members(joined[0], params)])).toEqual(refused);
  expect(ledger.lastAttempt(noisedId)).toBe(-1);
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
