/**
 * Every message ever said between an agent and the coordinator: one schema each, one union per
 * direction. An agent's messages carry ids, keys, signatures and sealed shares; the one vector that
 * an agent sends is masked and travels as chunks behind `masked`. Pure.
 */
import { z } from "zod";
import { rawBytes, rawBytesUpTo } from "./fields.ts";
import { LIMITS } from "./limits.ts";

const Key = rawBytes(32);
const Hash = rawBytes(32);
const Signature = rawBytes(64);
export const MemberId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "lower-case letters, digits, dots, dashes");
const RunId = z.string().regex(/^[0-9a-f]{64}$/);
const Attempt = z.int().min(0).max(0xffff_ffff);
const SealedShare = rawBytesUpTo(256);
const Reason = z.strictObject({ code: z.string().max(100), message: z.string().max(500) });

/** A vector follows as chunks: its size and hash. Delivered with its message, whole and checked. */
export const VectorHeader = z.strictObject({
  byteLength: z
    .int()
    .min(0)
    .max(LIMITS.dimensionMax * 4),
  sha256: Hash,
});

const RunJoined = z.strictObject({
  type: z.literal("runJoined"),
  runId: RunId,
  channelKey: Key,
  signature: Signature,
});
const RunDeclined = z.strictObject({
  type: z.literal("runDeclined"),
  runId: RunId,
  reasons: z.array(Reason).min(1).max(50),
});
const Prekeys = z.strictObject({
  type: z.literal("prekeys"),
  runId: RunId,
  attempt: Attempt,
  maskKey: Key,
  shares: z.array(z.strictObject({ to: MemberId, sealed: SealedShare })).max(LIMITS.membersMax),
});
const Ready = z.strictObject({
  type: z.literal("ready"),
  runId: RunId,
  attempt: Attempt,
  maskKey: Key,
  signature: Signature,
});
const Masked = z.strictObject({
  type: z.literal("masked"),
  runId: RunId,
  attempt: Attempt,
  signature: Signature,
  vector: VectorHeader,
});
const Shares = z.strictObject({
  type: z.literal("shares"),
  runId: RunId,
  attempt: Attempt,
  shares: z.array(z.strictObject({ of: MemberId, share: Key })).max(LIMITS.membersMax),
  signature: Signature,
});
/** The agent goes no further with this attempt; `code` is from a closed set. */
const Withdrawn = z.strictObject({
  type: z.literal("withdrawn"),
  runId: RunId,
  attempt: Attempt,
  reason: Reason,
});

export const AgentMessage = z.discriminatedUnion("type", [
  RunJoined,
  RunDeclined,
  Prekeys,
  Ready,
  Masked,
  Shares,
  Withdrawn,
]);
export type AgentMessage = z.infer<typeof AgentMessage>;

const RunOffered = z.strictObject({
  type: z.literal("runOffered"),
  runId: RunId,
  manifest: z.string().max(1_000_000),
});
const ChannelKeys = z.strictObject({
  type: z.literal("channelKeys"),
  runId: RunId,
  members: z
    .array(z.strictObject({ memberId: MemberId, channelKey: Key, signature: Signature }))
    .max(LIMITS.membersMax),
});
const RoundOpened = z.strictObject({
  type: z.literal("roundOpened"),
  runId: RunId,
  round: z.int().min(0),
  attempt: Attempt,
  askKind: z.string().max(50),
  vector: VectorHeader,
});
const Committed = z.strictObject({
  type: z.literal("committed"),
  runId: RunId,
  attempt: Attempt,
  cohort: z
    .array(
      z.strictObject({
        memberId: MemberId,
        maskKey: Key,
        signature: Signature,
        sealed: SealedShare.nullable(),
      }),
    )
    .max(LIMITS.membersMax),
});
const Included = z.strictObject({
  type: z.literal("included"),
  runId: RunId,
  attempt: Attempt,
  survivors: z.array(MemberId).max(LIMITS.membersMax),
});
const RunEnded = z.strictObject({
  type: z.literal("runEnded"),
  runId: RunId,
  outcome: z.enum(["completed", "failed"]),
});
const Rejected = z.strictObject({ type: z.literal("rejected"), code: z.string().max(100) });

export const CoordinatorMessage = z.discriminatedUnion("type", [
  RunOffered,
  ChannelKeys,
  RoundOpened,
  Committed,
  Included,
  RunEnded,
  Rejected,
]);
export type CoordinatorMessage = z.infer<typeof CoordinatorMessage>;

/** The vector that a message announces, if any. */
export function vectorHeader(
  message: AgentMessage | CoordinatorMessage,
): z.infer<typeof VectorHeader> | null {
  return message.type === "masked" || message.type === "roundOpened" ? message.vector : null;
}
