/**
 * What members and the coordinator say to one another in a matching, and why one ends early: one strict schema each, one
 * union per direction. A member's messages carry keys, signatures, sealed points, values that all have masked, and a
 * number under pads. Pure.
 */
import { z } from "zod";
import { rawBytes, rawBytesUpTo } from "../protocol/fields.ts";
import { POINT_BYTES } from "./curve.ts";
import { MATCH_LIMITS, SEAL_BYTES } from "./params.ts";

const { membersMax, setSizeMax, chunkPointsMax } = MATCH_LIMITS;
const Member = z
  .int()
  .min(0)
  .max(membersMax - 1);
const ChunkIndex = z.int().min(0).max(setSizeMax);
const Signature = rawBytes(64);
const JoinFields = { channelKey: rawBytes(32), signature: Signature };

/** Why a matching ends without an answer. */
export const MatchFault = z.enum([
  /** A join that its member did not sign, or a key that cannot be used. */
  "badJoin",
  /** What came is not what the neighbour sealed for us. */
  "badSeal",
  /** Points missing, or more than there should be. */
  "wrongCount",
  /** A point that is no point, is on the twist, or is zero. */
  "badPoint",
  "lowOrder",
  /** The same point twice in one set. */
  "repeatedPoint",
  /** A word that a member is ready which the member did not give. */
  "badReady",
  /** The members' numbers of identifiers do not fit the values. */
  "badTotal",
  "memberLeft",
  "timedOut",
  "cancelled",
]);
export type MatchFault = z.infer<typeof MatchFault>;

/** `member`: the index of who is at fault, where one is. */
const reasonFields = { code: MatchFault, member: Member.nullable() };
const MatchReason = z.strictObject(reasonFields);
export type MatchReason = z.infer<typeof MatchReason>;

/** A part of one member's set on its way. To the next member: sealed points. To the coordinator: bare values. */
const MatchChunk = z.strictObject({
  type: z.literal("matchChunk"),
  owner: Member,
  index: ChunkIndex,
  bytes: rawBytesUpTo(chunkPointsMax * POINT_BYTES + SEAL_BYTES),
});
/** All of a set has arrived: its sender may let go of it. */
const MatchTaken = z.strictObject({ type: z.literal("matchTaken"), owner: Member });

export const MemberMatchMessage = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("matchJoined"), ...JoinFields }),
  MatchChunk,
  MatchTaken,
  /** The last set has been masked; see `readyStatement`. */
  z.strictObject({ type: z.literal("matchReady"), signature: Signature }),
  /** See `maskedCount`. */
  z.strictObject({ type: z.literal("matchCount"), masked: z.int().min(0).max(0xffff_ffff) }),
  /** After a reconnection: how many chunks of each set have arrived, by owner. */
  z.strictObject({ type: z.literal("matchHeld"), held: z.array(ChunkIndex).max(membersMax) }),
  z.strictObject({ type: z.literal("matchFailed"), ...reasonFields }),
]);
export type MemberMatchMessage = z.infer<typeof MemberMatchMessage>;

export const RelayMatchMessage = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("matchMembers"),
    joins: z.array(z.strictObject(JoinFields)).max(membersMax),
  }),
  MatchChunk,
  MatchTaken,
  /** Send a set's chunks again, from here on. */
  z.strictObject({ type: z.literal("matchResend"), owner: Member, from: ChunkIndex }),
  /** Everybody is ready: by these signatures, in the roster's order, last sets may go to the coordinator. */
  z.strictObject({
    type: z.literal("matchRelease"),
    signatures: z.array(Signature).max(membersMax),
  }),
  /** Over. Null: with an answer. */
  z.strictObject({ type: z.literal("matchEnded"), reason: MatchReason.nullable() }),
]);
export type RelayMatchMessage = z.infer<typeof RelayMatchMessage>;
