/** Tests of what the events of a room's history mean: who may do what, and when; a coordinator that signs anything is no help to it. */
import { expect, test } from "vitest";
import { toHex } from "../../../../shared/base/bytes.ts";
import { canonicalJson } from "../../../../shared/base/canonical.ts";
import { charterHash } from "../../../../shared/charter/charter.ts";
import { signRotation } from "../../../../shared/charter/key-change.ts";
import { runIdOf } from "../../../../shared/charter/manifest.ts";
import { rosterHash } from "../../../../shared/charter/roster.ts";
import { identityFromSecret } from "../../../../shared/crypto/identity.ts";
import { enrolmentStatement } from "../../../../shared/protocol/handshake.ts";
import type { RoomEvent } from "../../../../shared/transcript/room/event.ts";
import { verifyRoom } from "../../../../shared/transcript/room/verify.ts";
import { unsafeSecret } from "../../../support/group.ts";
import { identityOf } from "../../../support/manifests.ts";
import {
  CHARTER,
  COORDINATOR_KEY,
  decided,
  ended,
  enrolmentOf,
  keyOf,
  leaving,
  MEMBERS,
  manifestOf,
  openRoom,
  playedRoom,
  proposed,
  RoomWriter,
  released,
  stated,
  TRUST,
} from "../../../support/room-history.ts";

const manifest = manifestOf();
const runId = runIdOf(manifest);
const approvals = [decided("approved", runId, "bank-1"), decided("approved", runId, "bank-2")];
const approved = (): RoomWriter => openRoom().add(proposed(manifest), ...approvals);
const started = (): RoomWriter => approved().add({ type: "runStarted", runId });
const nobody = { ...TRUST, memberKeys: new Map() };

/** What is wrong with the last entry, the coordinator having signed it all. */
function said(writer: RoomWriter): string | null {
  const verdict = verifyRoom(writer.head().bytes, nobody);
  if (verdict.type === "holds") return null;
  expect(verdict.fault).toMatchObject({ code: "event", entry: writer.entries.length - 1 });
  return verdict.fault.text;
}

const spare = identityFromSecret(unsafeSecret("a new key"));
const spareKey = toHex(spare.publicKey);
const signsCharter = (hash: string): string =>
  toHex(spare.sign(enrolmentStatement(hash, "bank-2", spare.publicKey)));
const rotated = (rotationSignature: string | null): RoomEvent => ({
  type: "keyRotated",
  memberId: "bank-2",
  identityKey: spareKey,
  enrolmentSignature: signsCharter(charterHash(CHARTER)),
  rotationSignature,
});
const consentOf = (memberId: string): string =>
  signRotation(charterHash(CHARTER), "bank-2", identityOf(memberId), spare).rotationSignature;
const consent = consentOf("bank-2");
/** A confirmation by bank-1 as its member would sign it, unless it says otherwise. */
function confirmed({ of = rosterOf(MEMBERS), by = "bank-1", charter = charterHash(CHARTER) } = {}) {
  const said = { kind: "rosterConfirmed", rosterHash: of, charterHash: charter } as const;
  return stated({ ...said, memberId: "bank-1", atMs: 900 }, identityOf(by));
}
const rosterOf = (ids: readonly string[]): string =>
  rosterHash(
    charterHash(CHARTER),
    ids.map((id) => enrolmentOf(id)),
  );
const altered = (
  decision: "approved" | "vetoed",
  changes: { memberId?: string; decision?: "approved" },
): RoomEvent => {
  const event = decided(decision, runId, "bank-1");
  return { ...event, decision: { ...event.decision, ...changes } };
};
const unsigned = "00".repeat(64);
const created = {
  type: "roomCreated",
  version: 1,
  room: "r",
  coordinatorKey: COORDINATOR_KEY,
} as const;
const aborted = (round: number, attempt: number): RoomEvent => ({
  type: "attemptAborted",
  runId,
  round,
  attempt,
  reason: "timeout",
});
const oneBank = { ...released(runId, 0), survivors: ["bank-1"] } as RoomEvent;
const twice = { ...released(runId, 0), survivors: ["bank-1", "bank-1", "bank-2"] } as RoomEvent;
const foreign = { ...released(runId, 0), survivors: ["bank-1", "bank-2", "bank-9"] } as RoomEvent;

