/** Who is in a room with which key, and what people compare so that they know it without the coordinator. Pure. */
import { z } from "zod";
import { fromHex, toHex } from "../base/bytes.ts";
import { framedHash } from "../crypto/hash.ts";
import { LABELS } from "../crypto/labels.ts";
import { spokenCode } from "../crypto/spoken-code.ts";
import { LIMITS } from "../protocol/limits.ts";
import { type Charter, charterHash } from "./charter.ts";
import { HexKey, Manifest } from "./manifest.ts";
import { isSignedStatement, MemberStatement } from "./member-statement.ts";
import { signedRosterFaults } from "./policy/binding.ts";
import type { Reason } from "./policy/facts.ts";

export const Roster = z.array(Manifest.shape.roster.element).max(LIMITS.membersMax);
export type Roster = z.infer<typeof Roster>;

/** Each member may have confirmed, have left, and revoke the key of each other. */
const STATEMENTS_MAX = LIMITS.membersMax * (LIMITS.membersMax + 1);

/** What the coordinator tells of a room's members. */
export const RosterAnswer = z.strictObject({
  room: z.string(),
  charterHash: HexKey,
  roster: Roster,
  connected: z.array(z.string()).max(LIMITS.membersMax),
  /** What the members signed about themselves and the roster, with the keys that are in it: the last of each kind. */
  statements: z.array(MemberStatement).max(STATEMENTS_MAX),
});
export type RosterAnswer = z.infer<typeof RosterAnswer>;

/** What a member's people confirmed, and its signature for it. */
export const ConfirmedRoster = z.strictObject({ roster: Roster, statement: MemberStatement });
export type ConfirmedRoster = z.infer<typeof ConfirmedRoster>;

type Keyed = Pick<Roster[number], "memberId" | "identityKey">;

/** Hexadecimal, by member id. */
export const keysOf = (roster: readonly Keyed[]): ReadonlyMap<string, string> =>
  new Map(roster.map(({ memberId, identityKey }) => [memberId, identityKey]));

/** One hash of charter, members and keys. In no order: the roster is sorted. @returns Hexadecimal. */
export function rosterHash(charterHashText: string, roster: readonly Keyed[]): string {
  const sorted = [...keysOf(roster)].sort(([a], [b]) => (a < b ? -1 : 1));
  const parts = sorted.flatMap(([memberId, key]) => [memberId, fromHex(key)]);
  return toHex(framedHash(LABELS.roster, charterHashText, ...parts));
}

/** What is read out over the telephone. Costs some tenths of a second, on purpose. */
export const rosterCode = (hash: string): string => spokenCode(fromHex(hash));

/** What makes a coordinator's answer none to go by; empty: whoever is listed signed the charter with the key listed. */
export function rosterFaults(charter: Charter, answer: RosterAnswer): Reason[] {
  const { roster, statements } = answer;
  const faults: Reason[] = [];
  if (answer.room !== charter.room || answer.charterHash !== charterHash(charter))
    faults.push({ code: "charterMismatch", message: "it is of another room or charter" });
  const about = { charterHash: charterHash(charter), roster };
  faults.push(...signedRosterFaults(charter, about, new Map()));
  const keys = keysOf(roster);
  for (const statement of statements) {
    const { memberId } = statement;
    if (!isSignedStatement(statement, about.charterHash, keys.get(memberId)))
      faults.push({ code: "statementInvalid", message: `${memberId} did not sign what is said` });
  }
  return faults;
}
