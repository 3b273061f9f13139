/**
 * Every message ever said between an agent and the coordinator: one schema each, one union per
 * direction. Members are indices into the manifest's roster, sets of them bitmaps over it. An agent's
 * messages carry keys, signatures, MACs and sealed shares; the one vector that an agent sends is masked
 * and travels as chunks behind `masked`. Pure.
 */
import { z } from "zod";
import { ENGINE_NAMES } from "../base/engine-name.ts";
import { KEM_CIPHERTEXT_BYTES, KEM_PUBLIC_KEY_BYTES } from "../crypto/kem.ts";
import { Count, RunId, rawBytes, rawBytesUpTo, Signature } from "./fields.ts";
import { LIMITS } from "./limits.ts";
import {
  decisionFields,
  HeadCosigned,
  MemberId,
  Reason,
  RoomExtended,
  RoomHeld,
  RunDecided,
} from "./room-messages.ts";

export { MemberId, Reason } from "./room-messages.ts";

const Key = rawBytes(32);
const Hash = rawBytes(32);
const Tag = rawBytes(16);
const Index = z
  .int()
  .min(0)
  .max(LIMITS.membersMax - 1);
const Members = rawBytesUpTo(Math.ceil(LIMITS.membersMax / 8));
const HashOrNone = rawBytes(32, 0);

/** A vector follows as chunks: its size and hash. */
export const VectorHeader = z.strictObject({
  byteLength: z
    .int()
    .min(0)
    .max(LIMITS.dimensionMax * 4),
  sha256: Hash,
});

/** A member's session keys, signed with its identity; see `secagg/channel.ts`. */
const joinFields = {
  channelKey: Key,
  nonceRoot: HashOrNone,
  signature: Signature,
};
const encapsulationFields = { ciphertext: rawBytes(KEM_CIPHERTEXT_BYTES), tag: Tag };

const RunJoined = z.strictObject({
  type: z.literal("runJoined"),
  runId: RunId,
  ...joinFields,
  kemKey: rawBytes(KEM_PUBLIC_KEY_BYTES, 0),
  /** What will compute the model here: of the machine and the plan, of no record. Null: the run needs none. */
  engine: z.enum(ENGINE_NAMES).nullable(),
});
const RunDeclined = z.strictObject({
  type: z.literal("runDeclined"),
  runId: RunId,
  reasons: z.array(Reason).min(1).max(LIMITS.reasonsMax),
});
/** Answers `membersJoined`: the post-quantum half of new channels, for the members whose ML-KEM keys came whole. */
const ChannelSecrets = z.strictObject({
  type: z.literal("channelSecrets"),
  runId: RunId,
  /** For the graph of the next batch; empty where the graph is complete. */
  nonce: HashOrNone,
  secrets: z.array(z.strictObject({ to: Index, ...encapsulationFields })).max(LIMITS.membersMax),
});
const Prekeys = z.strictObject({
  type: z.literal("prekeys"),
  runId: RunId,
  batch: Count,
  /** For the graph of the batch after this; empty where the graph is complete. */
  nonce: HashOrNone,
  entries: rawBytesUpTo(LIMITS.controlBytesMax),
  signature: Signature,
});
/** Local work is done; whose shares of this batch we hold. */
const Ready = z.strictObject({
  type: z.literal("ready"),
  runId: RunId,
  attempt: Count,
  holds: Members,
});
const Masked = z.strictObject({
  type: z.literal("masked"),
  runId: RunId,
  attempt: Count,
  signature: Signature,
  vector: VectorHeader,
});
const Confirmed = z.strictObject({
  type: z.literal("confirmed"),
  runId: RunId,
  attempt: Count,
  confirmation: rawBytesUpTo(16 * LIMITS.membersMax),
});
const Shares = z.strictObject({
  type: z.literal("shares"),
  runId: RunId,
  attempt: Count,
  /** Of the member's own mask; empty in an answer to `sharesAsked`. */
  seed: HashOrNone,
  of: Members,
  shares: rawBytesUpTo(32 * LIMITS.membersMax),
  signature: Signature,
});
/** The agent goes no further with this attempt; `code` is from a closed set. */
const Withdrawn = z.strictObject({
  type: z.literal("withdrawn"),
  runId: RunId,
  attempt: Count,
  reason: Reason,
});

/**
 * What a member and the coordinator say in a private matching: one message of `shared/matching/messages.ts`, encoded.
 * Only whoever takes part reads it: at the member the gate, which alone may answer.
 */
const Matching = z.strictObject({
  type: z.literal("matching"),
  runId: RunId,
  body: rawBytesUpTo(LIMITS.matchBodyBytesMax),
});

export const AgentMessage = z.discriminatedUnion("type", [
  RunDecided,
  RunJoined,
  RunDeclined,
  ChannelSecrets,
  Prekeys,
  Ready,
  Masked,
  Confirmed,
  Shares,
  Withdrawn,
  Matching,
  RoomHeld,
  HeadCosigned,
]);
export type AgentMessage = z.infer<typeof AgentMessage>;

