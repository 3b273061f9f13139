/**
 * Secure aggregation, the coordinator's half: one attempt at one sum, as a state machine. Pure: no
 * socket, no clock, no randomness. A faulty peer is data: it yields `reject` and changes no state.
 * The running sum is one buffer owned by the state; it is opened only when enough shares came in.
 *
 * @see Bonawitz et al., Practical Secure Aggregation, CCS 2017, §4; the cohort is fixed after local work.
 */
import { equalBytes } from "../base/bytes.ts";
import { sha256 } from "../crypto/hash.ts";
import { verifySignature } from "../crypto/identity.ts";
import type { CommittedMember, RevealedShare, SealedShare } from "./agent.ts";
import {
  type CohortMember,
  maskedStatement,
  readyStatement,
  roundContext,
  sharesStatement,
} from "./keys.ts";
import { type AttemptParams, rosterIndex } from "./params.ts";
import { addPackedInPlace, packedBytes } from "./ring.ts";
import { openSum } from "./unmask.ts";

/** How long to wait, in milliseconds. */
export interface Patience {
  /** For local work, from the opening of the attempt. */
  readonly workMs: number;
  /** For each later step. */
  readonly stepMs: number;
  /** For a member whose connection is gone to come back, before going on without it. */
  readonly graceMs: number;
}

interface Prekeys {
  readonly maskKey: Uint8Array;
  readonly sealedFor: ReadonlyMap<string, Uint8Array>;
}
interface Ready extends CohortMember {
  readonly signature: Uint8Array;
}
interface Revealing {
  readonly shares: ReadonlyMap<string, Uint8Array>;
}

interface Common {
  readonly deadlineMs: number;
  /** Members without a connection, and since when. */
  readonly absentSinceMs: ReadonlyMap<string, number>;
}
interface CollectingReady extends Common {
  readonly phase: "collectReady";
  readonly prekeys: ReadonlyMap<string, Prekeys>;
  readonly ready: ReadonlyMap<string, Ready>;
}
interface CollectingMasked extends Common {
  readonly phase: "collectMasked";
  readonly context: Uint8Array;
  readonly cohort: readonly Ready[];
  readonly survivors: ReadonlySet<string>;
  /** Σ of the survivors' masked vectors, mod 2^32. Shape [d]. Overwritten as vectors arrive. */
  readonly sum: Uint32Array;
}
interface Unmasking extends Omit<CollectingMasked, "phase"> {
  readonly phase: "unmask";
  readonly revealed: ReadonlyMap<string, Revealing>;
}
interface Ended {
  readonly phase: "ended";
}
export type CoordinatorState = CollectingReady | CollectingMasked | Unmasking | Ended;

export type AttemptEvent =
  | {
      readonly type: "prekeys";
      readonly from: string;
      readonly maskKey: Uint8Array;
      readonly shares: readonly SealedShare[];
    }
  | {
      readonly type: "ready";
      readonly from: string;
      readonly maskKey: Uint8Array;
      readonly signature: Uint8Array;
    }
  | {
      readonly type: "masked";
      readonly from: string;
      readonly root: Uint8Array;
      readonly signature: Uint8Array;
      readonly vector: Uint8Array;
    }
  | {
      readonly type: "shares";
      readonly from: string;
      readonly shares: readonly RevealedShare[];
      readonly signature: Uint8Array;
    }
  /** The member says it cannot go on with this attempt. */
  | { readonly type: "withdrawn"; readonly from: string }
  | { readonly type: "absent"; readonly from: string }
  | { readonly type: "present"; readonly from: string }
  | { readonly type: "tick" };

/** Closed set; a peer's fault is logged by code. */
export type RejectCode =
  | "notInRoster"
  | "wrongPhase"
  | "duplicate"
  | "keyMismatch"
  | "badSignature"
  | "notInCohort"
  | "wrongLength"
  | "wrongRoot"
  | "noPrekeys";

export type AbortReason = "tooFewReady" | "tooFewSurvivors" | "tooFewShares" | "badShares";

export type AttemptEffect =
  | {
      readonly type: "sendCommit";
      readonly to: string;
      readonly cohort: readonly CommittedMember[];
    }
  | {
      readonly type: "sendIncluded";
      readonly to: readonly string[];
      readonly survivors: readonly string[];
    }
  | { readonly type: "reject"; readonly to: string; readonly code: RejectCode }
  | {
      readonly type: "released";
      readonly sum: Uint32Array;
      readonly cohort: readonly string[];
      readonly survivors: readonly string[];
    }
  | { readonly type: "aborted"; readonly reason: AbortReason; readonly blamed: readonly string[] };

export interface Step {
  readonly state: CoordinatorState;
  readonly effects: readonly AttemptEffect[];
}

