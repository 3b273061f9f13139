/**
 * Members in their room's history: enrolled, their keys, what they said of themselves, what they signed for. These
 * functions change the state in place, and return what is wrong with an event, in words; null: it stands.
 * Pure but for that.
 */
import {
  isCharterSigned,
  isConsent,
  type Revocation,
  revocationsRequired,
  revokersOf,
} from "../../charter/key-change.ts";
import { isSignedStatement } from "../../charter/member-statement.ts";
import { rosterHash } from "../../charter/roster.ts";
import type { Entry } from "./entry.ts";
import type { RoomEventOf } from "./event.ts";
import { type HeldKey, isMembers, type RoomState } from "./state.ts";
import { cosignStatement } from "./statements.ts";

export function enrol(
  state: RoomState,
  body: RoomEventOf<"memberEnrolled">,
  entry: Pick<Entry, "sequence" | "atMs">,
): string | null {
  const { memberId } = body;
  if (!state.charter.members.includes(memberId)) return `${memberId} is not in the charter`;
  if (state.keys.has(memberId)) return `${memberId} is enrolled already`;
  if ([...state.revoked.values()].includes(memberId))
    state.remarks.push(remark(body, entry, `${memberId} enrolled anew after its key was revoked`));
  return seat(state, body, entry, []);
}

/** A key of the member from now on. @param before Those that led to it. */
function seat(
  state: RoomState,
  body: RoomEventOf<"memberEnrolled" | "keyRotated">,
  { sequence, atMs }: Pick<Entry, "sequence" | "atMs">,
  before: readonly HeldKey[],
): string | null {
  const { memberId, identityKey, enrolmentSignature } = body;
  if (state.revoked.has(identityKey)) return `this key of ${memberId} was revoked`;
  if (!isCharterSigned(state.charterHash, memberId, identityKey, enrolmentSignature))
    return `${memberId} did not sign the charter with this key`;
  const since = before.length > 0 ? (state.trails.get(memberId)?.since ?? sequence) : sequence;
  state.keys.set(memberId, identityKey);
  state.trails.set(memberId, { since, keys: [...before, { identityKey, atMs }] });
  // Who left and enrols anew is in the room again.
  state.left.delete(memberId);
  return null;
}

export function rotate(
  state: RoomState,
  body: RoomEventOf<"keyRotated">,
  entry: Pick<Entry, "sequence" | "atMs">,
): string | null {
  const { memberId, identityKey, rotationSignature } = body;
  const oldKey = state.keys.get(memberId);
  if (oldKey === undefined) return `${memberId} is not in the room`;
  if (rotationSignature === null) return replace(state, body, entry);
  if (state.left.has(memberId)) return `${memberId} has left the room`;
  if (!isConsent(state.charterHash, oldKey, { memberId, identityKey, rotationSignature }))
    return `the old key of ${memberId} did not sign the new one`;
  const { keys = [] } = state.trails.get(memberId) ?? {};
  if (keys.some((key) => key.identityKey === identityKey)) return `${memberId} had this key before`;
  return seat(state, body, entry, keys);
}

/** Nobody signed for it but the new key itself: whoever pinned the old one has to look. */
function replace(
  state: RoomState,
  body: RoomEventOf<"keyRotated">,
  entry: Pick<Entry, "sequence" | "atMs">,
): string | null {
  const { memberId } = body;
  const what = `the key of ${memberId} was replaced without the old one's signature`;
  state.remarks.push(remark(body, entry, what));
  return seat(state, body, entry, []);
}

function remark(
  { memberId }: Pick<RoomEventOf<"memberEnrolled">, "memberId">,
  { sequence }: Pick<Entry, "sequence">,
  what: string,
): string {
  return `entry ${sequence}: ${what}; compare the new one with ${memberId} by telephone`;
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
  if (statement.kind === "keyRevoked") {
    const fault = revoke(state, statement);
    if (fault !== null) return fault;
  }
  const stated = { entry: sequence, atMs, statement };
  state.stated.push(stated);
  if (statement.kind === "keyRevoked") return null;
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

/** With the word of the last that it takes the member is out of the room, until it enrols with a new key. */
function revoke(state: RoomState, statement: Revocation): string | null {
  const { memberId, about, identityKey } = statement;
  if (memberId === about) return `${memberId} cannot revoke its own key: it would rotate it`;
  if (state.left.has(memberId)) return `${memberId} has left the room`;
  if (state.keys.get(about) !== identityKey) return `${about} has no such key`;
  const before = state.stated.map((stated) => stated.statement);
  const revokers = revokersOf(before, statement);
  if (revokers.has(memberId)) return `${memberId} has said so before`;
  if (revokers.size + 1 < revocationsRequired(state.charter)) return null;
  state.revoked.set(identityKey, about);
  state.keys.delete(about);
  state.trails.delete(about);
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
