/**
 * Secure aggregation, the agent's half: one attempt at one sum, as a state machine. Pure: randomness
 * is an argument, messages go in and come out as data. Secrets live in the state only, never on
 * disk: an agent that crashed cannot answer its old attempt a second time.
 *
 * @see Bonawitz et al., Practical Secure Aggregation, CCS 2017, §4; the cohort is fixed after local work.
 */
import { concatBytes, equalBytes } from "../base/bytes.ts";
import { type Rng, randomBytes } from "../base/env.ts";
import { type AgreementKey, agreementKey, open, seal } from "../crypto/agreement.ts";
import { framed } from "../crypto/hash.ts";
import { type Identity, verifySignature } from "../crypto/identity.ts";
import { LABELS } from "../crypto/labels.ts";
import {
  type CohortMember,
  maskedStatement,
  pairMask,
  readyStatement,
  roundContext,
  selfMask,
  sharesStatement,
} from "./keys.ts";
import type { Mask } from "./masks.ts";
import { type AttemptParams, rosterIndex } from "./params.ts";
import { splitSecret } from "./shamir.ts";

const SECRET_BYTES = 32;
const NONCE_BYTES = 12;

/** AEAD keys with one peer for the whole run. */
export interface Channel {
  readonly sendKey: Uint8Array;
  readonly receiveKey: Uint8Array;
}

/** The agent's own side of an attempt. */
export interface AgentSelf {
  readonly memberId: string;
  readonly identity: Identity;
  /** By member id; members that have not joined the run are absent. */
  readonly channels: ReadonlyMap<string, Channel>;
}

export interface SealedShare {
  readonly to: string;
  readonly sealed: Uint8Array;
}

/** A committed member as the coordinator forwards it: signed key, and its shares sealed for us. */
export interface CommittedMember extends CohortMember {
  readonly signature: Uint8Array;
  /** Null for ourselves and for a member that sealed nothing for us. */
  readonly sealed: Uint8Array | null;
}

interface Secrets {
  readonly maskKey: AgreementKey;
  readonly selfSeed: Uint8Array;
  /** Our own share of our own self-mask seed. */
  readonly ownSeedShare: Uint8Array;
}

/** Keys are out, local work is under way. */
export interface Working extends Secrets {
  readonly phase: "working";
}
/** The cohort is fixed and the vector masked. Invariant: committed at most once. */
export interface Masked extends Secrets {
  readonly phase: "masked";
  readonly context: Uint8Array;
  readonly cohort: readonly CommittedMember[];
}
/** Shares are out: nothing more will ever be said about this attempt. */
export interface Revealed {
  readonly phase: "revealed";
}
export type AgentState = Working | Masked | Revealed;

/** Why an agent goes no further with an attempt. Closed set; logged by code. */
export type AgentRefusal =
  | "notInCohort"
  | "cohortTooSmall"
  | "unknownMember"
  | "repeatedMember"
  | "badSignature"
  | "badMaskKey"
  | "notIncluded"
  | "tooFewSurvivors"
  | "survivorNotInCohort";

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: AgentRefusal };

const refuse = (code: AgentRefusal): { readonly ok: false; readonly code: AgentRefusal } => ({
  ok: false,
  code,
});

/** Draws this attempt's secrets and seals their shares for every member that has joined. */
export function beginAttempt(
  params: AttemptParams,
  self: AgentSelf,
  rng: Rng,
): { state: Working; maskKey: Uint8Array; shares: SealedShare[] } {
  const maskKey = agreementKey(randomBytes(rng, SECRET_BYTES));
  const selfSeed = randomBytes(rng, SECRET_BYTES);
  const count = params.roster.length;
  const keyShares = splitSecret(maskKey.secret, params.threshold, count, rng);
  const seedShares = splitSecret(selfSeed, params.threshold, count, rng);
  const shares: SealedShare[] = [];
  for (let i = 0; i < count; i++) {
    const to = params.roster[i]?.memberId ?? "";
    const channel = self.channels.get(to);
    if (to === self.memberId || !channel) continue;
    const plain = concatBytes(keyShares[i] ?? new Uint8Array(), seedShares[i] ?? new Uint8Array());
    const nonce = randomBytes(rng, NONCE_BYTES);
    const aad = shareAad(params, self.memberId, to);
    shares.push({ to, sealed: concatBytes(nonce, seal(channel.sendKey, nonce, aad, plain)) });
  }
  const ownSeedShare = seedShares[rosterIndex(params, self.memberId)] ?? new Uint8Array();
  const state: Working = { phase: "working", maskKey, selfSeed, ownSeedShare };
  return { state, maskKey: maskKey.publicKey, shares };
}

/** READY: local work is done; the signature binds the mask key to this very ask. */
export function signReady(params: AttemptParams, self: AgentSelf, state: Working): Uint8Array {
  return self.identity.sign(readyStatement(params, self.memberId, state.maskKey.publicKey));
}