/** @param absent Members that are not there as the attempt opens; nobody waits for them. */
export function openAttempt(
  patience: Patience,
  atMs: number,
  absent: readonly string[],
): CoordinatorState {
  return {
    phase: "collectReady",
    deadlineMs: atMs + patience.workMs,
    absentSinceMs: new Map(absent.map((id) => [id, Number.NEGATIVE_INFINITY])),
    prekeys: new Map(),
    ready: new Map(),
  };
}

/** Advances the attempt by one event at time `atMs`. The same arguments always give the same step. */
export function step(
  params: AttemptParams,
  patience: Patience,
  state: CoordinatorState,
  event: AttemptEvent,
  atMs: number,
): Step {
  if (state.phase === "ended") return { state, effects: [] };
  const received = receive(params, state, event, atMs);
  if (received.effects.length > 0) return received;
  return advance(params, patience, received.state, atMs);
}

function receive(
  params: AttemptParams,
  state: CoordinatorState,
  event: AttemptEvent,
  atMs: number,
): Step {
  if (event.type === "tick" || state.phase === "ended") return { state, effects: [] };
  if (rosterIndex(params, event.from) < 0) return reject(state, event.from, "notInRoster");
  switch (event.type) {
    case "absent":
    case "withdrawn":
      return absent(
        state,
        event.from,
        event.type === "withdrawn" ? Number.NEGATIVE_INFINITY : atMs,
      );
    case "present":
      return present(state, event.from);
    case "prekeys":
      return addPrekeys(state, event);
    case "ready":
      return addReady(params, state, event);
    case "masked":
      return addMasked(params, state, event);
    case "shares":
      return addShares(state, params, event);
  }
}

function reject(state: CoordinatorState, to: string, code: RejectCode): Step {
  return { state, effects: [{ type: "reject", to, code }] };
}

function absent(state: Exclude<CoordinatorState, Ended>, id: string, sinceMs: number): Step {
  return {
    state: { ...state, absentSinceMs: new Map(state.absentSinceMs).set(id, sinceMs) },
    effects: [],
  };
}

function present(state: Exclude<CoordinatorState, Ended>, id: string): Step {
  const absentSinceMs = new Map(state.absentSinceMs);
  absentSinceMs.delete(id);
  return { state: { ...state, absentSinceMs }, effects: [] };
}

function addPrekeys(
  state: CoordinatorState,
  event: Extract<AttemptEvent, { type: "prekeys" }>,
): Step {
  if (state.phase !== "collectReady") return reject(state, event.from, "wrongPhase");
  if (state.prekeys.has(event.from)) return reject(state, event.from, "duplicate");
  const sealedFor = new Map(event.shares.map(({ to, sealed }) => [to, sealed]));
  const prekeys = new Map(state.prekeys).set(event.from, { maskKey: event.maskKey, sealedFor });
  return { state: { ...state, prekeys }, effects: [] };
}

function addReady(
  params: AttemptParams,
  state: CoordinatorState,
  event: Extract<AttemptEvent, { type: "ready" }>,
): Step {
  const { from, maskKey, signature } = event;
  if (state.phase !== "collectReady") return reject(state, from, "wrongPhase");
  const prekeys = state.prekeys.get(from);
  if (!prekeys) return reject(state, from, "noPrekeys");
  if (state.ready.has(from)) return reject(state, from, "duplicate");
  if (!equalBytes(prekeys.maskKey, maskKey)) return reject(state, from, "keyMismatch");
  const identityKey = params.roster[rosterIndex(params, from)]?.identityKey ?? new Uint8Array();
  if (!verifySignature(identityKey, readyStatement(params, from, maskKey), signature)) {
    return reject(state, from, "badSignature");
  }
  const ready = new Map(state.ready).set(from, { memberId: from, maskKey, signature });
  return { state: { ...state, ready }, effects: [] };
}

function addMasked(
  params: AttemptParams,
  state: CoordinatorState,
  event: Extract<AttemptEvent, { type: "masked" }>,
): Step {
  const { from, root, signature, vector } = event;
  if (state.phase !== "collectMasked") return reject(state, from, "wrongPhase");
  if (!state.cohort.some(({ memberId }) => memberId === from))
    return reject(state, from, "notInCohort");
  if (state.survivors.has(from)) return reject(state, from, "duplicate");
  if (vector.length !== packedBytes(params.dimension, params.ringBits))
    return reject(state, from, "wrongLength");
  if (!equalBytes(sha256(vector), root)) return reject(state, from, "wrongRoot");
  const identityKey = params.roster[rosterIndex(params, from)]?.identityKey ?? new Uint8Array();
  if (!verifySignature(identityKey, maskedStatement(state.context, from, root), signature)) {
    return reject(state, from, "badSignature");
  }
  addPackedInPlace(state.sum, vector, params.ringBits, 1);
  return { state: { ...state, survivors: new Set(state.survivors).add(from) }, effects: [] };
}

