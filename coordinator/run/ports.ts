/** What a run needs from the world, and what it tells those who watch. Pure types, and one translation. */
import type { AuditRecord } from "../../shared/audit/record.ts";
import type { Clock, Rng } from "../../shared/base/env.ts";
import { fromBitmap } from "../../shared/base/member-set.ts";
import type { RingBits } from "../../shared/base/ring-bits.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { Decision } from "../../shared/charter/decision.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import type { Identity } from "../../shared/crypto/identity.ts";
import type { Delivery } from "../../shared/protocol/inbox.ts";
import type { AgentMessage, CoordinatorMessage } from "../../shared/protocol/messages.ts";
import type { AttemptEvent, Patience, Spool } from "../../shared/secagg/attempt.ts";
import type { DealtPrekeyBatch } from "../../shared/secagg/coordinator-batch.ts";
import type { Mask } from "../../shared/secagg/masks.ts";
import type { RunEvent } from "./events.ts";

/** Masked vectors of one attempt, on disk; kept for the audit of a released round, else thrown away. */
export interface AttemptSpool extends Spool {
  keep(record: AuditRecord, prekeys: DealtPrekeyBatch): void;
  discard(): void;
}

export interface RunPorts {
  readonly clock: Clock;
  /** Draws the noise where the coordinator is trusted to add it. */
  readonly rng: Rng;
  readonly send: (
    memberIds: readonly string[],
    message: CoordinatorMessage,
    vector?: Uint8Array,
  ) => void;
  readonly isConnected: (memberId: string) => boolean;
  /** Durable when it returns. */
  readonly append: (event: RunEvent, state?: Uint8Array) => void;
  readonly openSpool: (runId: string, attempt: number) => AttemptSpool;
  /** Σ of the masks, mod 2^32; now or later. */
  readonly expand: (
    masks: readonly Mask[],
    dimension: number,
    bits: RingBits,
    done: (sum: Uint32Array) => void,
  ) => void;
  /** For those who watch; nothing depends on it. */
  readonly watch: (event: RunEvent | LiveEvent) => void;
}

export type LiveEvent =
  | {
      readonly type: "joined" | "left";
      readonly runId: string;
      readonly memberId: string;
      readonly joined: number;
    }
  | {
      readonly type: "declined";
      readonly runId: string;
      readonly memberId: string;
      readonly reasons: readonly { code: string; message: string }[];
    }
  | {
      readonly type: "attemptOpened";
      readonly runId: string;
      readonly round: number;
      readonly attempt: number;
      readonly askKind: string;
    }
  | {
      readonly type: "phase";
      readonly runId: string;
      readonly round: number;
      readonly attempt: number;
      readonly phase: string;
    }
  /** Nothing has happened for a while; who of the run's members is not connected. */
  | { readonly type: "waiting"; readonly runId: string; readonly absent: readonly string[] }
  | {
      readonly type: "fault";
      readonly runId: string;
      readonly memberId: string;
      readonly code: string;
    };

export interface RunParams {
  readonly runId: string;
  readonly manifest: Manifest;
  readonly charter: Charter;
  /** What members said to the manifest: agents take nothing up without. */
  readonly decisions: readonly Decision[];
  readonly identity: Identity;
  readonly patience: Patience;
  /** How long to wait for every member before beginning with those who joined. */
  readonly startMs: number;
  /** Attempts that members deal prekeys for at a time; a simulation uses few. */
  readonly batchAttempts?: number;
}

/** A run under way, by secure sums or by another protocol. */
export interface ActiveRun {
  readonly room: string;
  readonly status: "running" | "completed" | "failed";
  /** By the operator, or whoever proposed it: what was released stays. */
  cancel(): void;
  hasMember(room: string, memberId: string): boolean;
  /** @param resumed The session goes on: nothing that was sent is lost. */
  connected(memberId: string, resumed: boolean): void;
  disconnected(memberId: string): void;
  deliver(memberId: string, delivery: Delivery<RunMessage>): void;
  /** A part of the vector that a delivered message announced. */
  deliverPart(memberId: string, message: AgentMessage, bytes: Uint8Array): void;
  tick(): void;
}

/** Messages about a run under way. */
export type RunMessage = Exclude<
  AgentMessage,
  { type: "runDecided" | "roomHeld" | "headCosigned" }
>;

export function isRunMessage(message: AgentMessage): message is RunMessage {
  return !["runDecided", "roomHeld", "headCosigned"].includes(message.type);
}

/** Messages about one attempt. */
export type AttemptMessage = Extract<
  AgentMessage,
  { type: "ready" | "masked" | "confirmed" | "shares" | "withdrawn" }
>;

/** A message about an attempt, as the event that it is to the attempt's state machine; null if malformed. */
export function toEvent(
  from: number,
  message: AttemptMessage,
  rosterSize: number,
): AttemptEvent | null {
  switch (message.type) {
    case "ready": {
      const holds = fromBitmap(message.holds, rosterSize);
      return holds && { type: "ready", from, holds };
    }
    case "masked": {
      const { signature, vector } = message;
      return {
        type: "masked",
        from,
        root: vector.sha256,
        signature,
        byteLength: vector.byteLength,
      };
    }
    case "confirmed":
      return { type: "confirmed", from, confirmation: message.confirmation };
    case "shares": {
      const of = fromBitmap(message.of, rosterSize);
      const { seed, shares, signature } = message;
      return of && { type: "shares", from, seed, of, shares, signature };
    }
    case "withdrawn":
      return { type: "withdrawn", from };
  }
}
