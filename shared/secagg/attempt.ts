/**
 * The vocabulary of one attempt at one secure sum, seen from the coordinator: phases, events, effects
 * and codes. Pure types.
 */
import type { CommittedMember, RevealedShare, SealedShare } from "./agent.ts";
import type { CohortMember } from "./keys.ts";

/** How long to wait, in milliseconds. */
export interface Patience {
  /** For local work, from the opening of the attempt. */
  readonly workMs: number;
  /** For each later step. */
  readonly stepMs: number;
  /** For a member whose connection is gone to come back, before going on without it. */
  readonly graceMs: number;
}

export interface Prekeys {
  readonly maskKey: Uint8Array;
  readonly sealedFor: ReadonlyMap<string, Uint8Array>;
}
export interface Ready extends CohortMember {
  readonly signature: Uint8Array;
}
export interface Revealing {
  readonly shares: ReadonlyMap<string, Uint8Array>;
}

export interface Common {
  readonly deadlineMs: number;
  /** Members without a connection, and since when. */
  readonly absentSinceMs: ReadonlyMap<string, number>;
}
export interface CollectingReady extends Common {
  readonly phase: "collectReady";
  readonly prekeys: ReadonlyMap<string, Prekeys>;
  readonly ready: ReadonlyMap<string, Ready>;
}
export interface CollectingMasked extends Common {
  readonly phase: "collectMasked";
  readonly context: Uint8Array;
  readonly cohort: readonly Ready[];
  readonly survivors: ReadonlySet<string>;
  /** Σ of the survivors' masked vectors, mod 2^32. Shape [d]. Overwritten as vectors arrive. */
  readonly sum: Uint32Array;
}
export interface Unmasking extends Omit<CollectingMasked, "phase"> {
  readonly phase: "unmask";
  readonly revealed: ReadonlyMap<string, Revealing>;
}
export interface Ended {
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
