/** EDGE: a roster in lines for a terminal: each member's fingerprint, and what it signed. */
import { fromHex } from "../base/bytes.ts";
import type { MemberStatement } from "../charter/member-statement.ts";
import { type RosterAnswer, rosterHash } from "../charter/roster.ts";
import { fingerprint } from "../crypto/identity.ts";

/** @param note What else there is to say of a member. */
export function memberLines(
  { charterHash, roster, connected, statements }: RosterAnswer,
  note: (member: RosterAnswer["roster"][number]) => string | null = () => null,
): string[] {
  const hash = rosterHash(charterHash, roster);
  return roster.map((member) => {
    const { memberId, identityKey } = member;
    const own = statements.filter((statement) => statement.memberId === memberId);
    const isThere = connected.includes(memberId) ? "connected" : "not connected";
    const said = own.map((statement) => saidOf(statement, hash));
    const parts = [memberId, fingerprint(fromHex(identityKey)), isThere, ...said, note(member)];
    return parts.filter((part) => part !== null).join("  ");
  });
}

function saidOf(statement: MemberStatement, hash: string): string {
  const on = new Date(statement.atMs).toISOString().slice(0, 10);
  if (statement.kind === "left") return `left on ${on}: ${statement.reason}`;
  if (statement.kind === "keyRevoked")
    return `revokes the key of ${statement.about} on ${on}: ${statement.reason}`;
  const which = statement.rosterHash === hash ? "this roster" : "another roster";
  return `confirmed ${which} on ${on}`;
}
