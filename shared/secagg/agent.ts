/**
 * Secure aggregation, the agent's half: one attempt at one sum, as a state machine. Pure: messages go in
 * and come out as data. The agent trusts nothing that the coordinator says: sizes, thresholds and keys are
 * its own. Secrets live in the state only, never on disk: an agent that crashed cannot sign, confirm or
 * reveal a second time.
 *
 * @see Bonawitz et al., Practical Secure Aggregation, CCS 2017, §4; the cohort is fixed after local work.
 */
import { concatBytes } from "../base/bytes.ts";
import { isSignedEntry } from "../transcript/chain.ts";
import type { AgentBatch, AgentSelf } from "./agent-batch.ts";
import { type Certificate, confirm, isCertified } from "./certificate.ts";
import {
  inclusionWith,
  maskedStatement,
  pairMask,
  roundContext,
  selfMask,
  sharesStatement,
} from "./keys.ts";
import type { Mask } from "./masks.ts";
import type { AttemptPlace, SumParams } from "./params.ts";
import type { HeldShares, OwnPrekeys } from "./prekeys.ts";

interface Attempt {
  readonly place: AttemptPlace;
  readonly batch: AgentBatch;
}

/** Local work is under way. */
export interface Working extends Attempt {
  readonly phase: "working";
  readonly own: OwnPrekeys;
}
/** The cohort is fixed and the vector masked. Invariant: committed at most once. */
export interface Masked extends Attempt {
  readonly phase: "masked";
  readonly own: OwnPrekeys;
  readonly context: Uint8Array;
  readonly cohort: readonly number[];
  /** SHA-256 of what we sent, once we have. */
  readonly root: Uint8Array | null;
}
/** One set of survivors is confirmed. Invariant: at most one per attempt. */
export interface Confirmed extends Attempt {
  readonly phase: "confirmed";
  readonly own: OwnPrekeys;
  readonly cohort: readonly number[];
  readonly survivors: readonly number[];
  readonly inclusion: Uint8Array;
}
/** Shares are out: nothing more will ever be said about this attempt. */
export interface Revealed {
  readonly phase: "revealed";
  readonly place: AttemptPlace;
}
export type AgentState = Working | Masked | Confirmed | Revealed;

/** Why an agent goes no further with an attempt. Closed set; each but the first is the coordinator's fault. */
export type AgentRefusal =
  | "noPrekeys"
  | "notInCohort"
  | "cohortTooSmall"
  | "unknownMember"
  | "notIncluded"
  | "tooFewSurvivors"
  | "survivorNotInCohort"
  | "badSignature"
  | "malformed"
  | "forgedCertificate"
  | "certificateTooSmall";

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: AgentRefusal };

const refuse = (code: AgentRefusal): { readonly ok: false; readonly code: AgentRefusal } => ({
  ok: false,
  code,
});

/** Takes the attempt's prekeys out of the batch: they serve this attempt and no other. */
export function beginAttempt(batch: AgentBatch, place: AttemptPlace): Outcome<Working> {
  const own = batch.own.get(place.attempt);
  batch.own.delete(place.attempt);
  if (!own) return refuse("noPrekeys");
  return { ok: true, value: { phase: "working", place, batch, own } };
}

/** COMMIT: checks the cohort's size and derives our masks, bound to all that the others must agree on. */
export function commit(
  params: SumParams,
  self: AgentSelf,
  state: Working,
  cohort: readonly number[],
): Outcome<{ state: Masked; masks: Mask[] }> {
  const { place, batch, own } = state;
  if (cohort.length < params.survivorsMin) return refuse("cohortTooSmall");
  if (!cohort.includes(self.index)) return refuse("notInCohort");
  const dealers = new Set(batch.dealers);
  if (cohort.some((index) => !dealers.has(index))) return refuse("unknownMember");
  const context = roundContext(params, batch.context, place, cohort);
  const masks = [selfMask(own.selfSeed, context, self.index)];
  const members = new Set(cohort);
  for (const [at, peer] of batch.batch.graph.neighbours(self.index).entries()) {
    const seed = own.pairSeeds[at];
    if (seed && members.has(peer)) masks.push(pairMask(seed, context, self.index, peer));
  }
  const next: Masked = { phase: "masked", place, batch, own, context, cohort, root: null };
  return { ok: true, value: { state: next, masks } };
}

