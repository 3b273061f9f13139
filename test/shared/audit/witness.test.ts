/** A replayed round agrees with what the coordinator signed for a member, or the check says in what not. */
import { expect, test } from "vitest";
import { witnessCheck } from "../../../shared/audit/witness.ts";
import { randomBytes } from "../../../shared/base/env.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { identityFromSecret } from "../../../shared/crypto/identity.ts";
import { entryStatement, type SignedEntry } from "../../../shared/transcript/chain.ts";
import { replayKept } from "../../support/audits.ts";
import { playProbe } from "../../support/memory-room.ts";

const room = playProbe({ members: 4, dimension: 8, rounds: 2, dropout: { member: 1, round: 1 } });
const [kept] = room.rounds;
if (!kept) throw new Error("two rounds were released");
const { replayed } = await replayKept(room, kept);
if (!replayed) throw new Error("the round replays");
const key = room.coordinator.publicKey;
const evidence = room.evidence.get("bank-1") ?? [];
const OTHER = new Uint8Array(32).fill(7);

const check = (entries: readonly SignedEntry[], record = kept.record) =>
  witnessCheck(key, entries, record, replayed);

/** The coordinator says something else, and signs it. */
function signed(entry: SignedEntry, changes: Partial<SignedEntry>): SignedEntry {
  const other = { ...entry, ...changes } as SignedEntry;
  return { ...other, signature: room.coordinator.sign(entryStatement(other)) };
}

const opening = evidence.find(({ kind, attempt }) => kind === "roundOpened" && attempt === 0);
const included = evidence.find(({ kind, attempt }) => kind === "included" && attempt === 0);
const next = evidence.find((entry) => entry.kind === "roundOpened" && entry.round === 1);
if (!opening || !included || !next) throw new Error("the member has evidence of the first round");

test("all that a member was told of a round agrees with it", () => {
  const { status, text } = check(evidence);
  expect(status).toBe("holds");
  for (const what of ["the model", "the history before", "the survivors", "the history after"])
    expect(text).toContain(what);
});

test("the last round is held against the end of the run, and a dropout's shorter evidence is enough", async () => {
  const [, last] = room.rounds;
  if (!last) throw new Error("two rounds were released");
  const again = (await replayKept(room, last)).replayed;
  if (!again) throw new Error("the round replays");
  const whole = witnessCheck(key, evidence, last.record, again);
  expect([whole.status, whole.text]).toEqual([
    "holds",
    expect.stringContaining("the history after"),
  ]);
  const dropout = room.evidence.get("bank-2") ?? [];
  const part = witnessCheck(key, dropout, last.record, again);
  expect([part.status, part.text]).toEqual(["holds", expect.not.stringContaining("the survivors")]);
});

test.each<[string, SignedEntry]>([
  ["the model", signed(opening, { askHash: OTHER })],
  ["the history before", signed(opening, { head: OTHER })],
  ["the survivors", signed(included, { inclusion: OTHER })],
  ["the history after", signed(next, { head: OTHER })],
])("another signed word on %s fails the check", (what, entry) => {
  const { status, text, accused } = check([entry]);
  expect(status).toBe("fails");
  expect(text).toContain(`the coordinator signed ${what} `);
  expect(accused).toBe("the coordinator");
});

test("what is not signed by the pinned coordinator, or of another run, says nothing", () => {
  const stranger = identityFromSecret(randomBytes(reproducibleRng("stranger"), 32));
  const forged = { ...signed(opening, { head: OTHER }) };
  expect(check([{ ...forged, signature: stranger.sign(entryStatement(forged)) }]).status).toBe(
    "unknown",
  );
  expect(check([signed(opening, { runId: "00".repeat(32), head: OTHER })]).status).toBe("unknown");
  expect(check([]).status).toBe("unknown");
});
