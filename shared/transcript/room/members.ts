/**
 * Members in their room's history: enrolled, their keys, the charter that they sign, what they signed for. These
 * functions change the state in place, and return what is wrong with an event, in words; null: it stands.
 * Pure but for that.
 */
import { fromHex, toHex, utf8 } from "../../base/bytes.ts";
import { parseCanonical } from "../../base/canonical.ts";
import { Charter } from "../../charter/charter.ts";
import { sha256 } from "../../crypto/hash.ts";
import { verifySignature } from "../../crypto/identity.ts";
import { enrolmentStatement } from "../../protocol/handshake.ts";
import type { RoomEventOf } from "./event.ts";
import { isMembers, type RoomState } from "./state.ts";
import {
  cosignStatement,
  leavingStatement,
  rosterHashOf,
  rosterStatement,
  rotationStatement,
} from "./statements.ts";

export interface CharterInForce {
  readonly charter: Charter;
  readonly charterHash: string;
}

/** @returns What is wrong with the text as this room's charter, in words; or the charter. */
export function charterOf(text: string, room: string): CharterInForce | string {
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

export function signRoster(state: RoomState, body: RoomEventOf<"rosterSigned">): string | null {
  const { memberId, rosterHash } = body;
  if (rosterHash !== rosterHashOf(state.keys)) return "the roster is not the one signed";
  const statement = rosterStatement(state.room, memberId, rosterHash);
  return isMembers(state, body, statement) ? null : `${memberId} did not sign the roster`;
}

export function amend(state: RoomState, body: RoomEventOf<"charterAmended">): string | null {
  const amended = charterOf(body.charter, state.room);
  if (typeof amended === "string") return amended;
  const signed = new Map(body.signatures.map(({ memberId, signature }) => [memberId, signature]));
  if (signed.size !== body.signatures.length || signed.size !== state.keys.size)
    return "the members who signed are not those of the room";
  for (const [memberId, key] of state.keys) {
    if (!amended.charter.members.includes(memberId)) return `${memberId} is in the room still`;
    if (!isCharterSigned(amended.charterHash, memberId, key, signed.get(memberId) ?? ""))
      return `${memberId} did not sign the new charter`;
  }
  state.charter = amended.charter;
  state.charterHash = amended.charterHash;
  return null;
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
  return null;
}

export function leave(state: RoomState, body: RoomEventOf<"memberLeft">): string | null {
  const { memberId } = body;
  const statement = leavingStatement(state.room, memberId, state.keys.get(memberId) ?? "");
  if (!isMembers(state, body, statement)) return `${memberId} did not sign that it leaves`;
  state.keys.delete(memberId);
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
