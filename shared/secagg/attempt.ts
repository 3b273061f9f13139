/**
 * The vocabulary of one attempt at one secure sum, seen from the coordinator: phases, events, effects
 * and codes. Members are roster indices. Pure types.
 */
import type { RunningHash } from "../crypto/hash.ts";
import type { Identity } from "../crypto/identity.ts";
import type { RevealedShares } from "./agent.ts";
import type { Certificate } from "./certificate.ts";
import type { DealtPrekeyBatch } from "./coordinator-batch.ts";
import type { Mask } from "./masks.ts";
import type { AttemptPlace, SumParams } from "./params.ts";

/** How long to wait, in milliseconds. */
export interface Patience {
  /** For local work, from the opening of the attempt. */
  readonly workMs: number;
  /** For each later step. */
  readonly stepMs: number;
  /** For a member whose connection is gone to come back, before going on without it. */
  readonly graceMs: number;
}

/** Keeps masked vectors as they arrive: to take an unfinished one out of the sum again, and for the audit. */
export interface Spool {
  add(index: number, bytes: Uint8Array): void;
  /** What was added for a member, in order. */
  parts(index: number): Iterable<Uint8Array>;
  drop(index: number): void;
}

/** Everything that an attempt is about, fixed as it opens. */
export interface AttemptParams {
  readonly sum: SumParams;
  readonly place: AttemptPlace;
  readonly prekeys: DealtPrekeyBatch;
  readonly patience: Patience;
  /** The coordinator's: what it signs can be held against it. */
  readonly identity: Identity;
  /** The only set of survivors that may be opened, ascending; null: whoever delivers. */
  readonly certified: readonly number[] | null;
}

/** A vector on its way in. Its parts are in the sum already. */
export interface Upload {
  readonly root: Uint8Array;
  readonly signature: Uint8Array;
  readonly hash: RunningHash;
  receivedBytes: number;
}

