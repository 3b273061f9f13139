/**
 * Members in their room's history: enrolled, their keys, what they said of themselves, what they signed for. These
 * functions change the state in place, and return what is wrong with an event, in words; null: it stands.
 * Pure but for that.
 */
import { fromHex, toHex, utf8 } from "../../base/bytes.ts";
import { parseCanonical } from "../../base/canonical.ts";
import { Charter } from "../../charter/charter.ts";
import { isSignedStatement } from "../../charter/member-statement.ts";
import { rosterHash } from "../../charter/roster.ts";
import { sha256 } from "../../crypto/hash.ts";
import { verifySignature } from "../../crypto/identity.ts";
import { enrolmentStatement } from "../../protocol/handshake.ts";
import type { Entry } from "./entry.ts";
import type { RoomEventOf } from "./event.ts";
import { isMembers, type RoomState } from "./state.ts";
import { cosignStatement, rotationStatement } from "./statements.ts";

interface SignedCharter {
  readonly charter: Charter;
  readonly charterHash: string;
}

/** @returns What is wrong with the text as this room's charter, in words; or the charter. */
export function charterOf(text: string, room: string): SignedCharter | string {
  const charter = Charter.safeParse(parseCanonical(text)).data;
  if (!charter) return "the charter is not a charter in its canonical text";
  if (charter.room !== room) return "the charter is another room's";
  // Of the text, which members have signed: a later version may read more into it.
  return { charter, charterHash: toHex(sha256(utf8(text))) };
}

export function enrol(
  state: RoomState,
  body: RoomEventOf<"memberEnrolled">,
  sequence: number,
): string | null {
  const { memberId, identityKey, enrolmentSignature } = body;
  if (!state.charter.members.includes(memberId)) return `${memberId} is not in the charter`;
  if (state.keys.has(memberId)) return `${memberId} is enrolled already`;
  if (!isCharterSigned(state.charterHash, memberId, identityKey, enrolmentSignature))
    return `${memberId} did not sign the charter with this key`;
  state.keys.set(memberId, identityKey);
  state.trails.set(memberId, { since: sequence, keys: [identityKey] });
  return null;
}

function isCharterSigned(hash: string, memberId: string, key: string, signature: string): boolean {
  const statement = enrolmentStatement(hash, memberId, fromHex(key));
  return verifySignature(fromHex(key), statement, fromHex(signature));
}

export function rotate(
  state: RoomState,
  { memberId, identityKey, enrolmentSignature, rotationSignature }: RoomEventOf<"keyRotated">,
  sequence: number,
): string | null {
  if (!state.keys.has(memberId)) return `${memberId} is not in the room`;
  if (!isCharterSigned(state.charterHash, memberId, identityKey, enrolmentSignature))
    return `${memberId} did not sign the charter with this key`;
  const trail = state.trails.get(memberId);
  if (rotationSignature === null || !trail) {
    state.trails.set(memberId, { since: sequence, keys: [identityKey] });
    const remedy = `compare the new one with ${memberId} by telephone`;
    const what = `the key of ${memberId} was replaced without the old one's signature`;
    state.remarks.push(`entry ${sequence}: ${what}; ${remedy}`);
  } else {
    const statement = rotationStatement(state.room, memberId, identityKey);
    if (!isMembers(state, { memberId, signature: rotationSignature }, statement))
      return `the old key of ${memberId} did not sign the new one`;
    state.trails.set(memberId, { since: trail.since, keys: [...trail.keys, identityKey] });
  }
  state.keys.set(memberId, identityKey);
  // Who left and enrols anew is in the room again.
  state.left.delete(memberId);
  return null;
}

/** A confirmation of other keys is remarked on: its member was told of others, or somebody enrolled meanwhile. */
export function hear(
  state: RoomState,
  { statement }: RoomEventOf<"memberStated">,
  { sequence, atMs }: Pick<Entry, "sequence" | "atMs">,
): string | null {
  const { memberId } = statement;
  if (!isSignedStatement(statement, state.charterHash, state.keys.get(memberId)))
    return `${memberId} did not sign this statement`;
  const stated = { entry: sequence, atMs, statement };
  state.stated.push(stated);
  if (statement.kind === "left") {
    // Whoever says so twice has left since the first time.
    if (!state.left.has(memberId)) state.left.set(memberId, stated);
    return null;
  }
  const enrolled = [...state.keys].map(([id, identityKey]) => ({ memberId: id, identityKey }));
  if (statement.rosterHash === rosterHash(state.charterHash, enrolled)) return null;
  const what = `${memberId} confirmed another roster than that of the members enrolled by then`;
  state.remarks.push(`entry ${sequence}: ${what}; compare the roster's code with it once more`);
  return null;
}

export function cosign(
  state: RoomState,
  body: RoomEventOf<"headCosigned">,
  rootAt: (size: number) => Uint8Array | null,
): string | null {
  const { memberId, size } = body;
  const root = rootAt(size);
  if (!root) return `${memberId} cannot have signed for entries that come later`;
  if (size <= (state.cosigned.get(memberId) ?? 0))
    return `${memberId} has signed for so many entries before`;
  if (!isMembers(state, body, cosignStatement(state.room, memberId, { size, root })))
    return `${memberId} did not sign for the first ${size} entries as they are here`;
  state.cosigned.set(memberId, size);
  return null;
}