/**
 * COMMIT: checks the cohort and derives our masks. The agent trusts nothing here: every key must be
 * signed by its owner for the same ask, and the cohort must be large enough.
 */
export function commit(
  params: AttemptParams,
  self: AgentSelf,
  state: Working,
  cohort: readonly CommittedMember[],
): Outcome<{ state: Masked; masks: Mask[] }> {
  const fault = cohortFault(params, self, state, cohort);
  if (fault) return refuse(fault);
  const context = roundContext(params, cohort);
  const masks = [selfMask(state.selfSeed, context, self.memberId)];
  for (const peer of cohort) {
    if (peer.memberId === self.memberId) continue;
    const mask = pairMask(state.maskKey, self.memberId, peer, context);
    if (!mask) return refuse("badMaskKey");
    masks.push(mask);
  }
  return { ok: true, value: { state: { ...state, phase: "masked", context, cohort }, masks } };
}

function cohortFault(
  params: AttemptParams,
  self: AgentSelf,
  state: Working,
  cohort: readonly CommittedMember[],
): AgentRefusal | null {
  if (cohort.length < params.survivorsMin) return "cohortTooSmall";
  if (new Set(cohort.map(({ memberId }) => memberId)).size !== cohort.length)
    return "repeatedMember";
  const own = cohort.find(({ memberId }) => memberId === self.memberId);
  if (!own || !equalBytes(own.maskKey, state.maskKey.publicKey)) return "notInCohort";
  for (const peer of cohort) {
    const member = params.roster[rosterIndex(params, peer.memberId)];
    if (!member) return "unknownMember";
    if (peer === own) continue;
    if (equalBytes(peer.maskKey, own.maskKey)) return "badMaskKey";
    const statement = readyStatement(params, peer.memberId, peer.maskKey);
    if (!verifySignature(member.identityKey, statement, peer.signature)) return "badSignature";
  }
  return null;
}

/** MASKED: signs the hash of the packed masked vector under the round's context. */
export function signMasked(self: AgentSelf, state: Masked, root: Uint8Array): Uint8Array {
  return self.identity.sign(maskedStatement(state.context, self.memberId, root));
}

/** A revealed share: of the self-mask seed if `of` survived, of the mask key if it dropped out. Never both. */
export interface RevealedShare {
  readonly of: string;
  readonly share: Uint8Array;
}

/**
 * INCLUDED → SHARES: for each survivor a share of its self-mask seed, for each dropout a share of its
 * mask key. Answers once; the state that could answer is consumed.
 *
 * @returns `faulty`: members whose sealed shares were missing or not authentic.
 */
export function reveal(
  params: AttemptParams,
  self: AgentSelf,
  state: Masked,
  survivors: readonly string[],
): Outcome<{ state: Revealed; shares: RevealedShare[]; signature: Uint8Array; faulty: string[] }> {
  const survivorSet = new Set(survivors);
  if (survivorSet.size !== survivors.length) return refuse("repeatedMember");
  if (survivorSet.size < params.survivorsMin) return refuse("tooFewSurvivors");
  if (!survivorSet.has(self.memberId)) return refuse("notIncluded");
  const cohortIds = new Set(state.cohort.map(({ memberId }) => memberId));
  for (const id of survivors) if (!cohortIds.has(id)) return refuse("survivorNotInCohort");
  const shares: RevealedShare[] = [];
  const faulty: string[] = [];
  for (const peer of state.cohort) {
    const share = shareOf(params, self, state, peer, survivorSet.has(peer.memberId));
    if (share) shares.push({ of: peer.memberId, share });
    else faulty.push(peer.memberId);
  }
  const signature = self.identity.sign(sharesStatement(state.context, self.memberId, shares));
  wipe(state);
  return { ok: true, value: { state: { phase: "revealed" }, shares, signature, faulty } };
}

function shareOf(
  params: AttemptParams,
  self: AgentSelf,
  state: Masked,
  peer: CommittedMember,
  survived: boolean,
): Uint8Array | null {
  if (peer.memberId === self.memberId) return state.ownSeedShare;
  const channel = self.channels.get(peer.memberId);
  if (!channel || !peer.sealed || peer.sealed.length < NONCE_BYTES) return null;
  const nonce = peer.sealed.subarray(0, NONCE_BYTES);
  const aad = shareAad(params, peer.memberId, self.memberId);
  const plain = open(channel.receiveKey, nonce, aad, peer.sealed.subarray(NONCE_BYTES));
  if (plain?.length !== 2 * SECRET_BYTES) return null;
  const wanted = survived ? plain.slice(SECRET_BYTES) : plain.slice(0, SECRET_BYTES);
  plain.fill(0);
  return wanted;
}

function shareAad(params: AttemptParams, from: string, to: string): Uint8Array {
  return framed(LABELS.shares, params.runId, params.attempt, from, to);
}

/** Best effort: the engine may have copied the bytes. The shares handed out stay valid. */
function wipe(secrets: Secrets): void {
  secrets.maskKey.secret.fill(0);
  secrets.selfSeed.fill(0);
}
