/**
 * What passes between the gate's thread, which holds the records, and the thread that holds the
 * connection. Only `sealed` carries numbers computed from records, which are noised and masked, and `matchSaid` points
 * that are masked, shuffled and sealed.
 */

import type { EngineName } from "../../shared/base/engine-name.ts";
import type { OwnAmendment } from "../../shared/charter/amendment.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { Decision } from "../../shared/charter/decision.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import type { Ruling } from "../../shared/charter/policy/decide.ts";
import type { AgentFacts } from "../../shared/charter/policy/facts.ts";
import type { Mask, PackedMasks } from "../../shared/secagg/masks.ts";
import type { Answers } from "../ledger/account.ts";

export interface LedgerPlace {
  readonly path: string;
  /** What the vault remembers of it; null: whatever is there is ours, and nothing becomes a new one. */
  readonly id: string | null;
}

/** A run, and what the thread that holds the connection knows of it. */
export interface RunQuestion {
  readonly manifest: Manifest;
  readonly runId: string;
  /** Null: the run is only proposed. */
  readonly decisions: readonly Decision[] | null;
  readonly agent: AgentFacts;
  readonly nowMs: number;
}

export type ToGate =
  | {
      readonly type: "open";
      readonly charter: Charter;
      /** By which it became the charter in force, in order, as this member signed them; left out: by none. */
      readonly amendments?: readonly OwnAmendment[];
      readonly dataPath: string;
      readonly ledger: LedgerPlace;
      readonly population: string;
      /** The coordinator's key, hexadecimal. */
      readonly requester: string;
      /** `check`: only whether data and ledger fit; the ledger learns nothing of them. */
      readonly purpose: "check" | "work";
      /** Folder for what the gate keeps of its own: models of this member alone, questions; left out: it keeps nothing. */
      readonly ownFolder?: string;
      /** The member's, to sign what it says in a matching; left out: it takes part in none. 32 bytes. */
      readonly identitySecret?: Uint8Array;
    }
  /** What would become of this run here? Nothing is taken up. */
  | ({ readonly type: "judge" } & RunQuestion)
  /** Takes the run up, if nothing refuses it. */
  | ({ readonly type: "assess" } & RunQuestion)
  /** Is all of this in the ledger? If not, it is not as it was left. */
  | { readonly type: "recall"; readonly answers: readonly Answers[] }
  | {
      readonly type: "work";
      readonly attempt: number;
      readonly askKind: string;
      /** Handed over: it is the gate's from then on. */
      readonly input: Float32Array;
    }
  | {
      readonly type: "seal";
      readonly round: number;
      readonly attempt: number;
      readonly masks: readonly Mask[];
    }
  /** Begins the matching that was taken up; one that is under way is given up. */
  | { readonly type: "matchBegin"; readonly runId: string }
  /** What the coordinator carried: messages of `shared/matching`, encoded. */
  | { readonly type: "matchHear"; readonly runId: string; readonly bodies: readonly Uint8Array[] };

type Seal = Extract<ToGate, { type: "seal" }>;
/** What is posted to the gate's thread in place of a `ToGate`. */
export type PostedToGate =
  | Exclude<ToGate, Seal>
  | (Omit<Seal, "masks"> & { readonly masks: PackedMasks });

export type GateRefusal =
  | "alreadyAnswered"
  | "budgetSpent"
  | "noBudget"
  | "wrongAttempt"
  | "planExceeded"
  | "notTakenUp"
  | "malformed";

export type FromGate =
  /** Counts for the member's own screen; the connection never carries them. */
  | {
      readonly type: "opened";
      readonly rowCount: number;
      readonly unitCount: number;
      readonly ledgerId: string;
    }
  | { readonly type: "judged"; readonly rulings: readonly Ruling[] }
  | {
      readonly type: "assessed";
      readonly reasons: readonly { readonly code: string; readonly message: string }[];
      /** The last attempt of this run that was ever answered; −1: none. */
      readonly lastAttempt: number;
      /** The last round of this run that was ever answered; −1: none. */
      readonly lastRound: number;
      /** What will compute the run's model here. Left out: nothing. */
      readonly engine?: EngineName;
    }
  | { readonly type: "recalled" }
  | { readonly type: "worked"; readonly attempt: number }
  | {
      readonly type: "sealed";
      readonly attempt: number;
      readonly vector: Uint8Array;
      readonly epsilonSpent: number | null;
    }
  /** To be sent on as they are, in order. */
  | {
      readonly type: "matchSaid";
      readonly bodies: readonly Uint8Array[];
      /** Chunks masked so far, of how many in all; 0 of 0 before the first. */
      readonly done: number;
      readonly total: number;
    }
  | { readonly type: "refused"; readonly code: GateRefusal }
  | {
      readonly type: "failed";
      readonly code: string;
      readonly message: string;
      readonly exitCode: number;
    };