const RunProposed = z.strictObject({
  type: z.literal("runProposed"),
  runId: RunId,
  manifest: z.string().max(1_000_000),
});
/** A proposal that is none any more. */
const ProposalClosed = z.strictObject({
  type: z.literal("proposalClosed"),
  runId: RunId,
  code: z.enum(["begun", "vetoed", "expired", "cancelled", "amended"]),
});
const RunOffered = z.strictObject({
  type: z.literal("runOffered"),
  runId: RunId,
  manifest: z.string().max(1_000_000),
  /** What the members said who were asked. */
  decisions: z
    .array(z.strictObject({ memberId: MemberId, ...decisionFields }))
    .max(LIMITS.membersMax),
});
/** To whoever encapsulates to it a member's ML-KEM key, to the others the hash of it. */
const JoinedMember = z.strictObject({
  member: Index,
  ...joinFields,
  kemKey: rawBytes(KEM_PUBLIC_KEY_BYTES, 32, 0),
});
const MembersJoined = z.strictObject({
  type: z.literal("membersJoined"),
  runId: RunId,
  members: z.array(JoinedMember).max(LIMITS.membersMax),
});
const ChannelSecret = z.strictObject({
  type: z.literal("channelSecret"),
  runId: RunId,
  from: Index,
  ...encapsulationFields,
});
const BatchOpened = z.strictObject({
  type: z.literal("batchOpened"),
  runId: RunId,
  batch: Count,
  firstAttempt: Count,
  count: z.int().min(1).max(LIMITS.batchAttemptsMax),
  members: Members,
  /** 32 bytes of each member, in order; empty where the graph is complete. */
  nonces: rawBytesUpTo(32 * LIMITS.membersMax),
});
const BatchDealt = z.strictObject({
  type: z.literal("batchDealt"),
  runId: RunId,
  batch: Count,
  dealers: Members,
  /** 32 bytes of each dealer, in order. */
  hashes: rawBytesUpTo(32 * LIMITS.membersMax),
  shares: rawBytesUpTo(LIMITS.controlBytesMax),
});
/** What the run's transcript says as a round opens: its head, and the last link that led there. */
const transcriptFields = {
  head: Hash,
  last: z.strictObject({ inclusion: Hash, resultHash: Hash }).nullable(),
};
const RoundOpened = z.strictObject({
  type: z.literal("roundOpened"),
  runId: RunId,
  round: Count,
  attempt: Count,
  askKind: z.string().max(50),
  /** Who masks for whom, told already, so that nobody is waited for in between; empty: `committed` says it, once members are ready. */
  cohort: Members,
  ...transcriptFields,
  signature: Signature,
  vector: VectorHeader,
});
const Committed = z.strictObject({
  type: z.literal("committed"),
  runId: RunId,
  attempt: Count,
  cohort: Members,
});
const Included = z.strictObject({
  type: z.literal("included"),
  runId: RunId,
  attempt: Count,
  survivors: Members,
  /** That the recipient is counted with what it sent: 32 bytes for each level of the survivors' tree. */
  path: rawBytesUpTo(32 * Math.ceil(Math.log2(LIMITS.membersMax))),
  signature: Signature,
});
const Certified = z.strictObject({
  type: z.literal("certified"),
  runId: RunId,
  attempt: Count,
  confirmers: Members,
  proofs: rawBytesUpTo(64 * LIMITS.membersMax),
});
/** Survivors fell silent after the certificate: shares of their seeds are needed. */
const SharesAsked = z.strictObject({
  type: z.literal("sharesAsked"),
  runId: RunId,
  attempt: Count,
  of: Members,
});
const RunEnded = z.strictObject({
  type: z.literal("runEnded"),
  runId: RunId,
  outcome: z.enum(["completed", "failed"]),
  /** As a round that opens and asks nothing. */
  round: Count,
  attempt: Count,
  ...transcriptFields,
  signature: Signature,
});
const Rejected = z.strictObject({ type: z.literal("rejected"), code: z.string().max(100) });

export const CoordinatorMessage = z.discriminatedUnion("type", [
  RunProposed,
  ProposalClosed,
  RunOffered,
  MembersJoined,
  ChannelSecret,
  BatchOpened,
  BatchDealt,
  RoundOpened,
  Committed,
  Included,
  Certified,
  SharesAsked,
  RunEnded,
  Matching,
  Rejected,
  RoomExtended,
]);
export type CoordinatorMessage = z.infer<typeof CoordinatorMessage>;

/** The vector that a message announces, if any. */
export function vectorHeader(
  message: AgentMessage | CoordinatorMessage,
): z.infer<typeof VectorHeader> | null {
  return message.type === "masked" || message.type === "roundOpened" ? message.vector : null;
}
