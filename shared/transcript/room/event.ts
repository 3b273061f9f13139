/**
 * What can happen in a room, as data: one strict schema each. All of it is public among the room's members; nothing
 * here was computed from records, but for what a run released, and of that hashes only. Pure.
 */
import { z } from "zod";
import { Amendment, AmendmentWord } from "../../charter/amendment.ts";
import { Decision } from "../../charter/decision.ts";
import { MemberStatement } from "../../charter/member-statement.ts";
import { ReleaseDecision } from "../../charter/release.ts";
import { MemberId } from "../../protocol/messages.ts";

const Hex32 = z.string().regex(/^[0-9a-f]{64}$/);
const Hex64 = z.string().regex(/^[0-9a-f]{128}$/);
const Count = z.int().min(0).max(0xffff_ffff);

/** The first entry, and only the first. `charter` is its canonical text: what members sign the hash of. */
const RoomCreated = z.strictObject({
  type: z.literal("roomCreated"),
  /** Of the whole format. */
  version: z.literal(1),
  room: MemberId,
  coordinatorKey: Hex32,
  charter: z.string().max(1_000_000),
});
const MemberEnrolled = z.strictObject({
  type: z.literal("memberEnrolled"),
  memberId: MemberId,
  identityKey: Hex32,
  enrolmentSignature: Hex64,
});
/** Null: the old key did not agree, because it is lost. Members who pinned it take part in nothing until they look. */
const KeyRotated = z.strictObject({
  type: z.literal("keyRotated"),
  memberId: MemberId,
  identityKey: Hex32,
  enrolmentSignature: Hex64,
  rotationSignature: Hex64.nullable(),
});
/** A member's word about itself, as it signed it: it confirmed a roster, or it leaves. */
const MemberStated = z.strictObject({
  type: z.literal("memberStated"),
  statement: MemberStatement,
});

/** Another charter is proposed in place of the one in force. One at a time is open. */
const AmendmentProposed = z.strictObject({
  type: z.literal("amendmentProposed"),
  amendment: Amendment,
});
/** A member's word on the open amendment, as it signed it. */
const AmendmentDecided = z.strictObject({
  type: z.literal("amendmentDecided"),
  word: AmendmentWord,
});
/** By whoever proposed it, before it came into force: it never will. */
const AmendmentWithdrawn = z.strictObject({
  type: z.literal("amendmentWithdrawn"),
  amendmentHash: Hex32,
});
/** From here on the new charter is in force. Every run of before is over. */
const CharterAmended = z.strictObject({
  type: z.literal("charterAmended"),
  amendmentHash: Hex32,
});

/** `manifest` is its canonical text, whose hash is the run's id. */
const RunProposed = z.strictObject({
  type: z.literal("runProposed"),
  runId: Hex32,
  manifest: z.string().max(1_000_000),
});
/** A member's word, as it signed it; a later one takes the place of an earlier. */
const RunDecided = z.strictObject({
  type: z.literal("runDecided"),
  runId: Hex32,
  decision: Decision,
});
/** The proposal is none any more, and will never be a run. */
const RunRefused = z.strictObject({
  type: z.literal("runRefused"),
  runId: Hex32,
  code: z.enum(["vetoed", "expired", "cancelled", "amended"]),
});
const RunStarted = z.strictObject({ type: z.literal("runStarted"), runId: Hex32 });
const RoundReleased = z.strictObject({
  type: z.literal("roundReleased"),
  runId: Hex32,
  round: Count,
  attempt: Count,
  askKind: z.string().max(50),
  survivors: z.array(MemberId),
  /** The round's link in the run's own chain, see `chain.ts`. */
  inclusion: Hex32,
  resultHash: Hex32,
});
const AttemptAborted = z.strictObject({
  type: z.literal("attemptAborted"),
  runId: Hex32,
  round: Count,
  attempt: Count,
  reason: z.string().max(100),
});
const RunEnded = z.strictObject({
  type: z.literal("runEnded"),
  runId: Hex32,
  outcome: z.enum(["completed", "failed"]),
  /** Head of the run's own chain after its last round. */
  head: Hex32,
  /** SHA-256 of the model file, and of the canonical texts of its card and privacy statement; null: there is none. */
  modelHash: Hex32.nullable(),
  cardHash: Hex32.nullable(),
  statementHash: Hex32.nullable(),
});
/** A member's word on the release of a completed run's model, as its people signed it. */
const ReleaseDecided = z.strictObject({
  type: z.literal("releaseDecided"),
  runId: Hex32,
  decision: ReleaseDecision,
});
/** Its model and its kept rounds, by the coordinator's word; the charter's retention is over. */
const RunDeleted = z.strictObject({ type: z.literal("runDeleted"), runId: Hex32 });
/** A member had the first `size` entries before it and signed the root over them. */
const HeadCosigned = z.strictObject({
  type: z.literal("headCosigned"),
  size: Count.min(1),
  memberId: MemberId,
  signature: Hex64,
});

export const RoomEvent = z.discriminatedUnion("type", [
  RoomCreated,
  MemberEnrolled,
  KeyRotated,
  MemberStated,
  AmendmentProposed,
  AmendmentDecided,
  AmendmentWithdrawn,
  CharterAmended,
  RunProposed,
  RunDecided,
  RunRefused,
  RunStarted,
  RoundReleased,
  AttemptAborted,
  RunEnded,
  ReleaseDecided,
  RunDeleted,
  HeadCosigned,
]);
export type RoomEvent = z.infer<typeof RoomEvent>;
export type AmendmentEvent = Extract<RoomEvent, { type: `amendment${string}` | "charterAmended" }>;
export type RoomEventOf<T extends RoomEvent["type"]> = Extract<RoomEvent, { type: T }>;
