/**
 * Secure aggregation, the agent's half: one attempt at one sum, as a state machine. Pure: messages go in
 * and come out as data. The agent trusts nothing that the coordinator says: sizes, thresholds and keys are
 * its own. Secrets live in the state only, never on disk: an agent that crashed cannot sign, confirm or
 * reveal a second time.
 *
 * @see Bonawitz et al., Practical Secure Aggregation, CCS 2017, §4; the cohort is fixed after local work, or told with the ask.
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
/** What opens the sum is out, but for shares of survivors that fell silent, if we are asked for them. */
export interface Revealed {
  readonly phase: "revealed";
  readonly place: AttemptPlace;
  readonly inclusion: Uint8Array;
  readonly survivors: readonly number[];
  /** Of other survivors, our shares of their self-mask seeds. */
  readonly selfShares: ReadonlyMap<number, Uint8Array>;
}
/** Nothing more will ever be said about this attempt. */
export interface Closed {
  readonly phase: "closed";
  readonly place: AttemptPlace;
}
export type AgentState = Working | Masked | Confirmed | Revealed | Closed;

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
  | "notSurvivor"
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

/** What opens a sum, as one member gives it out. Shares are of the members in `of`, ascending: 32 bytes each. */
export interface RevealedShares {
  /** Of the member's own mask; empty where shares were asked for afterwards. */
  readonly seed: Uint8Array;
  readonly of: readonly number[];
  readonly shares: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * CERT → SHARES: the seed of our own mask, and for each dropout a share of its recovery key; only once enough
 * members confirmed the same survivors as we did. Shares of survivors' seeds stay here until they are asked for; their
 * recovery shares, and dropouts' self shares, are destroyed: never both for one member.
 *
 * Deviation: in Bonawitz et al., §4, round 4, a survivor's seed comes out of shares always. It is the same 32 bytes
 * that t shares give, at the same moment; whoever is there spares the others a share each.
 */
export function reveal(
  params: SumParams,
  self: AgentSelf,
  state: Confirmed,
  certificate: Certificate,
): Outcome<{ state: Revealed; revealed: RevealedShares }> {
  const certified = isCertified(params, self, state.batch, state, certificate);
  if (certified !== "certified") return refuse(certified);
  const { place, own, inclusion } = state;
  const held = state.batch.held.get(place.attempt) ?? new Map<number, HeldShares>();
  state.batch.held.delete(place.attempt); // Given out once.
  const survivors = new Set(state.survivors);
  const selfShares = new Map<number, Uint8Array>();
  const recovery = new Map<number, Uint8Array>();
  for (const index of state.cohort) {
    const shares = held.get(index);
    if (!shares) continue;
    if (survivors.has(index)) selfShares.set(index, shares.self.slice());
    else recovery.set(index, shares.recovery.slice());
  }
  const revealed = signShares(self, inclusion, own.selfSeed.slice(), recovery);
  for (const shares of held.values()) {
    shares.self.fill(0);
    shares.recovery.fill(0);
  }
  for (const seed of [own.selfSeed, ...own.pairSeeds]) seed.fill(0);
  const { survivors: over } = state;
  const next: Revealed = { phase: "revealed", place, inclusion, survivors: over, selfShares };
  return { ok: true, value: { state: next, revealed } };
}

/** ASK → SHARES: of survivors that fell silent after the certificate, our shares of their seeds. Once. */
export function revealMore(
  self: AgentSelf,
  state: Revealed,
  of: readonly number[],
): Outcome<{ state: Closed; revealed: RevealedShares }> {
  const { place, inclusion, survivors, selfShares } = state;
  if (of.some((index) => !survivors.includes(index))) return refuse("notSurvivor");
  const asked = new Map<number, Uint8Array>();
  for (const index of of) {
    const share = selfShares.get(index);
    if (share) asked.set(index, share);
  }
  const revealed = signShares(self, inclusion, new Uint8Array(), asked);
  forget(state);
  return { ok: true, value: { state: { phase: "closed", place }, revealed } };
}

/** Wipes shares of survivors' seeds that nobody asked for: the attempt is over. */
export function forget(state: AgentState): void {
  if (state.phase === "revealed") for (const share of state.selfShares.values()) share.fill(0);
}

function signShares(
  self: AgentSelf,
  inclusion: Uint8Array,
  seed: Uint8Array,
  given: ReadonlyMap<number, Uint8Array>,
): RevealedShares {
  const shares = concatBytes(...given.values());
  const signature = self.identity.sign(sharesStatement(inclusion, self.index, seed, shares));
  return { seed, of: [...given.keys()], shares, signature };
}