test.each<[string, () => RoomWriter]>([
  [
    "a run approved by two, without a round",
    () => started().add({ ...ended(runId, 0), outcome: "failed" } as RoomEvent),
  ],
  [
    "a run that is refused",
    () => openRoom().add(proposed(manifest), { type: "runRefused", runId, code: "cancelled" }),
  ],
  [
    "a restart that counts the same attempt as lost again",
    () => started().add(aborted(0, 4), aborted(0, 4), released(runId, 0, 5)),
  ],
  ["a member that leaves", () => openRoom().add(leaving("bank-3"))],
  [
    "a member that leaves a run under way",
    () => started().add(leaving("bank-3"), released(runId, 0)),
  ],
  ["a member that leaves and enrols anew", () => openRoom().add(leaving("bank-2"), rotated(null))],
  [
    "a member that says again that it leaves",
    () => openRoom().add(leaving("bank-3"), leaving("bank-3")),
  ],
  ["a roster confirmed by a member", () => openRoom().add(confirmed())],
  ["a key that signs for the next", () => openRoom().add(rotated(consent))],
  ["a key replaced, because it is lost", () => openRoom().add(rotated(null))],
  ["a model deleted in its time", () => playedRoom().add({ type: "runDeleted", runId })],
  ["two runs side by side", () => started().add(proposed(manifestOf(1)))],
])("stands: %s", (_name, write) => {
  expect(said(write())).toBeNull();
});

/** An entry that may stand anywhere in an open room. */
function aborted0(): RoomEvent {
  return confirmed();
}

