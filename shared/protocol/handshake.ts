/** The words before a session: who are you, prove it. Both sides prove an Ed25519 identity. Pure. */
import { z } from "zod";
import { framed } from "../crypto/hash.ts";
import { LABELS } from "../crypto/labels.ts";
import { rawBytes } from "./fields.ts";
import { MemberId } from "./messages.ts";

const Version = z.int().min(1).max(1_000);

const Challenge = z.strictObject({
  type: z.literal("challenge"),
  version: Version,
  nonce: rawBytes(32),
  coordinatorKey: rawBytes(32),
});
const Auth = z.strictObject({
  type: z.literal("auth"),
  version: Version,
  room: MemberId,
  memberId: MemberId,
  nonce: rawBytes(32),
  /** Continue this session: its id, and the last sequence number that we received in it. */
  resume: z.strictObject({ sessionId: z.string().max(64), received: z.int().min(0) }).nullable(),
  signature: rawBytes(64),
});
const Welcome = z.strictObject({
  type: z.literal("welcome"),
  sessionId: z.string().max(64),
  /** Last sequence number the coordinator received in the resumed session; null: a new session. */
  received: z.int().min(0).nullable(),
  signature: rawBytes(64),
});
const Enrol = z.strictObject({
  type: z.literal("enrol"),
  version: Version,
  token: z.string().max(200),
  identityKey: rawBytes(32),
  nonce: rawBytes(32),
});
const Offer = z.strictObject({
  type: z.literal("offer"),
  memberId: MemberId,
  charter: z.string().max(1_000_000),
  signature: rawBytes(64),
});
const Accept = z.strictObject({ type: z.literal("accept"), signature: rawBytes(64) });
const Enrolled = z.strictObject({ type: z.literal("enrolled") });
const Denied = z.strictObject({
  type: z.literal("denied"),
  code: z.string().max(100),
  message: z.string().max(500),
});

export const AgentHandshake = z.discriminatedUnion("type", [Auth, Enrol, Accept]);
export const CoordinatorHandshake = z.discriminatedUnion("type", [
  Challenge,
  Welcome,
  Offer,
  Enrolled,
  Denied,
]);
export type AgentHandshake = z.infer<typeof AgentHandshake>;
export type CoordinatorHandshake = z.infer<typeof CoordinatorHandshake>;

/** Both nonces, so that neither side can be made to sign for another connection. */
export interface Nonces {
  readonly coordinator: Uint8Array;
  readonly agent: Uint8Array;
}

export function authStatement(
  nonces: Nonces,
  coordinatorKey: Uint8Array,
  room: string,
  memberId: string,
): Uint8Array {
  return framed(
    LABELS.identityAuth,
    nonces.coordinator,
    nonces.agent,
    coordinatorKey,
    room,
    memberId,
  );
}

/** What the coordinator signs in WELCOME and OFFER; `subject` is the session id or the charter text. */
export function coordinatorStatement(
  nonces: Nonces,
  memberId: string,
  subject: string,
): Uint8Array {
  return framed(LABELS.coordinatorAuth, nonces.agent, nonces.coordinator, memberId, subject);
}

/** A member's signature under its charter: it binds its identity key to its place in the room. */
export function enrolmentStatement(
  charterHash: string,
  memberId: string,
  identityKey: Uint8Array,
): Uint8Array {
  return framed(LABELS.enrolment, charterHash, memberId, identityKey);
}
