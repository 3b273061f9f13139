/** What coordinator and members sign of a room's transcript: the bytes, each under a label of its own. Pure. */
import { framed } from "../../crypto/hash.ts";
import { LABELS } from "../../crypto/labels.ts";
import type { Head } from "./tree.ts";

/** By the coordinator. */
export function headStatement(room: string, { size, root }: Head): Uint8Array {
  return framed(LABELS.roomHead, room, size, root);
}

/** By a member that has all of it. */
export function cosignStatement(room: string, memberId: string, { size, root }: Head): Uint8Array {
  return framed(LABELS.headCosigned, room, memberId, size, root);
}
