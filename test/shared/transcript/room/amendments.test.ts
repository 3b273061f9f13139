/** Tests of charters that change in a room's history: who has to have signed, and everybody who would rather not ask. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { charterHash } from "../../../../shared/charter/charter.ts";
import { runIdOf } from "../../../../shared/charter/manifest.ts";
import { identityFromSecret } from "../../../../shared/crypto/identity.ts";
import { applyInPlace } from "../../../../shared/transcript/room/apply.ts";
import type { RoomEvent } from "../../../../shared/transcript/room/event.ts";
import type { RoomState } from "../../../../shared/transcript/room/state.ts";
import { type RoomVerdict, verifyRoom } from "../../../../shared/transcript/room/verify.ts";
import {
  AMENDED,
  amended,
  amending,
  amendmentTo,
  proposing,
  refusing,
  signing,
  withdrawing,
} from "../../../support/amendments.ts";
import { unsafeSecret } from "../../../support/group.ts";
import {
  CHARTER,
  decided,
  ended,
  enrolmentOf,
  leaving,
  MEMBERS,
  manifestOf,
  openRoom,
  proposed,
  type RoomWriter,
  released,
  revoking,
  rotation,
  TRUST,
} from "../../../support/room-history.ts";

const second = identityFromSecret(unsafeSecret("a second key"));
const manifest = manifestOf();
const runId = runIdOf(manifest);
const [one, two, three] = MEMBERS;
const signatures = (): RoomEvent[] => MEMBERS.map((id) => signing(id));
const rosterUnder = (charter = AMENDED, ids: readonly string[] = MEMBERS) =>
  ids.map((id) => enrolmentOf(id, charter));
const renewed = manifestOf(1, { roster: rosterUnder() }, AMENDED);
/** A run under the first charter, to its end. */
const played = (): RoomWriter =>
  openRoom().add(
    proposed(manifest),
    decided("approved", runId, one),
    decided("approved", runId, two),
    { type: "runStarted", runId },
    released(runId, 0),
    released(runId, 1),
    ended(runId, 2),
  );

const verdictOf = (writer: RoomWriter): RoomVerdict =>
  verifyRoom(writer.head().bytes, { ...TRUST, memberKeys: new Map() });
function said(writer: RoomWriter): string | null {
  const verdict = verdictOf(writer);
  if (verdict.type === "holds") return null;
  expect(verdict.fault).toMatchObject({ code: "event", entry: writer.entries.length - 1 });
  return verdict.fault.text;
}

test("a charter is amended between runs, each run is of its own, and who is new enrols under the new one", () => {
  const fourth = enrolmentOf("bank-4", AMENDED);
  const roster = rosterUnder(AMENDED, [...MEMBERS, "bank-4"]);
  const later = manifestOf(2, { roster }, AMENDED);
  const room = played()
    .add(...amended(), proposed(renewed))
    .add({ type: "memberEnrolled", ...fourth }, proposed(later));
  const verdict = verdictOf(room);
  expect(verdict).toMatchObject({ type: "holds", state: { remarks: [] } });
  if (verdict.type !== "holds") return;
  const { editions, charterHash: now, runs } = verdict.state;
  expect(now).toBe(charterHash(AMENDED));
  expect(editions.map((edition) => edition.charterHash)).toEqual([charterHash(CHARTER), now]);
  expect(editions[1]?.amended?.signatures.map(({ memberId }) => memberId)).toEqual([...MEMBERS]);
  const chartersOf = [...runs.values()].map(({ charter }) => charterHash(charter));
  expect(chartersOf).toEqual([charterHash(CHARTER), now, now]);
});

test("a second amendment follows on the first; a proposal that is over makes room for the next", () => {
  const third = { ...AMENDED, minimums: { ...AMENDED.minimums, rows: 3 } };
  const next = amendmentTo(third, { edition: 3, previous: charterHash(AMENDED) });
  expect(said(openRoom().add(...amended(), ...amended(next)))).toBeNull();
  const soon = amendmentTo(AMENDED, { validUntilMs: 2000 });
  expect(said(openRoom().add(proposing(soon)).addAt(2001, proposing()))).toBeNull();
  for (const end of [refusing(two), withdrawing()])
    expect(said(openRoom().add(proposing(), end, proposing(amendmentTo(third))))).toBeNull();
});

test("whoever has left need not sign, and whoever rotated its key signs with the new one", () => {
  const fewer = { ...AMENDED, members: [one, two, "bank-4"] };
  const without = amendmentTo(fewer);
  const left = openRoom().add(leaving(three), proposing(without), signing(one, without));
  expect(said(left.add(signing(two, without), amending(without)))).toBeNull();
  const rotated = openRoom().add(proposing(), ...signatures(), rotation(two, second));
  expect(said(rotated.add(signing(two, amendmentTo(), second), amending()))).toBeNull();
});

