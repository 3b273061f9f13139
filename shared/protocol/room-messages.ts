/** Messages about a room rather than a run: its history, and what members decide on proposals. Pure. */
import { z } from "zod";
import { Count, RunId, Signature } from "./fields.ts";
import { LIMITS } from "./limits.ts";

export const MemberId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "lower-case letters, digits, dots, dashes");
export const Reason = z.strictObject({
  code: z.string().max(100),
  message: z.string().max(LIMITS.reasonCharactersMax),
});

export const decisionFields = {
  decision: z.enum(["approved", "vetoed", "refused"]),
  /** Why not; empty for an approval. */
  reasons: z.array(Reason).max(LIMITS.reasonsMax),
  atMs: z.int().min(0),
  signature: Signature,
};

/** How much of its room's history a member has, as its session begins. */
export const RoomHeld = z.strictObject({ type: z.literal("roomHeld"), size: Count });
/** The member has the first so many entries, durably. */
export const HeadCosigned = z.strictObject({
  type: z.literal("headCosigned"),
  size: Count,
  signature: Signature,
});
/** A member's word on a proposed run; see `charter/decision.ts`. */
export const RunDecided = z.strictObject({
  type: z.literal("runDecided"),
  runId: RunId,
  ...decisionFields,
});

/** The room's history goes on: entries and a signed head over all so far, as lines; see `transcript/room`. */
export const RoomExtended = z.strictObject({
  type: z.literal("roomExtended"),
  /** Sequence number of the first of them. */
  from: Count,
  /** Empty: the member has all that there is. */
  lines: z.string().max(LIMITS.controlBytesMax),
  /** How many entries there are in all: fewer have arrived where more messages are to come. */
  size: Count,
});