test.each<[string, RegExp, () => RoomWriter]>([
  [
    "a history that begins otherwise",
    /begins with/,
    () => new RoomWriter().add({ type: "runStarted", runId }),
  ],
  [
    "a room created twice",
    /created before/,
    () => openRoom().add({ ...created, charter: canonicalJson(CHARTER) }),
  ],
  [
    "a charter not in its canonical text",
    /canonical/,
    () => new RoomWriter().add({ ...created, charter: JSON.stringify(CHARTER, null, 1) }),
  ],
  [
    "another room's charter",
    /another room/,
    () => new RoomWriter("q").add({ ...created, room: "q", charter: canonicalJson(CHARTER) }),
  ],
  [
    "a member that no charter knows",
    /not in the charter/,
    () => openRoom().add({ type: "memberEnrolled", ...enrolmentOf("bank-9") }),
  ],
  [
    "a member enrolled twice",
    /already/,
    () => openRoom().add({ type: "memberEnrolled", ...enrolmentOf("bank-1") }),
  ],
  [
    "an enrolment that its member did not sign",
    /did not sign the charter/,
    () =>
      new RoomWriter().add(
        { ...created, charter: canonicalJson(CHARTER) },
        { type: "memberEnrolled", ...enrolmentOf("bank-1"), identityKey: spareKey },
      ),
  ],
  [
    "a confirmation signed by another",
    /bank-1 did not sign this statement/,
    () => openRoom().add(confirmed({ by: "bank-2" })),
  ],
  [
    "a confirmation under another charter",
    /did not sign this statement/,
    () => openRoom().add(confirmed({ charter: "ab".repeat(32) })),
  ],
  [
    "a confirmation turned into another's",
    /bank-2 did not sign this statement/,
    () => {
      const { type, statement } = confirmed();
      return openRoom().add({ type, statement: { ...statement, memberId: "bank-2" } });
    },
  ],
  [
    "a statement of a stranger",
    /bank-9 did not sign this statement/,
    () => openRoom().add(leaving("bank-9")),
  ],
  [
    "a statement with a key that was replaced",
    /bank-2 did not sign this statement/,
    () => openRoom().add(rotated(null), leaving("bank-2")),
  ],
  [
    "a key that another signed for",
    /did not sign the new one/,
    () => openRoom().add(rotated(unsigned)),
  ],
  [
    "a key of a member that is not there",
    /not in the room/,
    () => new RoomWriter().add({ ...created, charter: canonicalJson(CHARTER) }, rotated(consent)),
  ],
  [
    "a member that others make leave",
    /bank-3 did not sign this statement/,
    () => openRoom().add(leaving("bank-3", "bank-1")),
  ],
  [
    "a run with a member that has left",
    /bank-3 is in the roster and has left/,
    () => openRoom().add(leaving("bank-3"), proposed(manifest)),
  ],
  [
    "a run with a key that was replaced",
    /key of bank-2 has changed/,
    () => openRoom().add(rotated(consent), proposed(manifest)),
  ],
  [
    "a run whose id is not its manifest's hash",
    /hash is not/,
    () => openRoom().add({ ...proposed(manifest), runId: "ab".repeat(32) } as RoomEvent),
  ],
  [
    "a manifest in another text",
    /canonical/,
    () =>
      openRoom().add({
        ...proposed(manifest),
        manifest: JSON.stringify(manifest, null, 1),
      } as RoomEvent),
  ],
  [
    "a run proposed twice",
    /proposed before/,
    () => openRoom().add(proposed(manifest), proposed(manifest)),
  ],
  [
    "another room's run",
    /another room/,
    () => openRoom().add(proposed(manifestOf(0, { room: "q" }))),
  ],
  [
    "another coordinator's run",
    /another coordinator/,
    () => openRoom().add(proposed(manifestOf(0, { coordinatorKey: keyOf("bank-1") }))),
  ],
  [
    "a run from the future",
    /made after/,
    () => openRoom().add(proposed(manifestOf(0, { createdAtMs: 1e9 }))),
  ],
  [
    "a decision on no run",
    /no such run/,
    () => openRoom().add(decided("approved", runId, "bank-1")),
  ],
  [
    "a decision of a stranger",
    /did not sign this decision/,
    () => openRoom().add(proposed(manifest), decided("approved", runId, "bank-9")),
  ],
  [
    "a decision under another's name",
    /did not sign this decision/,
    () => openRoom().add(proposed(manifest), altered("approved", { memberId: "bank-2" })),
  ],
  [
    "a veto turned into an approval",
    /did not sign this decision/,
    () => openRoom().add(proposed(manifest), altered("vetoed", { decision: "approved" })),
  ],
  [
    "a decision on another run",
    /did not sign this decision/,
    () => {
      const other = manifestOf(1);
      const decision = { ...decided("approved", runId, "bank-1"), runId: runIdOf(other) };
      return openRoom().add(proposed(other), decision);
    },
  ],
  [
    "a decision counted twice",
    /said so before/,
    () => {
      const decision = decided("approved", runId, "bank-1");
      return openRoom().add(proposed(manifest), decision, decision);
    },
  ],
  [
    "a decision after the start",
    /had started/,
    () => started().add(decided("vetoed", runId, "bank-3")),
  ],
  [
    "a start after a change of mind",
    /1 of the 2 members/,
    () => approved().add(decided("refused", runId, "bank-2"), { type: "runStarted", runId }),
  ],
  [
    "a start after the expiry",
    /had expired/,
    () => {
      const late = manifestOf(0, { expiresAtMs: 2000 });
      const id = runIdOf(late);
      return openRoom()
        .add(proposed(late), decided("approved", id, "bank-1"), decided("approved", id, "bank-2"))
        .addAt(9_000_000, { type: "runStarted", runId: id });
    },
  ],
  [
    "a run that was refused, and starts",
    /was refused/,
    () =>
      approved().add(
        { type: "runRefused", runId, code: "cancelled" },
        { type: "runStarted", runId },
      ),
  ],
  [
    "a veto that nobody signed",
    /nobody who may had vetoed/,
    () => openRoom().add(proposed(manifest), { type: "runRefused", runId, code: "vetoed" }),
  ],
  [
    "an expiry before its time",
    /had not expired/,
    () => openRoom().add(proposed(manifest), { type: "runRefused", runId, code: "expired" }),
  ],
  [
    "a run refused after its start",
    /had started/,
    () => started().add({ type: "runRefused", runId, code: "cancelled" }),
  ],
  [
    "a start with one approval",
    /1 of the 2 members/,
    () =>
      openRoom().add(proposed(manifest), decided("approved", runId, "bank-1"), {
        type: "runStarted",
        runId,
      }),
  ],
  [
    "a start against a veto",
    /bank-3 had vetoed/,
    () => approved().add(decided("vetoed", runId, "bank-3"), { type: "runStarted", runId }),
  ],
  ["a second start", /started before/, () => started().add({ type: "runStarted", runId })],
  ["a round before the start", /had not started/, () => approved().add(released(runId, 0))],
  ["a round left out", /round 0 comes next/, () => started().add(released(runId, 1))],
  [
    "a round twice",
    /round 1 comes next/,
    () => started().add(released(runId, 0), released(runId, 0, 1)),
  ],
  [
    "an attempt's number twice",
    /used before/,
    () => started().add(released(runId, 0, 3), released(runId, 1, 3)),
  ],
  [
    "an attempt aborted in a round that is over",
    /round 1 comes next/,
    () => started().add(released(runId, 0), aborted(0, 1)),
  ],
  [
    "attempts in the wrong order",
    /before that of earlier/,
    () => started().add(aborted(0, 4), aborted(0, 3)),
  ],
  ["an attempt before the start", /had not started/, () => approved().add(aborted(0, 0))],
  ["too few survivors", /fewer survivors/, () => started().add(oneBank)],
  ["a survivor counted twice", /listed twice/, () => started().add(twice)],
  ["a survivor of no roster", /not in the roster/, () => started().add(foreign)],
  [
    "an end whose head leaves a round out",
    /head is not/,
    () => started().add(released(runId, 0), released(runId, 1), ended(runId, 1)),
  ],
  [
    "an end with success that never began",
    /had not started/,
    () => approved().add(ended(runId, 0)),
  ],
  ["a round after the end", /had ended/, () => started().add(ended(runId, 0), released(runId, 0))],
  ["a second end", /had ended/, () => started().add(ended(runId, 0), ended(runId, 0))],
  [
    "a co-signature for what is to come",
    /come later/,
    () =>
      openRoom().add({ type: "headCosigned", size: 9, memberId: "bank-1", signature: unsigned }),
  ],
  [
    "a co-signature of another history",
    /did not sign for/,
    () =>
      openRoom().add({ type: "headCosigned", size: 2, memberId: "bank-1", signature: unsigned }),
  ],
  [
    "a co-signature for less than before",
    /signed for so many/,
    () => {
      const w = openRoom().cosign("bank-1");
      return w.add({ ...w.entries.at(-1)?.body } as RoomEvent);
    },
  ],
  [
    "a clock set back",
    /time is before/,
    () => openRoom().addAt(9_000_000, aborted0()).addAt(8_000_000, aborted0()),
  ],
])("is found: %s", (_name, expected, write) => {
  expect(said(write())).toMatch(expected);
});