test("a model of before is reviewed under the charter of its run", () => {
  // The first charter asks for no review: what the second says changes nothing about that run.
  const reviewing = { ...AMENDED, governance: { mustApprove: [], vetoes: "any" as const } };
  const verdict = verdictOf(played().add(...amended(amendmentTo(reviewing))));
  expect(verdict.type === "holds" && verdict.state.runs.get(runId)?.charter).toEqual(CHARTER);
});

/** The same, proposed at another time. */
const again = amendmentTo(AMENDED, { validUntilMs: 1e12 });
const other = amendmentTo({ ...AMENDED, purpose: "something else" });
test.each<[attack: string, expected: RegExp, write: () => RoomWriter]>([
  [
    "unsigned",
    /bank-1, bank-2, bank-3 \(amendmentUnsigned\)/,
    () => openRoom().add(proposing(), amending()),
  ],
  [
    "signed by too few",
    /bank-3 \(amendmentUnsigned\)/,
    () => openRoom().add(proposing(), signing(one), signing(two), amending()),
  ],
  [
    "signed by one for another",
    /bank-3 did not sign .* \(amendmentNotSigned\)/,
    () =>
      openRoom().add(proposing(), {
        ...signing(two),
        word: { ...signing(two).word, memberId: three },
      }),
  ],
  [
    "signed by a stranger's key",
    /\(amendmentNotSigned\)/,
    () => openRoom().add(proposing(), signing(two, amendmentTo(), second)),
  ],
  [
    "signed for another text",
    /\(amendmentOther\)/,
    () => openRoom().add(proposing(), signing(one, other)),
  ],
  [
    "announced as another than was signed",
    /not the amendment proposed/,
    () => openRoom().add(proposing(), ...signatures(), amending(other)),
  ],
  [
    "signed with a key that was rotated away",
    /bank-2 \(amendmentUnsigned\)/,
    () => openRoom().add(proposing(), ...signatures(), rotation(two, second), amending()),
  ],
  [
    "signed, and not seated under the new charter",
    /\(amendmentNotSigned\)/,
    () => {
      const { word } = signing(one);
      const { enrolmentSignature } = enrolmentOf(one);
      return openRoom().add(proposing(), {
        type: "amendmentDecided",
        word: { ...word, enrolmentSignature } as typeof word,
      });
    },
  ],
  [
    "of another room",
    /\(amendmentOtherRoom\)/,
    () => openRoom().add(proposing(amendmentTo(AMENDED, { room: "elsewhere" }))),
  ],
  [
    "with another room's charter",
    /\(amendmentBadCharter\)/,
    () => openRoom().add(proposing(amendmentTo({ ...AMENDED, room: "elsewhere" }))),
  ],
  [
    "replayed",
    /edition 3 comes next.*\(amendmentOtherEdition\)/,
    () => openRoom().add(...amended(), proposing()),
  ],
  [
    "back to an earlier charter",
    /\(amendmentUsedCharter\)/,
    () => {
      const back = amendmentTo(CHARTER, { edition: 3, previous: charterHash(AMENDED) });
      return openRoom().add(...amended(), proposing(back));
    },
  ],
  [
    "with a wrong previous hash",
    /\(amendmentOtherPrevious\)/,
    () => openRoom().add(proposing(amendmentTo(AMENDED, { previous: charterHash(AMENDED) }))),
  ],
  [
    "twice under one number",
    /another .* is open/,
    () => openRoom().add(proposing(), proposing(other)),
  ],
  [
    "whose charter's text is not the canonical one",
    /\(amendmentBadCharter\)/,
    () =>
      openRoom().add(proposing({ ...amendmentTo(), charter: JSON.stringify(AMENDED, null, 1) })),
  ],
  [
    "proposed after its time",
    /\(amendmentExpired\)/,
    () => openRoom().add(proposing(amendmentTo(AMENDED, { validUntilMs: 5 }))),
  ],
  [
    "that was refused, proposed again",
    /\(amendmentProposedBefore\)/,
    () => openRoom().add(proposing(), signing(one), refusing(two), proposing()),
  ],
  [
    "brought into force after its time",
    /out of its time/,
    () => {
      const soon = amendmentTo(AMENDED, { validUntilMs: 2000 });
      const all = MEMBERS.map((id) => signing(id, soon));
      return openRoom()
        .add(proposing(soon), ...all)
        .addAt(2001, amending(soon));
    },
  ],
  [
    "refused, and signed by all others",
    /no amendment is open/,
    () => openRoom().add(proposing(), signing(one), signing(three), refusing(two), amending()),
  ],
  [
    "withdrawn, and brought back",
    /no amendment is open/,
    () => openRoom().add(proposing(), ...signatures(), withdrawing(), amending()),
  ],
  [
    "in force a second time",
    /no amendment is open/,
    () => openRoom().add(...amended(), amending()),
  ],
  [
    "that leaves out a member who has not left",
    /leaves out bank-3.*\(amendmentDropsMember\)/,
    () => {
      const without = amendmentTo({ ...AMENDED, members: [one, two, "bank-4"] });
      return openRoom().add(
        proposing(without),
        signing(one, without),
        signing(two, without),
        amending(without),
      );
    },
  ],
  [
    "signed by a member that has left",
    /\(amendmentNotSigned\)/,
    () => openRoom().add(leaving(three), proposing(), signing(three)),
  ],
  [
    "that a revoked key signed",
    /\(amendmentNotSigned\)/,
    () => openRoom().add(revoking(one, two), revoking(three, two), proposing(), signing(two)),
  ],
  [
    "under a run that is proposed",
    /is proposed, under the charter of before/,
    () => openRoom().add(proposed(manifest), ...amended()),
  ],
  [
    "under a run under way",
    /is running, under the charter of before/,
    () =>
      openRoom().add(
        proposed(manifest),
        decided("approved", runId, one),
        decided("approved", runId, two),
        { type: "runStarted", runId },
        ...amended(),
      ),
  ],
  [
    "and closes runs before anybody has signed",
    /was not about to change/,
    () =>
      openRoom().add(proposed(manifest), proposing(), {
        type: "runRefused",
        runId,
        code: "amended",
      }),
  ],
  [
    "and a run under the old charter after it",
    /bound to another charter/,
    () => openRoom().add(...amended(), proposed(manifest)),
  ],
  [
    "not in force, and a run under it",
    /bound to another charter/,
    () => openRoom().add(proposing(), ...signatures(), proposed(renewed)),
  ],
  [
    "and a roster that signed the old charter only",
    /did not sign the charter with this key/,
    () =>
      openRoom().add(
        ...amended(),
        proposed(manifestOf(1, { roster: rosterUnder(CHARTER) }, AMENDED)),
      ),
  ],
  [
    "and who enrols under the old charter",
    /did not sign the charter with this key/,
    () =>
      openRoom().add(...amended(), { type: "memberEnrolled", ...enrolmentOf("bank-4", CHARTER) }),
  ],
])("is found: an amendment %s", (_attack, expected, write) => {
  expect(said(write())).toMatch(expected);
});

