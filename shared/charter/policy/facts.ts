/** What the policy's rules go by, beside charter and manifest. Pure types. */
import type { Charter } from "../charter.ts";
import type { Decision } from "../decision.ts";
import type { Manifest } from "../manifest.ts";
import type { LocalPolicy } from "./local-policy.ts";

export interface Reason {
  readonly code: string;
  readonly message: string;
}

/** What the run's task would do, derived from the manifest. */
export interface TaskFacts {
  /** Secure sums of the whole run, if none fails. */
  readonly sums: number;
  /** Length of the longest vector that a member sends. */
  readonly dimensionMax: number;
  /** Columns of the schema: those that are read, whose own values are added up, by which sums are broken down, matched by. */
  readonly columns: {
    readonly read: readonly string[];
    readonly summed: readonly string[];
    readonly grouped: readonly string[];
    readonly joined: readonly string[];
  };
  /** Score bins of an evaluation; 0: none. */
  readonly bins: number;
  /** Why the manifest cannot be carried out as it is written. */
  readonly faults: readonly Reason[];
}

/** Of a charter that is not the one in force: one of before, or one that an amendment proposes. */
export type CharterState = "superseded" | "notInForce";

/** What an agent knows of itself and trusts. */
export interface AgentFacts {
  readonly memberId: string;
  /** Own identity key, hexadecimal. */
  readonly identityKey: string;
  /** The coordinator's key that was pinned on enrolment, hexadecimal. */
  readonly coordinatorKey: string;
  /** Members' keys seen in earlier runs, hexadecimal, by member id. */
  readonly pinnedKeys: ReadonlyMap<string, string>;
  /** The keys that this member's people compared with the others'; null: they have compared none. */
  readonly confirmedKeys: ReadonlyMap<string, string> | null;
  /** Keys that enough members, or this one's own people, revoked, hexadecimal. */
  readonly revokedKeys: ReadonlySet<string>;
  /** Since when keys are their members', by key, hexadecimal; of a key that is not in it this agent does not know. */
  readonly keysSinceMs: ReadonlyMap<string, number>;
  /** Other charters of the room that this member signed, by hash. */
  readonly charterStates: ReadonlyMap<string, CharterState>;
  readonly policy: LocalPolicy;
  /** Whether this member's own people, or its policy, approved the run. */
  readonly ownDecision: Decision["decision"] | null;
  /** The run has ended, or this agent has left it, or its member the room: it is never taken up again. */
  readonly isOver: boolean;
}

export interface DatasetFacts {
  readonly rows: number;
  readonly units: number;
  /** With an earlier answer, this one would tell of a few of the member's units. Left out: no. */
  readonly isolatesFew?: boolean;
}

/** Whether the ledger can pay the run to its end, by who pays. */
export interface LedgerFacts {
  readonly partitions: readonly {
    readonly partition: "train" | "holdout";
    readonly fits: boolean;
  }[];
}

/** Null: whoever asks does not know. The rules that need it then say so, and refuse nothing. */
export interface PolicyFacts {
  readonly charter: Charter;
  readonly manifest: Manifest;
  readonly runId: string;
  readonly task: TaskFacts;
  readonly nowMs: number;
  /** What members said; null: the run is only proposed. */
  readonly decisions: readonly Decision[] | null;
  readonly agent: AgentFacts | null;
  /** As the agent's, where whoever asks knows this and nothing else of it. */
  readonly keysSinceMs?: ReadonlyMap<string, number> | undefined;
  /** A member's own rules, where whoever asks knows these and nothing else of it. */
  readonly policy?: LocalPolicy | undefined;
  readonly dataset: DatasetFacts | null;
  readonly ledger: LedgerFacts | null;
}