export interface Survivor {
  readonly root: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Common {
  readonly deadlineMs: number;
  /** Members without a connection, and since when. */
  readonly absentSinceMs: ReadonlyMap<number, number>;
}
export interface CollectingReady extends Common {
  readonly phase: "collectReady";
  /** By member: whose shares it holds. */
  readonly ready: ReadonlyMap<number, ReadonlySet<number>>;
}
interface Committed extends Common {
  readonly cohort: readonly number[];
  readonly context: Uint8Array;
  readonly survivors: ReadonlyMap<number, Survivor>;
  /** Σ of what survivors sent, mod 2^32; while collecting also of what arrived so far. Shape [d]. Overwritten. */
  readonly sum: Uint32Array;
  readonly spool: Spool;
}
export interface CollectingMasked extends Committed {
  readonly phase: "collectMasked";
  readonly uploads: ReadonlyMap<number, Upload>;
}
interface Included extends Committed {
  readonly inclusion: Uint8Array;
}
export interface CollectingConfirmations extends Included {
  readonly phase: "collectConfirmations";
  readonly confirmations: ReadonlyMap<number, Uint8Array>;
}
/** Shares by the member they concern, then by holder. */
export type SharesOf = ReadonlyMap<number, ReadonlyMap<number, Uint8Array>>;
/** The same by holder, then by the member they concern. */
export type SharesFrom = ReadonlyMap<number, ReadonlyMap<number, Uint8Array>>;

export interface CollectingShares extends Included {
  readonly phase: "collectShares";
  /** Survivors' own seeds, as they committed to them. */
  readonly seeds: ReadonlyMap<number, Uint8Array>;
  /** Of whoever has answered. A message adds to it without touching what is there: it is one of many. */
  readonly revealed: SharesFrom;
  /** How many shares there are that concern a member. Shape [roster]. */
  readonly shareCounts: Uint32Array;
  /** Null until shares of silent survivors' seeds are asked for. */
  readonly asked: Asked | null;
}
/** Survivors whose seeds did not come, and what came in their place. */
export interface Asked {
  readonly of: readonly number[];
  /** Who is asked. */
  readonly holders: readonly number[];
  readonly shares: SharesFrom;
}
/** Enough is revealed; the masks are being expanded elsewhere. */
export interface Unmasking extends Included {
  readonly phase: "unmask";
  readonly opened: OpenedSecrets;
}
export interface Ended {
  readonly phase: "ended";
}
export type CoordinatorState =
  | CollectingReady
  | CollectingMasked
  | CollectingConfirmations
  | CollectingShares
  | Unmasking
  | Ended;

/** What the shares told: enough for anyone to take the masks away again. */
export interface OpenedSecrets {
  /** Survivors' self-mask seeds. */
  readonly selfSeeds: readonly { readonly of: number; readonly seed: Uint8Array }[];
  /** Seeds of the masks between a dropout and a survivor. */
  readonly pairSeeds: readonly {
    readonly dropout: number;
    readonly survivor: number;
    readonly seed: Uint8Array;
  }[];
}

export type AttemptEvent =
  | { readonly type: "ready"; readonly from: number; readonly holds: readonly number[] }
  | {
      readonly type: "masked";
      readonly from: number;
      readonly root: Uint8Array;
      readonly signature: Uint8Array;
      readonly byteLength: number;
    }
  | { readonly type: "maskedPart"; readonly from: number; readonly bytes: Uint8Array }
  | { readonly type: "confirmed"; readonly from: number; readonly confirmation: Uint8Array }
  | ({ readonly type: "shares"; readonly from: number } & RevealedShares)
  /** The masks that an `expand` effect asked for, summed. Shape [d]. */
  | { readonly type: "expanded"; readonly masks: Uint32Array }
  /** The member says it cannot go on with this attempt, or has lost its secrets. */
  | { readonly type: "withdrawn"; readonly from: number }
  | { readonly type: "absent"; readonly from: number }
  | { readonly type: "present"; readonly from: number }
  | { readonly type: "tick" };

/** Closed set; a peer's fault is logged by code. */
export type RejectCode =
  | "notInRoster"
  | "wrongPhase"
  | "duplicate"
  | "badSignature"
  | "notInCohort"
  | "wrongLength"
  | "wrongRoot"
  | "noPrekeys"
  | "malformed";

export type AbortReason =
  | "tooFewReady"
  | "tooFewSurvivors"
  | "tooFewConfirmations"
  | "tooFewShares"
  /** One of those is not there whom the round may not be opened without. */
  | "survivorMissing"
  | "badPrekeys";

/** What a member is caught at, by name. */
export type Blame =
  /** Gave out a share that is not the one it acknowledged holding. */
  | "wrongShare"
  /** Gave out a seed of its own mask that is not the one it committed to. */
  | "wrongSeed"
  /** Dealt shares that do not rebuild what it committed to. */
  | "inconsistentShares"
  /** Locked up other seeds than it agreed on with its neighbours. */
  | "badRecoveryBox";

export type AttemptEffect =
  | {
      readonly type: "sendCommit";
      readonly to: readonly number[];
      readonly cohort: readonly number[];
    }
  | {
      readonly type: "sendIncluded";
      readonly to: readonly number[];
      readonly survivors: readonly number[];
      /** One of each survivor, in order: that it is counted with what it sent. */
      readonly paths: readonly Uint8Array[];
      readonly signature: Uint8Array;
    }
  | {
      readonly type: "sendCertificate";
      readonly to: number;
      readonly certificate: Certificate;
    }
  | {
      readonly type: "askShares";
      readonly to: readonly number[];
      readonly of: readonly number[];
    }
  | { readonly type: "reject"; readonly to: number; readonly code: RejectCode }
  | { readonly type: "blame"; readonly member: number; readonly code: Blame }
  | { readonly type: "expand"; readonly masks: readonly Mask[] }
  | {
      readonly type: "released";
      readonly sum: Uint32Array;
      readonly cohort: readonly number[];
      readonly survivors: ReadonlyMap<number, Survivor>;
      readonly context: Uint8Array;
      readonly inclusion: Uint8Array;
      readonly opened: OpenedSecrets;
    }
  | { readonly type: "aborted"; readonly reason: AbortReason };

export interface Step {
  readonly state: CoordinatorState;
  readonly effects: readonly AttemptEffect[];
}
