/** Tests of members' keys in a room's history: rotated, revoked, expired; and of everybody who would like to rotate others'. */
import { expect, test } from "vitest";
import { toHex } from "../../../../shared/base/bytes.ts";
import { DAY_MS } from "../../../../shared/base/calendar.ts";
import { Charter, charterHash } from "../../../../shared/charter/charter.ts";
import { runIdOf } from "../../../../shared/charter/manifest.ts";
import { identityFromSecret } from "../../../../shared/crypto/identity.ts";
import { enrolmentStatement } from "../../../../shared/protocol/handshake.ts";
import { extractStatement } from "../../../../shared/transcript/room/document.ts";
import type { RoomEvent } from "../../../../shared/transcript/room/event.ts";
import { type RoomVerdict, verifyRoom } from "../../../../shared/transcript/room/verify.ts";
import { unsafeSecret } from "../../../support/group.ts";
import { identityOf } from "../../../support/manifests.ts";
import {
  CHARTER,
  decided,
  enrolmentOf,
  keyOf,
  leaving,
  ledgerExtract,
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
const third = identityFromSecret(unsafeSecret("a third key"));
const own = identityOf("bank-2");
const hash = charterHash(CHARTER);

/** A roster's seat of bank-2 with another key. */
function seatOf(identity: typeof second, charter = hash): ReturnType<typeof enrolmentOf> {
  const { publicKey } = identity;
  const signature = identity.sign(enrolmentStatement(charter, "bank-2", publicKey));
  const identityKey = toHex(publicKey);
  return { memberId: "bank-2", identityKey, enrolmentSignature: toHex(signature) };
}
const enrolledAnew = (identity: typeof second): RoomEvent => ({
  type: "memberEnrolled",
  ...seatOf(identity),
});
const rosterWith = (identity: typeof second) => [
  enrolmentOf("bank-1"),
  seatOf(identity),
  enrolmentOf("bank-3"),
];
const manifest = manifestOf();
const runId = runIdOf(manifest);
const nobody = { ...TRUST, memberKeys: new Map() };
const verdictOf = (writer: RoomWriter, trust = nobody): RoomVerdict =>
  verifyRoom(writer.head().bytes, trust);
function said(writer: RoomWriter, trust = nobody): string | null {
  const verdict = verdictOf(writer, trust);
  return verdict.type === "holds" ? null : verdict.fault.text;
}
const revoked = (): RoomWriter =>
  openRoom().add(revoking("bank-1", "bank-2"), revoking("bank-3", "bank-2"));

test("a key leads to the next and to the one after, and a run lists the last", () => {
  const room = openRoom()
    .add(rotation("bank-2", second), rotation("bank-2", third, second))
    .add(proposed(manifestOf(0, { roster: rosterWith(third) })));
  const verdict = verdictOf(room);
  expect(verdict).toMatchObject({ type: "holds", state: { remarks: [] } });
  if (verdict.type !== "holds") return;
  const trail = verdict.state.trails.get("bank-2")?.keys.map(({ identityKey }) => identityKey);
  expect(trail).toEqual([keyOf("bank-2"), toHex(second.publicKey), toHex(third.publicKey)]);
  // Whoever knew any of these keys follows to the last; whoever knew another does not.
  const knowing = (key: string): RoomVerdict =>
    verifyRoom(room.bytes, { ...TRUST, memberKeys: new Map([["bank-2", key]]) });
  for (const key of trail ?? []) expect(knowing(key).type).toBe("holds");
  expect(knowing(keyOf("bank-9"))).toMatchObject({ fault: { code: "member" } });
});

test("a run of before a rotation holds beside it, rounds and all", () => {
  const approvals = ["bank-1", "bank-2"].map((id) => decided("approved", runId, id));
  const room = openRoom()
    .add(proposed(manifest), ...approvals, { type: "runStarted", runId })
    .add(rotation("bank-2", second), released(runId, 0));
  expect(said(room)).toBeNull();
});

test("what a member signed of its ledger before a rotation stays signed; what a revoked key signed does not", () => {
  const rotated = openRoom().add(rotation("bank-2", second)).head();
  expect(verifyRoom(rotated.document(ledgerExtract("bank-2")).bytes, nobody).type).toBe("holds");
  const said = { memberId: "bank-2", atMs: 5000, content: {} };
  const signature = toHex(third.sign(extractStatement(CHARTER.room, said)));
  const foreign = { kind: "ledgerExtract", ...said, signature } as const;
  const other = openRoom().add(rotation("bank-2", second)).head().document(foreign);
  expect(verifyRoom(other.bytes, nobody).type).toBe("fails");
  const gone = revoked().head().document(ledgerExtract("bank-2"));
  expect(verifyRoom(gone.bytes, nobody)).toMatchObject({ fault: { code: "document" } });
});

test("a revoked member enrols anew with another key, and is in the room again", () => {
  const room = revoked().add(enrolledAnew(second));
  const verdict = verdictOf(room.add(proposed(manifestOf(0, { roster: rosterWith(second) }))));
  expect(verdict).toMatchObject({ type: "holds" });
  if (verdict.type !== "holds") return;
  expect([...verdict.state.revoked]).toEqual([[keyOf("bank-2"), "bank-2"]]);
  expect(verdict.state.keys.get("bank-2")).toBe(toHex(second.publicKey));
  // Its coordinator may have made the key up, and sign releases with it.
  expect(verdict.state.remarks.join()).toMatch(/bank-2 enrolled anew .* revoked; compare .* tele/);
});

test("one member alone revokes nothing: the key goes on counting", () => {
  const room = openRoom().add(revoking("bank-1", "bank-2"), proposed(manifest));
  expect(said(room.add(decided("approved", runId, "bank-2")))).toBeNull();
});

const days = Charter.parse({ ...CHARTER, governance: { keyDays: 30 } });
const late = 31 * DAY_MS;

test.each<[string, RegExp, () => RoomWriter]>([
  [
    "a rotation played again",
    /did not sign the new one/,
    () => openRoom().add(rotation("bank-2", second), rotation("bank-2", second)),
  ],
  [
    "a rotation played again after the next one",
    /did not sign the new one/,
    () =>
      openRoom().add(
        rotation("bank-2", second),
        rotation("bank-2", third, second),
        rotation("bank-2", second),
      ),
  ],
  [
    "a rotation back to a key that was given up",
    /had this key before/,
    () => openRoom().add(rotation("bank-2", second), rotation("bank-2", own, second)),
  ],
  [
    "a rotation that another member signed",
    /did not sign the new one/,
    () => openRoom().add(rotation("bank-2", second, identityOf("bank-1"))),
  ],
  [
    "a rotation that the new key signed itself",
    /did not sign the new one/,
    () => openRoom().add(rotation("bank-2", second, second)),
  ],
  [
    "a rotation to a key whose owner did not sign the charter",
    /did not sign the charter/,
    () => {
      const enrolmentSignature = enrolmentOf("bank-2").enrolmentSignature;
      return openRoom().add({ ...rotation("bank-2", second), enrolmentSignature });
    },
  ],
  [
    "another member's rotation under this one's name",
    /did not sign the new one/,
    () => openRoom().add({ ...rotation("bank-1", second), memberId: "bank-2" }),
  ],
  [
    "a rotation of a member that has left",
    /has left/,
    () => openRoom().add(leaving("bank-2"), rotation("bank-2", second)),
  ],
  [
    "a rotation by a revoked key",
    /is not in the room/,
    () => revoked().add(rotation("bank-2", second)),
  ],
  [
    "an approval with a key that was rotated away",
    /had given up the key/,
    () =>
      openRoom().add(
        proposed(manifest),
        rotation("bank-2", second),
        decided("approved", runId, "bank-2"),
      ),
  ],
  [
    "an approval with a revoked key",
    /had given up the key/,
    () =>
      openRoom().add(
        proposed(manifest),
        revoking("bank-1", "bank-2"),
        revoking("bank-3", "bank-2"),
        decided("approved", runId, "bank-2"),
      ),
  ],
  [
    "a start with approvals of before a revocation",
    /bank-2 had given up the key/,
    () =>
      openRoom().add(
        proposed(manifest),
        decided("approved", runId, "bank-1"),
        decided("approved", runId, "bank-2"),
        revoking("bank-1", "bank-2"),
        revoking("bank-3", "bank-2"),
        { type: "runStarted", runId },
      ),
  ],
  ["a run that lists a revoked member", /not in the room/, () => revoked().add(proposed(manifest))],
  ["a co-signature by a revoked key", /did not sign for/, () => revoked().cosign("bank-2")],
  ["a revoked key enrolled again", /was revoked/, () => revoked().add(enrolledAnew(own))],
  [
    "a member's word counted twice against a key",
    /said so before/,
    () => openRoom().add(revoking("bank-1", "bank-2"), revoking("bank-1", "bank-2")),
  ],
  [
    "a key that its own member revokes",
    /cannot revoke its own/,
    () => openRoom().add(revoking("bank-2", "bank-2")),
  ],
  [
    "the revocation of a key that the member does not have",
    /has no such key/,
    () => openRoom().add(revoking("bank-1", "bank-2", toHex(second.publicKey))),
  ],
  [
    "a revocation signed by another",
    /did not sign this statement/,
    () => {
      const { type, statement } = revoking("bank-1", "bank-2");
      return openRoom().add({ type, statement: { ...statement, memberId: "bank-3" } });
    },
  ],
  [
    "a revocation by a member that has left",
    /bank-3 has left/,
    () => openRoom().add(leaving("bank-3"), revoking("bank-3", "bank-2")),
  ],
  [
    "a run with an expired key",
    /the key of bank-1 had expired/,
    () => openRoom(days).addAt(late, proposed(manifestOf(0, {}, days))),
  ],
])("is found: %s", (_name, expected, write) => {
  expect(said(write())).toMatch(expected);
});

test("a key that has not expired is good, and so is one that took its place in time", () => {
  const soon = 29 * DAY_MS;
  expect(said(openRoom(days).addAt(soon, proposed(manifestOf(0, {}, days))))).toBeNull();
});
