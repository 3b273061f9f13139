/** Tests of how the coordinator keeps amendments: what it takes, when they come into force; and its history holds. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Amendments } from "../../../coordinator/room/amendments.ts";
import { Rooms } from "../../../coordinator/room/rooms.ts";
import { Store } from "../../../coordinator/store.ts";
import { fromHex, toHex } from "../../../shared/base/bytes.ts";
import { DAY_MS } from "../../../shared/base/calendar.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { type Charter, charterHash } from "../../../shared/charter/charter.ts";
import { signRotation } from "../../../shared/charter/key-change.ts";
import { identityFromSecret } from "../../../shared/crypto/identity.ts";
import { lineText } from "../../../shared/transcript/room/entry.ts";
import { headStatement } from "../../../shared/transcript/room/statements.ts";
import { type RoomVerdict, verifyRoom } from "../../../shared/transcript/room/verify.ts";
import { AMENDED, signedBy } from "../../support/amendments.ts";
import { unsafeSecret } from "../../support/group.ts";
import { enrolled, identityOf } from "../../support/manifests.ts";
import { CHARTER, coordinator, leaving, MEMBERS, TRUST } from "../../support/room-history.ts";

const { room } = CHARTER;
const rng = reproducibleRng("tokens");
const next = identityFromSecret(unsafeSecret("the next key"));
const clock = { now: 5000, nowMs: () => clock.now };
let folder = "";
let store: Store;
let rooms: Rooms;
let amendments: Amendments;

function open(): void {
  store = new Store(join(folder, "coordinator.db"), clock);
  rooms = new Rooms(store, coordinator.publicKey);
  amendments = new Amendments(store, rooms, clock);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cloister-amendments-"));
  clock.now = 5000;
  open();
  rooms.create(CHARTER);
  for (const memberId of MEMBERS) expect(enrol(memberId, CHARTER)).toBe(true);
});

afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

function enrol(memberId: string, under: Charter): boolean {
  const token = store.invite(room, memberId, 60_000, rng);
  const { identityKey, enrolmentSignature } = enrolled(memberId, charterHash(under));
  return rooms.enrol(token, { room, memberId }, fromHex(identityKey), fromHex(enrolmentSignature));
}

const propose = (charter: Charter = AMENDED) =>
  amendments.propose({ charter, reason: "a fourth bank joins", validDays: 1 });
const opened = () => {
  const { amendment } = amendments.view(room).open ?? {};
  if (!amendment) throw new Error("an amendment is open");
  return amendment;
};
const sign = (memberId: string, by = identityOf(memberId)) =>
  amendments.decide({ room, memberId }, signedBy(memberId, opened(), by));

function whole(): RoomVerdict {
  const head = store.transcripts.headAt(room, store.transcripts.size(room));
  if (!head) throw new Error("there is a history");
  const signature = toHex(coordinator.sign(headStatement(room, head)));
  const signed = lineText({ size: head.size, root: toHex(head.root), signature });
  const lines = store.transcripts.lines(room, 0, Number.POSITIVE_INFINITY);
  const copy = new TextEncoder().encode([...lines, signed].join(""));
  return verifyRoom(copy, { ...TRUST, memberKeys: new Map() });
}

test("what all members signed is in force, over a restart in the middle; who is new enrols under it", () => {
  const waitsFor = "not signed by bank-1, bank-2, bank-3";
  expect(propose()).toMatchObject({ edition: 1, open: { words: [], waitsFor } });
  sign("bank-1");
  store.close();
  open();
  sign("bank-2");
  expect(amendments.ripe()).toEqual([]);
  expect(sign("bank-3").open?.waitsFor).toBeNull();
  expect(amendments.ripe()).toEqual([room]);
  amendments.enforce(room);
  expect(amendments.view(room)).toMatchObject({ edition: 2, open: null });
  expect(rooms.charter(room)).toEqual(AMENDED);
  // An offer of before is worth nothing now.
  expect(enrol("bank-4", CHARTER)).toBe(false);
  expect(enrol("bank-4", AMENDED)).toBe(true);
  const hash = charterHash(AMENDED);
  const { roster } = rooms.rosterAnswer(room, () => false);
  expect(roster).toEqual([...MEMBERS, "bank-4"].map((id) => enrolled(id, hash)));
  const first = { room, charterHash: charterHash(CHARTER) };
  expect(rooms.charterOf(first)).toEqual(CHARTER);
  expect(whole()).toMatchObject({ type: "holds", state: { charterHash: hash } });
});

test("one at a time is open; it ends by a refusal, a withdrawal or its time", () => {
  propose();
  expect(() => propose()).toThrow(/is open; withdraw it/);
  amendments.withdraw(room);
  expect(() => amendments.withdraw(room)).toThrow(/no amendment .* is open/);
  clock.now += 1;
  propose();
  for (const memberId of MEMBERS) sign(memberId);
  clock.now += DAY_MS + 1;
  expect(amendments.ripe()).toEqual([]);
  amendments.enforce(room);
  expect(amendments.view(room)).toMatchObject({ edition: 1, open: null });
  expect(propose().open).not.toBeNull();
  expect(whole().type).toBe("holds");
});

test("words that are not this member's, on this amendment, change nothing; said again, nothing either", () => {
  propose();
  const word = signedBy("bank-1", opened());
  const asOther = () => amendments.decide({ room, memberId: "bank-2" }, word);
  expect(asOther).toThrow(/not that of bank-2/);
  expect(() => sign("bank-2", next)).toThrow(/amendmentNotSigned/);
  expect(() => amendments.decide({ room, memberId: "bank-1" }, signedBy("bank-1"))).toThrow(
    /amendmentOther/,
  );
  const size = store.transcripts.size(room);
  sign("bank-1");
  sign("bank-1");
  expect(store.transcripts.size(room)).toBe(size + 1);
  expect(() => propose(CHARTER)).toThrow(/is open/);
  expect(whole().type).toBe("holds");
});

test("whoever has left is asked no more, and is in no roster; whoever rotated its key signs anew", () => {
  propose();
  for (const memberId of MEMBERS) sign(memberId);
  const rotation = signRotation(charterHash(CHARTER), "bank-2", identityOf("bank-2"), next);
  rooms.rotateKey({ room, memberId: "bank-2" }, rotation);
  expect(amendments.view(room).open?.waitsFor).toBe("not signed by bank-2");
  rooms.addStatement({ room, memberId: "bank-3" }, leaving("bank-3").statement);
  expect(sign("bank-2", next).open?.waitsFor).toBeNull();
  amendments.enforce(room);
  const { roster } = rooms.rosterAnswer(room, () => false);
  expect(roster.map(({ memberId }) => memberId)).toEqual(["bank-1", "bank-2"]);
  expect(rooms.roster(room).map(({ memberId }) => memberId)).toEqual(["bank-1", "bank-2"]);
  expect(whole()).toMatchObject({ type: "holds" });
});
