/** A room as its history makes it: who is in it, under which charter, and which runs. Pure types, and one check. */
import { fromHex } from "../../base/bytes.ts";
import type { ProposedAmendment, SignedWord } from "../../charter/amendment.ts";
import type { Charter } from "../../charter/charter.ts";
import type { Decision } from "../../charter/decision.ts";
import type { Manifest } from "../../charter/manifest.ts";
import type { MemberStatement } from "../../charter/member-statement.ts";
import type { ReleaseDecision } from "../../charter/release.ts";
import { verifySignature } from "../../crypto/identity.ts";
import type { RoomEventOf } from "./event.ts";

/** How far two clocks may be apart. */
export const SKEW_MS_MAX = 10 * 60_000;

export interface RoomState {
  readonly room: string;
  /** Hexadecimal. */
  readonly coordinatorKey: string;
  /** The one in force: the last of `editions`. */
  charter: Charter;
  charterHash: string;
  /** Every charter that was ever in force, the first first. */
  readonly editions: Edition[];
  /** All that were proposed, in order; at most the last is open. */
  readonly amendments: RoomAmendment[];
  /** Current identity keys of all who enrolled, hexadecimal, by member id. */
  readonly keys: Map<string, string>;
  /** Of the same members: the keys that lead to the current one. */
  readonly trails: Map<string, KeyTrail>;
  /** Keys that enough members revoked, hexadecimal, with whose they were. */
  readonly revoked: Map<string, string>;
  /** All that members said of themselves, in order. */
  readonly stated: Stated[];
  /** Who has left and did not enrol anew, by member id. */
  readonly left: Map<string, Stated>;
  readonly runs: Map<string, RoomRun>;
  /** How many of the first entries each member has signed for. */
  readonly cosigned: Map<string, number>;
  /** Latest time so far. */
  latestMs: number;
  /** What a reader should look into although the history holds. */
  readonly remarks: string[];
}

/** A charter from when it was in force. */
export interface Edition {
  readonly edition: number;
  readonly charter: Charter;
  readonly charterHash: string;
  /** Sequence number and time of the entry that brought it. */
  readonly entry: number;
  readonly atMs: number;
  /** Null: the room was created with it. */
  readonly amended: {
    readonly amendmentHash: string;
    readonly reason: string;
    /** By these it came into force. */
    readonly signatures: readonly SignedWord[];
  } | null;
}

export interface RoomAmendment {
  readonly entry: number;
  proposed: ProposedAmendment;
  phase: "open" | "refused" | "withdrawn" | "inForce";
}

/** Keys of one member, each of which signed for the next: the last is its current one. */
export interface KeyTrail {
  /** Entry that brought the first of them. */
  readonly since: number;
  readonly keys: readonly HeldKey[];
}

export interface HeldKey {
  /** Hexadecimal. */
  readonly identityKey: string;
  /** When the history tells of it, by the coordinator's clock. */
  readonly atMs: number;
}

export interface Stated {
  /** Its sequence number and its time, by the coordinator's clock. */
  readonly entry: number;
  readonly atMs: number;
  readonly statement: MemberStatement;
}

export interface RoomRun {
  readonly manifest: Manifest;
  /** Under which it was proposed, and stays. */
  readonly charter: Charter;
  /** Fewer survivors never open a sum. */
  readonly survivorsMin: number;
  phase: "proposed" | "refused" | "running" | "ended";
  /** Why it is refused; null: it is not. */
  refusal: RoomEventOf<"runRefused">["code"] | null;
  /** Each member's latest. */
  decisions: readonly Decision[];
  /** Of the run's own chain, as each round opens: the last is that of the round to come. */
  readonly heads: Uint8Array[];
  lastAttempt: number;
  end: RoomEventOf<"runEnded"> | null;
  /** Each member's last word on the release of its model. */
  releases: readonly ReleaseDecision[];
  /** By the coordinator's word. */
  isDeleted: boolean;
}

/** Keys of whom an amendment needs, by member id: of all who enrolled and have not left. */
export function keysPresent({ keys, left }: RoomState): ReadonlyMap<string, string> {
  return new Map([...keys].filter(([memberId]) => !left.has(memberId)));
}

/** The amendment that may still come into force at this time; null: there is none. */
export function openAmendment({ amendments }: RoomState, atMs: number): RoomAmendment | null {
  const last = amendments.at(-1);
  const isOpen = last?.phase === "open" && atMs <= last.proposed.amendment.validUntilMs;
  return last && isOpen ? last : null;
}

/** Is it signed, with the key that this member has now? */
export function isMembers({ keys }: RoomState, signed: Signed, statement: Uint8Array): boolean {
  const key = keys.get(signed.memberId);
  return key !== undefined && isSignedWith(key, signed, statement);
}

/** Is it signed with that key, or with one that led to it? What was signed before a rotation stays signed. */
export function wasMembers({ trails }: RoomState, signed: Signed, statement: Uint8Array): boolean {
  const { keys = [] } = trails.get(signed.memberId) ?? {};
  return keys.some(({ identityKey }) => isSignedWith(identityKey, signed, statement));
}

interface Signed {
  readonly memberId: string;
  readonly signature: string;
}

function isSignedWith(key: string, { signature }: Signed, statement: Uint8Array): boolean {
  return verifySignature(fromHex(key), statement, fromHex(signature));
}