/** What a coordinator may try next. */
const MOVES: Readonly<Record<string, RoomEvent>> = {
  propose: proposing(),
  again: proposing(again),
  other: proposing(other),
  sign1: signing(one),
  sign2: signing(two),
  sign3: signing(three),
  signAgain1: signing(one, again),
  signAgain2: signing(two, again),
  signAgain3: signing(three, again),
  amendAgain: amending(again),
  signOther1: signing(one, other),
  refuse: refusing(two),
  withdraw: withdrawing(),
  amend: amending(),
  amendOther: amending(other),
  leave: leaving(three),
  rotate: rotation(two, second),
};

/** Each move that the room takes is made; the others are passed over, and change nothing. */
function playedMoves(moves: readonly string[]): { state: RoomState; events: RoomEvent[] } {
  const opened = verdictOf(openRoom());
  if (opened.type !== "holds") throw new Error("a room that is just open holds");
  const { state } = opened;
  const events = moves.flatMap((move, i) => {
    const body = MOVES[move];
    if (!body) throw new Error(`${move} is no move`);
    const entry = { sequence: 4 + i, atMs: 2000 + i, body, hash: "" };
    return applyInPlace(state, entry, () => null) === null ? [body] : [];
  });
  return { state, events };
}

test("whatever is tried in whatever order, a charter in force is signed by all who were there", () => {
  let amendedCount = 0;
  const anything = fc.shuffledSubarray(Object.keys(MOVES), { maxLength: 5 });
  const signed = ["sign1", "sign2", "sign3", "amend"];
  const signedAgain = ["signAgain1", "signAgain2", "signAgain3", "amendAgain"];
  const toTheEnd = [...signed, "again", ...signedAgain];
  fc.assert(
    fc.property(anything, anything, (first, then) => {
      const { state, events } = playedMoves([...first, "propose", ...then, ...toTheEnd]);
      const [, second] = state.editions;
      const changed = events.findIndex(({ type }) => type === "charterAmended");
      expect(changed >= 0).toBe(second !== undefined);
      if (!second) return;
      amendedCount += 1;
      const before = new Set(events.slice(0, changed));
      const hasLeft = MOVES["leave"] && before.has(MOVES["leave"]);
      const there = MEMBERS.filter((id) => id !== three || !hasLeft);
      expect(second.amended?.signatures.map(({ memberId }) => memberId)).toEqual(there);
      const isFirst = events[changed] === MOVES["amend"];
      if (isFirst) expect([...before]).not.toContain(MOVES["refuse"]);
    }),
    { numRuns: 30, seed: 1 },
  );
  expect(amendedCount).toBeGreaterThan(5);
});
