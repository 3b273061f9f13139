/** What a coordinator tells of a roster, held against the charter; and what the one hash of it binds. */
import { expect, test } from "vitest";
import { charterHash } from "../../../shared/charter/charter.ts";
import {
  isSignedStatement,
  MemberStatement,
  signStatement,
} from "../../../shared/charter/member-statement.ts";
import { type RosterAnswer, rosterFaults, rosterHash } from "../../../shared/charter/roster.ts";
import { memberLines } from "../../../shared/edge/roster-lines.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { enrolled, identityOf } from "../../support/manifests.ts";

const charter = smallCharter(memberIds(3));
const hash = charterHash(charter);
const roster = charter.members.map((memberId) => enrolled(memberId, hash));
const [first, second, third] = roster;
if (!first || !second || !third) throw new Error("the roster has three members");

const about = { charterHash: hash, memberId: "bank-2", atMs: 1_764_000_000_000 };
const confirmed = { kind: "rosterConfirmed", rosterHash: rosterHash(hash, roster) } as const;
const statement = signStatement({ ...confirmed, ...about }, identityOf("bank-2"));
const right: RosterAnswer = {
  room: charter.room,
  charterHash: hash,
  roster,
  connected: ["bank-1"],
  statements: [statement],
};
const codesOf = (changes: Partial<RosterAnswer>): string[] =>
  rosterFaults(charter, { ...right, ...changes }).map(({ code }) => code);

test("the hash is of charter, members and keys, in whatever order they come", () => {
  const usual = rosterHash(hash, roster);
  expect(rosterHash(hash, [third, first, second])).toBe(usual);
  const others = [
    rosterHash("00".repeat(32), roster),
    rosterHash(hash, [first, second]),
    rosterHash(hash, [first, second, { ...third, identityKey: second.identityKey }]),
    rosterHash(hash, [first, second, { ...third, memberId: "bank-4" }]),
  ];
  expect(new Set([usual, ...others]).size).toBe(5);
});

test("whoever is listed signed the charter with the key listed", () => {
  expect(codesOf({})).toEqual([]);
  expect(codesOf({ room: "elsewhere" })).toEqual(["charterMismatch"]);
  expect(codesOf({ charterHash: "00".repeat(32) })).toEqual(["charterMismatch"]);
  expect(codesOf({ roster: [...roster, second] })).toEqual(["repeatedMember"]);
  expect(codesOf({ roster: [...roster, enrolled("bank-9", hash)] })).toEqual(["notAMember"]);
  const invented = { ...third, identityKey: first.identityKey };
  expect(codesOf({ roster: [first, second, invented] })).toEqual(["badEnrolment"]);
});

test("what members are said to have signed, they signed", () => {
  const said = (changes: object): string[] =>
    codesOf({ statements: [{ ...statement, ...changes }] });
  for (const changes of [
    { rosterHash: "00".repeat(32) },
    { memberId: "bank-1" },
    { memberId: "bank-9" },
    { atMs: 0 },
    { charterHash: "00".repeat(32) },
    { signature: "00".repeat(64) },
  ])
    expect(said(changes)).toEqual(["statementInvalid"]);
});

test("a statement of one kind is none of another", () => {
  const left = { ...about, kind: "left", reason: "sold", signature: statement.signature } as const;
  expect(isSignedStatement(statement, hash, second.identityKey)).toBe(true);
  expect(isSignedStatement(left, hash, second.identityKey)).toBe(false);
  expect(isSignedStatement(statement, hash, undefined)).toBe(false);
});

test("a reason is one line of text, which no terminal takes for a command", () => {
  const left = (reason: string) =>
    signStatement({ kind: "left", reason, ...about }, identityOf("bank-2"));
  expect(MemberStatement.safeParse(left("sold — to others")).success).toBe(true);
  for (const reason of ["", "a\nb", "\u001b[2J", "x".repeat(501)])
    expect(MemberStatement.safeParse(left(reason)).success).toBe(false);
});

test("a line for each member says what it signed", () => {
  const lines = memberLines(right);
  expect(lines[0]).toMatch(/^bank-1 {2}[0-9a-f]{32} {2}connected$/);
  expect(lines[1]).toMatch(/not connected {2}confirmed this roster on 2025-11-24$/);
  const later = memberLines({ ...right, roster: [first, second] });
  expect(later[1]).toMatch(/confirmed another roster/);
});