test("a key replaced without the old one's word is remarked on, and whoever knew the old one is not fooled", () => {
  const copy = openRoom().add(rotated(null)).head().bytes;
  const verdict = verifyRoom(copy, nobody);
  expect(verdict.type === "holds" && verdict.state.remarks).toEqual([
    expect.stringContaining("entry 4: the key of bank-2 was replaced"),
  ]);
  expect(verifyRoom(copy, TRUST)).toMatchObject({ fault: { code: "member", entry: 4 } });
});

test("whoever knew the old key, or the new, accepts that one signed for the other", () => {
  const copy = openRoom().add(rotated(consent)).head().bytes;
  for (const key of [keyOf("bank-2"), spareKey])
    expect(verifyRoom(copy, { ...TRUST, memberKeys: new Map([["bank-2", key]]) }).type).toBe(
      "holds",
    );
});

/** What a reader of a history that holds is told to look into. */
function remarksOf(writer: RoomWriter): readonly string[] {
  const verdict = verifyRoom(writer.head().bytes, nobody);
  expect(verdict.type).toBe("holds");
  return verdict.type === "holds" ? verdict.state.remarks : [];
}

test("a confirmation of the members enrolled by then needs no look, of others it does", () => {
  const first = { ...created, charter: canonicalJson(CHARTER) };
  const two = MEMBERS.slice(0, 2);
  const seated = (ids: readonly string[]): RoomEvent[] =>
    ids.map((id) => ({ type: "memberEnrolled", ...enrolmentOf(id) }));
  const early = confirmed({ of: rosterOf(two) });
  const later = [...seated(MEMBERS.slice(2)), confirmed()];
  expect(remarksOf(new RoomWriter().add(first, ...seated(two), early, ...later))).toEqual([]);
  expect(remarksOf(openRoom().add(leaving("bank-3"), confirmed()))).toEqual([]);
  for (const writer of [openRoom().add(early), openRoom().add(rotated(consent), confirmed())])
    expect(remarksOf(writer)).toEqual([
      expect.stringMatching(/^entry [45]: bank-1 confirmed another roster/),
    ]);
});

test("a member has left from its first word on, until it enrols anew", () => {
  const leftIn = (writer: RoomWriter): unknown[] => {
    const verdict = verifyRoom(writer.head().bytes, nobody);
    return verdict.type === "holds" ? [...verdict.state.left] : [verdict.fault];
  };
  const twice = openRoom().add(leaving("bank-2"), leaving("bank-2"));
  expect(leftIn(twice)).toMatchObject([["bank-2", { entry: 4 }]]);
  expect(leftIn(twice.add(rotated(null)))).toEqual([]);
});
