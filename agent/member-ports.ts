/** What a member needs from the world: gate, network, vault, the member's own screen. Pure types. */
import type { Clock, Rng } from "../shared/base/env.ts";
import type { Charter } from "../shared/charter/charter.ts";
import type { Decision } from "../shared/charter/decision.ts";
import type { CharterState, Reason } from "../shared/charter/policy/facts.ts";
import type { LocalPolicy } from "../shared/charter/policy/local-policy.ts";
import type { Identity } from "../shared/crypto/identity.ts";
import type { Kem } from "../shared/crypto/kem.ts";
import type { AgentMessage } from "../shared/protocol/messages.ts";
import type { SignedEntry } from "../shared/transcript/chain.ts";
import type { FromGate, ToGate } from "./gate/messages.ts";
import type { MemberEvent } from "./member-events.ts";

/** A run that waits for its members' approval. */
export interface Proposal {
  readonly runId: string;
  /** The manifest's canonical text. */
  readonly manifest: string;
  readonly receivedAtMs: number;
  readonly reasons: readonly Reason[];
}

export interface MemberVault {
  /** Members' identity keys seen in earlier runs, or those that they signed for since; hexadecimal, by member id. */
  pinnedKeys(): ReadonlyMap<string, string>;
  pinKey(memberId: string, identityKey: string): void;
  /** Keys that this member's people compared with the others'; null: none yet. */
  confirmedKeys(): ReadonlyMap<string, string> | null;
  /** Keys that count for nothing any more, hexadecimal. */
  revokedKeys(): ReadonlySet<string>;
  /** Since when this agent knows keys, by key, hexadecimal. */
  keysSinceMs(): ReadonlyMap<string, number>;
  /** Other charters of the room that this member signed, by hash. */
  charterStates(): ReadonlyMap<string, CharterState>;
  /** Whether a run has ended here, or was left; after the member left the room, every run is. */
  isOver(runId: string): boolean;
  /** From now on, and for good, it is over for this agent. Durable when it returns. */
  endRun(runId: string, why: "ended" | "left"): void;
  /** What this member's people, or its own rules, said of a run. */
  decisionOf(runId: string): Decision | null;
  /** Keeps a proposed run for a person to decide on, with what its own agent has against it. False: there is no room. */
  saveProposal(proposal: Proposal): boolean;
  saveDecision(decision: Decision): void;
  closeProposal(runId: string, code: string): void;
  /** Keeps what the coordinator signed: proof, should it have told others something else. */
  record(entry: SignedEntry): void;
}

export interface MemberParams {
  readonly memberId: string;
  readonly charter: Charter;
  readonly identity: Identity;
  /** Pinned on enrolment, hexadecimal. */
  readonly coordinatorKey: string;
  readonly vault: MemberVault;
  readonly clock: Clock;
  /** The member's own rules, read anew. @throws {CloisterError} If they cannot be read: then nothing is allowed. */
  readonly policy: () => LocalPolicy;
  /** Answers in order, later; a failure is an answer too. */
  readonly gate: (message: ToGate, answer: (reply: FromGate) => void) => void;
  readonly rng: Rng;
  readonly kem: Kem | null;
  readonly send: (message: AgentMessage, sealed?: Uint8Array) => void;
  /** For the member's own terminal: ids, codes and counts. */
  readonly report: (event: MemberEvent) => void;
}