/** MASKED: signs the hash of the packed masked vector under the round's context. */
export function signMasked(
  self: AgentSelf,
  state: Masked,
  root: Uint8Array,
): { state: Masked; signature: Uint8Array } {
  const signature = self.identity.sign(maskedStatement(state.context, self.index, root));
  return { state: { ...state, root }, signature };
}

/** INCLUDED, as the coordinator sends it. */
export interface Inclusion {
  readonly survivors: readonly number[];
  /** That we are among them with what we sent: hashes of 32 bytes from our leaf up the tree. */
  readonly path: Uint8Array;
  /** The coordinator's, over all of it. */
  readonly signature: Uint8Array;
}

/** INCLUDED → CONFIRM: checks that we are counted with what we sent, and confirms this set, once. */
export function include(
  params: SumParams,
  self: AgentSelf,
  state: Masked,
  { survivors, path, signature }: Inclusion,
): Outcome<{ state: Confirmed; confirmation: Uint8Array }> {
  const { place, batch, own, cohort, context, root } = state;
  if (survivors.length < params.survivorsMin) return refuse("tooFewSurvivors");
  const members = new Set(cohort);
  if (survivors.some((index) => !members.has(index))) return refuse("survivorNotInCohort");
  if (!root || !survivors.includes(self.index)) return refuse("notIncluded");
  // With another vector than the one that we sent the tree has another root, which nobody has signed.
  const inclusion = inclusionWith(params, context, survivors, { index: self.index, root, path });
  if (!inclusion) return refuse("malformed");
  const { runId } = params;
  const entry = { kind: "included", runId, attempt: place.attempt, inclusion, signature } as const;
  if (!isSignedEntry(params.coordinatorKey, entry)) return refuse("badSignature");
  const confirmation = confirm(params, self, batch, survivors, inclusion);
  const next: Confirmed = { phase: "confirmed", place, batch, own, cohort, survivors, inclusion };
  return { ok: true, value: { state: next, confirmation } };
}

/** Shares given out, for the members in `of`, ascending: 32 bytes each. */
export interface RevealedShares {
  readonly of: readonly number[];
  readonly shares: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * CERT → SHARES: for each survivor a share of its self-mask seed, for each dropout a share of its recovery
 * key; never both for one member, and only once enough members confirmed the same survivors as we did.
 */
export function reveal(
  params: SumParams,
  self: AgentSelf,
  state: Confirmed,
  certificate: Certificate,
): Outcome<{ state: Revealed; revealed: RevealedShares }> {
  const certified = isCertified(params, self, state.batch, state, certificate);
  if (certified !== "certified") return refuse(certified);
  const held = state.batch.held.get(state.place.attempt) ?? new Map<number, HeldShares>();
  state.batch.held.delete(state.place.attempt); // Given out once.
  const survivors = new Set(state.survivors);
  const of: number[] = [];
  const shares: Uint8Array[] = [];
  for (const index of state.cohort) {
    const share = shareOf(self, state, held.get(index), index, survivors.has(index));
    if (!share) continue;
    of.push(index);
    shares.push(share);
  }
  const bytes = concatBytes(...shares);
  const signature = self.identity.sign(sharesStatement(state.inclusion, self.index, bytes));
  for (const { self: own, recovery } of held.values()) {
    own.fill(0);
    recovery.fill(0);
  }
  for (const seed of [state.own.selfSeed, ...state.own.pairSeeds]) seed.fill(0);
  const next: Revealed = { phase: "revealed", place: state.place };
  return { ok: true, value: { state: next, revealed: { of, shares: bytes, signature } } };
}

function shareOf(
  self: AgentSelf,
  { own }: Confirmed,
  held: HeldShares | undefined,
  index: number,
  survived: boolean,
): Uint8Array | null {
  if (index === self.index) return own.ownShare;
  if (!held) return null;
  return survived ? held.self : held.recovery;
}