function addShares(
  state: CoordinatorState,
  params: AttemptParams,
  event: Extract<AttemptEvent, { type: "shares" }>,
): Step {
  const { from, shares, signature } = event;
  if (state.phase !== "unmask") return reject(state, from, "wrongPhase");
  if (!state.survivors.has(from)) return reject(state, from, "notInCohort");
  if (state.revealed.has(from)) return reject(state, from, "duplicate");
  const identityKey = params.roster[rosterIndex(params, from)]?.identityKey ?? new Uint8Array();
  if (!verifySignature(identityKey, sharesStatement(state.context, from, shares), signature)) {
    return reject(state, from, "badSignature");
  }
  const revealing = { shares: new Map(shares.map(({ of, share }) => [of, share])) };
  return {
    state: { ...state, revealed: new Map(state.revealed).set(from, revealing) },
    effects: [],
  };
}

function advance(
  params: AttemptParams,
  patience: Patience,
  state: CoordinatorState,
  atMs: number,
): Step {
  switch (state.phase) {
    case "collectReady":
      return closeReady(params, patience, state, atMs);
    case "collectMasked":
      return closeMasked(params, patience, state, atMs);
    case "unmask":
      return closeUnmask(params, patience, state, atMs);
    case "ended":
      return { state, effects: [] };
  }
}

/** True while someone who may still answer has not, and there is time. */
function awaiting(
  patience: Patience,
  state: Common,
  expected: readonly string[],
  has: (id: string) => boolean,
  atMs: number,
): boolean {
  if (atMs >= state.deadlineMs) return false;
  return expected.some((id) => {
    const since = state.absentSinceMs.get(id);
    return !has(id) && (since === undefined || atMs < since + patience.graceMs);
  });
}

function closeReady(
  params: AttemptParams,
  patience: Patience,
  state: CollectingReady,
  atMs: number,
): Step {
  const everyone = params.roster.map(({ memberId }) => memberId);
  if (awaiting(patience, state, everyone, (id) => state.ready.has(id), atMs))
    return { state, effects: [] };
  const cohort = everyone.flatMap((id) => state.ready.get(id) ?? []);
  if (cohort.length < params.survivorsMin) return abort("tooFewReady", []);
  const effects = cohort.map(
    ({ memberId: to }): AttemptEffect => ({
      type: "sendCommit",
      to,
      cohort: cohort.map((member) => ({
        ...member,
        sealed: state.prekeys.get(member.memberId)?.sealedFor.get(to) ?? null,
      })),
    }),
  );
  const next: CollectingMasked = {
    phase: "collectMasked",
    deadlineMs: atMs + patience.stepMs,
    absentSinceMs: state.absentSinceMs,
    context: roundContext(params, cohort),
    cohort,
    survivors: new Set(),
    sum: new Uint32Array(params.dimension),
  };
  return { state: next, effects };
}

function closeMasked(
  params: AttemptParams,
  patience: Patience,
  state: CollectingMasked,
  atMs: number,
): Step {
  const expected = state.cohort.map(({ memberId }) => memberId);
  if (awaiting(patience, state, expected, (id) => state.survivors.has(id), atMs))
    return { state, effects: [] };
  if (state.survivors.size < params.survivorsMin) return abort("tooFewSurvivors", []);
  const survivors = [...state.survivors].sort();
  const next: Unmasking = {
    ...state,
    phase: "unmask",
    deadlineMs: atMs + patience.stepMs,
    revealed: new Map(),
  };
  return { state: next, effects: [{ type: "sendIncluded", to: survivors, survivors }] };
}

function closeUnmask(
  params: AttemptParams,
  patience: Patience,
  state: Unmasking,
  atMs: number,
): Step {
  const survivors = [...state.survivors].sort();
  const enough = state.revealed.size >= params.threshold;
  const waiting = awaiting(patience, state, survivors, (id) => state.revealed.has(id), atMs);
  if (!enough) return waiting ? { state, effects: [] } : abort("tooFewShares", []);
  const opened = openSum(params, state);
  // A missing or false share may be made good by a later one, while any is to come.
  if (!opened.ok) return waiting ? { state, effects: [] } : abort("badShares", opened.blamed);
  const cohort = state.cohort.map(({ memberId }) => memberId);
  return {
    state: { phase: "ended" },
    effects: [{ type: "released", sum: opened.sum, cohort, survivors }],
  };
}

function abort(reason: AbortReason, blamed: readonly string[]): Step {
  return { state: { phase: "ended" }, effects: [{ type: "aborted", reason, blamed }] };
}
