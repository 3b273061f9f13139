/**
 * One event after another makes the room's state. Each is held against what came before: who may do this, now,
 * and did they sign it? Pure but for the state, which `applyInPlace` changes.
 */
import { charterOf } from "../../charter/charter-text.ts";
import { applyAmendmentInPlace } from "./amendments.ts";
import type { Entry } from "./entry.ts";
import type { RoomEvent } from "./event.ts";
import { cosign, enrol, hear, rotate } from "./members.ts";
import { applyRunEventInPlace } from "./runs.ts";
import type { RoomState } from "./state.ts";

/** Root over the first `size` entries; null if there are not so many. */
type RootAt = (size: number) => Uint8Array | null;

/** @returns What is wrong with the entry as a room's first, in words, or the room. */
export function openRoom({ sequence, atMs, body }: Entry): RoomState | string {
  if (body.type !== "roomCreated") return "a history begins with the room's creation";
  const { room, coordinatorKey } = body;
  const charter = charterOf(body.charter, room);
  if (typeof charter === "string") return charter;
  return {
    room,
    coordinatorKey,
    ...charter,
    editions: [{ edition: 1, ...charter, entry: sequence, atMs, amended: null }],
    amendments: [],
    keys: new Map(),
    trails: new Map(),
    revoked: new Map(),
    stated: [],
    left: new Map(),
    runs: new Map(),
    cosigned: new Map(),
    latestMs: atMs,
    remarks: [],
  };
}

/** @returns What is wrong with the entry, in words; null: it stands, and the state has moved on. */
export function applyInPlace(state: RoomState, entry: Entry, rootAt: RootAt): string | null {
  const { atMs, body } = entry;
  if (atMs < state.latestMs) return "its time is before that of the entry before";
  const fault = applyBody(state, body, entry, rootAt);
  if (fault === null) state.latestMs = atMs;
  return fault;
}

function applyBody(state: RoomState, body: RoomEvent, entry: Entry, rootAt: RootAt): string | null {
  switch (body.type) {
    case "roomCreated":
      return "the room was created before";
    case "memberEnrolled":
      return enrol(state, body, entry);
    case "keyRotated":
      return rotate(state, body, entry);
    case "memberStated":
      return hear(state, body, entry);
    case "headCosigned":
      return cosign(state, body, rootAt);
    case "amendmentProposed":
    case "amendmentDecided":
    case "amendmentWithdrawn":
    case "charterAmended":
      return applyAmendmentInPlace(state, body, entry);
    default:
      return applyRunEventInPlace(state, body, entry.atMs);
  }
}
