/** What members and the coordinator say to one another in a matching, and why one ends early. Pure: types only. */
import type { MatchJoin } from "./channel.ts";

/** Why a matching ends without an answer. A closed set; `member` is the index of who is at fault, where one is. */
export type MatchFault =
  /** A join that its member did not sign, or a key that cannot be used. */
  | "badJoin"
  /** What came is not what the neighbour sealed for us. */
  | "badSeal"
  /** Points missing, or more than there should be. */
  | "wrongCount"
  /** A point that is no point, is on the twist, or is zero. */
  | "badPoint"
  | "lowOrder"
  /** The same point twice in one set. */
  | "repeatedPoint"
  /** A word that a member is ready which the member did not give. */
  | "badReady"
  /** The members' numbers of identifiers do not fit the values. */
  | "badTotal"
  | "memberLeft"
  | "timedOut"
  | "cancelled";

export interface MatchReason {
  readonly code: MatchFault;
  readonly member: number | null;
}

/** A part of one member's set on its way. To the next member: sealed points. To the coordinator: bare values. */
interface MatchChunk {
  readonly type: "matchChunk";
  readonly owner: number;
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** All of a set has arrived: its sender may let go of it. */
interface MatchTaken {
  readonly type: "matchTaken";
  readonly owner: number;
}

export type MemberMatchMessage =
  | ({ readonly type: "matchJoined" } & MatchJoin)
  | MatchChunk
  | MatchTaken
  /** The last set has been masked; see `readyStatement`. */
  | { readonly type: "matchReady"; readonly signature: Uint8Array }
  /** See `maskedCount`. */
  | { readonly type: "matchCount"; readonly masked: number }
  /** After a reconnection: how many chunks of each set have arrived, by owner. */
  | { readonly type: "matchHeld"; readonly held: readonly number[] }
  | ({ readonly type: "matchFailed" } & MatchReason);

export type RelayMatchMessage =
  | { readonly type: "matchMembers"; readonly joins: readonly MatchJoin[] }
  | MatchChunk
  | MatchTaken
  /** Send a set's chunks again, from here on. */
  | { readonly type: "matchResend"; readonly owner: number; readonly from: number }
  /** Everybody is ready: by these signatures, in the roster's order, last sets may go to the coordinator. */
  | { readonly type: "matchRelease"; readonly signatures: readonly Uint8Array[] }
  /** Over. Null: with an answer. */
  | { readonly type: "matchEnded"; readonly reason: MatchReason | null };
