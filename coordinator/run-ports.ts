/** What a run needs from the world, and what it tells those who watch. Pure types, and one translation. */
import type { Clock } from "../shared/base/env.ts";
import type { Charter } from "../shared/charter/charter.ts";
import type { Manifest } from "../shared/charter/manifest.ts";
import type { AgentMessage, CoordinatorMessage } from "../shared/protocol/messages.ts";
import type { AttemptEvent, Patience } from "../shared/secagg/attempt.ts";
import type { RunEvent } from "./run-events.ts";

export interface RunPorts {
  readonly clock: Clock;
  readonly send: (memberId: string, message: CoordinatorMessage, vector?: Uint8Array) => void;
  readonly isConnected: (memberId: string) => boolean;
  /** Durable when it returns. */
  readonly append: (event: RunEvent, state?: Uint8Array) => void;
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
      readonly type: "phase";
      readonly runId: string;
      readonly round: number;
      readonly attempt: number;
      readonly phase: string;
    }
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
  readonly patience: Patience;
  /** How long to wait for every member before beginning with those who joined. */
  readonly startMs: number;
}

/** A message about an attempt, as the event that it is to the attempt's state machine. */
export function toEvent(from: string, message: AttemptMessage, vector: Uint8Array): AttemptEvent {
  switch (message.type) {
    case "prekeys":
      return { type: "prekeys", from, maskKey: message.maskKey, shares: message.shares };
    case "ready":
      return { type: "ready", from, maskKey: message.maskKey, signature: message.signature };
    case "masked":
      return {
        type: "masked",
        from,
        root: message.vector.sha256,
        signature: message.signature,
        vector,
      };
    case "shares":
      return { type: "shares", from, shares: message.shares, signature: message.signature };
    case "withdrawn":
      return { type: "withdrawn", from };
  }
}

type AttemptMessage = Exclude<AgentMessage, { type: "runJoined" | "runDeclined" }>;
