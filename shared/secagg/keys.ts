/** Key schedule: every key of the protocol, each bound to all that its holders must agree on. Pure. */
import { type AgreementKey, agree, deriveKey } from "../crypto/agreement.ts";
import { framed, framedHash, sha256 } from "../crypto/hash.ts";
import { LABELS } from "../crypto/labels.ts";
import type { Mask } from "./masks.ts";
import type { AttemptParams } from "./params.ts";

/** A cohort member's one-round mask key, signed with its identity. */
export interface CohortMember {
  readonly memberId: string;
  /** X25519, 32 bytes, fresh for this attempt. */
  readonly maskKey: Uint8Array;
}

/** What a member signs to join a run with its channel key. */
export function joinStatement(runId: string, memberId: string, channelKey: Uint8Array): Uint8Array {
  return framed(LABELS.runJoin, runId, memberId, channelKey);
}

/** What READY signs: this ask, this attempt, this mask key. */
export function readyStatement(
  params: AttemptParams,
  memberId: string,
  maskKey: Uint8Array,
): Uint8Array {
  const { runId, round, attempt, askHash } = params;
  return framed(LABELS.ready, runId, round, attempt, askHash, memberId, maskKey);
}

/** The hash that binds all masks of an attempt: run, round, attempt, ask, cohort and its keys. */
export function roundContext(params: AttemptParams, cohort: readonly CohortMember[]): Uint8Array {
  const members = [...cohort].sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
  const { runId, round, attempt, askHash, dimension, ringBits } = params;
  const keys = members.flatMap(({ memberId, maskKey }) => [memberId, maskKey]);
  return framedHash(LABELS.context, runId, round, attempt, askHash, dimension, ringBits, ...keys);
}

export function maskedStatement(
  context: Uint8Array,
  memberId: string,
  root: Uint8Array,
): Uint8Array {
  return framed(LABELS.masked, context, memberId, root);
}

export function sharesStatement(
  context: Uint8Array,
  memberId: string,
  shares: readonly { readonly of: string; readonly share: Uint8Array }[],
): Uint8Array {
  return framed(
    LABELS.shares,
    context,
    memberId,
    ...shares.flatMap(({ of, share }) => [of, sha256(share)]),
  );
}

/** The AEAD key for shares from one member to another; one per direction and run. Null if the peer's key is unusable. */
export function channelKey(
  own: AgreementKey,
  peerPublicKey: Uint8Array,
  runId: string,
  from: string,
  to: string,
): Uint8Array | null {
  const secret = agree(own, peerPublicKey);
  return secret && deriveKey(secret, framed(LABELS.shareChannel, runId, from, to));
}

export function selfMask(seed: Uint8Array, context: Uint8Array, memberId: string): Mask {
  return { key: deriveKey(seed, framed(LABELS.selfMask, context, memberId)), sign: 1 };
}

/** The mask that `owner` applies for `peer`: the two apply it with opposite signs. Null if the peer's key is unusable. */
export function pairMask(
  own: AgreementKey,
  owner: string,
  peer: CohortMember,
  context: Uint8Array,
): Mask | null {
  const secret = agree(own, peer.maskKey);
  if (!secret) return null;
  const first = owner < peer.memberId ? owner : peer.memberId;
  const second = owner < peer.memberId ? peer.memberId : owner;
  const key = deriveKey(secret, framed(LABELS.pairMask, context, first, second));
  return { key, sign: owner === first ? 1 : -1 };
}
