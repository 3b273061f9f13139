/** What coordinator and members sign of a room's transcript: the bytes, each under a label of its own. Pure. */
import { fromHex } from "../../base/bytes.ts";
import { framed, hashJson } from "../../crypto/hash.ts";
import { LABELS } from "../../crypto/labels.ts";
import type { RoomEventOf } from "./event.ts";
import type { Head } from "./tree.ts";

/** By the coordinator. */
export function headStatement(room: string, { size, root }: Head): Uint8Array {
  return framed(LABELS.roomHead, room, size, root);
}

/** By a member that has all of it. */
export function cosignStatement(room: string, memberId: string, { size, root }: Head): Uint8Array {
  return framed(LABELS.headCosigned, room, memberId, size, root);
}

/** @param keys Identity keys by member id, hexadecimal, of all who are enrolled. */
export function rosterHashOf(keys: ReadonlyMap<string, string>): string {
  const roster = [...keys].map(([memberId, identityKey]) => ({ memberId, identityKey }));
  return hashJson(roster.sort((a, b) => (a.memberId < b.memberId ? -1 : 1)));
}

export function rosterStatement(room: string, memberId: string, rosterHash: string): Uint8Array {
  return framed(LABELS.rosterSigned, room, memberId, rosterHash);
}

/** By the key that gives way. */
export function rotationStatement(room: string, memberId: string, newKey: string): Uint8Array {
  return framed(LABELS.keyRotated, room, memberId, fromHex(newKey));
}

/** The key says which of its stays the member ends, should it come back. */
export function leavingStatement(room: string, memberId: string, identityKey: string): Uint8Array {
  return framed(LABELS.memberLeft, room, memberId, fromHex(identityKey));
}

export function releaseStatement(
  said: Omit<RoomEventOf<"releaseDecided">, "type" | "signature">,
): Uint8Array {
  const { runId, modelHash, decision, reviewer, note, atMs, memberId } = said;
  const about = [runId, modelHash, memberId, decision, reviewer, note, String(atMs)];
  return framed(LABELS.releaseDecided, ...about);
}
