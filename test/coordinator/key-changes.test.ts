/** Tests of how the coordinator keeps members' keys: what it takes for a rotation or a revocation; and its history holds. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Rooms } from "../../coordinator/room/rooms.ts";
import { Store } from "../../coordinator/store.ts";
import { fromHex, toHex } from "../../shared/base/bytes.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { charterHash } from "../../shared/charter/charter.ts";
import { signRotation } from "../../shared/charter/key-change.ts";
import type { MemberStatement } from "../../shared/charter/member-statement.ts";
import { type Identity, identityFromSecret } from "../../shared/crypto/identity.ts";
import { lineText } from "../../shared/transcript/room/entry.ts";
import { headStatement } from "../../shared/transcript/room/statements.ts";
import { verifyRoom } from "../../shared/transcript/room/verify.ts";
import { unsafeSecret } from "../support/group.ts";
import { identityOf } from "../support/manifests.ts";
import {
  CHARTER,
  coordinator,
  enrolmentOf,
  keyOf,
  leaving,
  MEMBERS,
  revoking,
  TRUST,
} from "../support/room-history.ts";

const { room } = CHARTER;
const hash = charterHash(CHARTER);
const next = identityFromSecret(unsafeSecret("the next key"));
const rng = reproducibleRng("tokens");
let folder = "";
let store: Store;
let rooms: Rooms;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cloister-key-changes-"));
  store = new Store(join(folder, "coordinator.db"), { nowMs: () => 5000 });
  rooms = new Rooms(store, coordinator.publicKey);
  rooms.create(CHARTER);
  for (const memberId of MEMBERS) expect(enrol(memberId, identityOf(memberId))).toBe(true);
});

afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

function enrol(memberId: string, identity: Identity): boolean {
  const token = store.invite(room, memberId, 60_000, rng);
  const { enrolmentSignature } = signRotation(hash, memberId, identity, identity);
  const signature = fromHex(enrolmentSignature);
  return rooms.enrol(token, { room, memberId }, identity.publicKey, signature);
}

const rotated = (memberId: string, old: Identity, to: Identity): void =>
  rooms.rotateKey({ room, memberId }, signRotation(hash, memberId, old, to));
const hear = (statement: MemberStatement): string | null =>
  rooms.addStatement({ room, memberId: statement.memberId }, statement);
const keyNow = (memberId: string): string | undefined => rooms.keyOf({ room, memberId });

/** All of the history, as a member that knew the first keys gets it. */
function isWhole(): boolean {
  const head = store.transcripts.headAt(room, store.transcripts.size(room));
  if (!head) return false;
  const signature = toHex(coordinator.sign(headStatement(room, head)));
  const signed = lineText({ size: head.size, root: toHex(head.root), signature });
  const lines = store.transcripts.lines(room, 0, Number.POSITIVE_INFINITY);
  const copy = new TextEncoder().encode([...lines, signed].join(""));
  return verifyRoom(copy, { ...TRUST, memberKeys: new Map() }).type === "holds";
}

test("a key that the old one signed for takes its place, and the history holds", () => {
  rotated("bank-2", identityOf("bank-2"), next);
  expect(keyNow("bank-2")).toBe(toHex(next.publicKey));
  expect(isWhole()).toBe(true);
});

test("a rotation played again, by another key, or back to an old key changes nothing", () => {
  const own = identityOf("bank-2");
  expect(() => rotated("bank-2", identityOf("bank-1"), next)).toThrow(/did not sign for/);
  const foreign = signRotation(hash, "bank-1", identityOf("bank-1"), next);
  expect(() => rooms.rotateKey({ room, memberId: "bank-2" }, foreign)).toThrow(/did not sign for/);
  const { enrolmentSignature } = enrolmentOf("bank-2");
  const unproven = { ...signRotation(hash, "bank-2", own, next), enrolmentSignature };
  expect(() => rooms.rotateKey({ room, memberId: "bank-2" }, unproven)).toThrow(/did not sign for/);
  expect(keyNow("bank-2")).toBe(keyOf("bank-2"));
  rotated("bank-2", own, next);
  expect(() => rotated("bank-2", own, next)).toThrow(/did not sign for/);
  expect(() => rotated("bank-2", next, own)).toThrow(/used in this room before/);
  expect(keyNow("bank-2")).toBe(toHex(next.publicKey));
  expect(isWhole()).toBe(true);
});

test("whoever has left rotates nothing, and revokes nothing", () => {
  hear(leaving("bank-3").statement);
  expect(() => rotated("bank-3", identityOf("bank-3"), next)).toThrow(/has left/);
  expect(() => hear(revoking("bank-3", "bank-2").statement)).toThrow(/not for bank-3/);
  expect(isWhole()).toBe(true);
});

test("enough other members end a key; one alone, its own member or the same one twice do not", () => {
  expect(() => hear(revoking("bank-2", "bank-2").statement)).toThrow(/not for bank-2/);
  expect(hear(revoking("bank-1", "bank-2").statement)).toBeNull();
  expect(hear(revoking("bank-1", "bank-2").statement)).toBeNull();
  expect(keyNow("bank-2")).toBe(keyOf("bank-2"));
  const answer = rooms.rosterAnswer(room, () => false);
  expect(answer.statements.map(({ kind }) => kind)).toEqual(["keyRevoked"]);
  expect(hear(revoking("bank-3", "bank-2").statement)).toBe("bank-2");
  expect(keyNow("bank-2")).toBeUndefined();
  expect(rooms.identityKeyOf({ room, memberId: "bank-2" })).toBeNull();
  expect(rooms.rosterAnswer(room, () => false).statements).toEqual([]);
  expect(isWhole()).toBe(true);
});

test("a revoked key is good for nothing more, neither to rotate nor to enrol; another one enrols", () => {
  for (const by of ["bank-1", "bank-3"]) hear(revoking(by, "bank-2").statement);
  expect(() => rotated("bank-2", identityOf("bank-2"), next)).toThrow(/none of its members/);
  expect(() => hear(leaving("bank-2").statement)).toThrow(/not signed by bank-2/);
  expect(() => hear(revoking("bank-2", "bank-1").statement)).toThrow(/not signed by bank-2/);
  expect(enrol("bank-2", identityOf("bank-2"))).toBe(false);
  expect(enrol("bank-2", next)).toBe(true);
  expect(keyNow("bank-2")).toBe(toHex(next.publicKey));
  expect(isWhole()).toBe(true);
});
