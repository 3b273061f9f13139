/**
 * What must hold at every step of every run, whoever lies: checkers see all that the network carries, all
 * that gates seal and all that is logged, and say what is wrong. Each is shown to catch a planted bug in
 * `checkers.test.ts`.
 */
import type { MemberEvent } from "../../agent/member-events.ts";
import type { RunEvent } from "../../coordinator/run/events.ts";
import type { LiveEvent } from "../../coordinator/run/ports.ts";
import type { RingBits } from "../../shared/base/ring-bits.ts";
import type { AgentMessage, CoordinatorMessage } from "../../shared/protocol/messages.ts";
import type { Mask } from "../../shared/secagg/masks.ts";
import type { SumParams } from "../../shared/secagg/params.ts";
import { checkBlame } from "./check-blame.ts";
import { checkKeys } from "./check-keys.ts";
import { checkLedger } from "./check-ledger.ts";
import { checkOpenings } from "./check-openings.ts";
import { checkShares } from "./check-shares.ts";
import { checkSums } from "./check-sums.ts";

/** Members are roster indices. */
export type Observed =
  /** What an agent is about to receive, after whatever a lying coordinator made of it. */
  | { readonly type: "toAgent"; readonly member: number; readonly message: CoordinatorMessage }
  | { readonly type: "fromAgent"; readonly member: number; readonly message: AgentMessage }
  | {
      readonly type: "sealed";
      readonly member: number;
      readonly attempt: number;
      readonly masks: readonly Mask[];
    }
  | { readonly type: "coordinator"; readonly event: RunEvent | LiveEvent }
  | { readonly type: "report"; readonly member: number; readonly event: MemberEvent };

export interface Watched {
  readonly seed: string;
  readonly sum: SumParams;
  readonly dimension: number;
  readonly ringBits: RingBits;
  /** Members who lie: nothing is promised about what leaves them. */
  readonly liars: ReadonlySet<number>;
  readonly coordinatorLies: boolean;
  readonly ledgerEntries: (member: number, attempt: number) => number;
}

/** @returns What is wrong, or null. Keeps what it needs to remember to itself. */
export type Checker = (observed: Observed) => string | null;

export interface Violation {
  readonly checker: string;
  readonly text: string;
}

const CHECKERS = {
  sums: checkSums,
  shares: checkShares,
  openings: checkOpenings,
  ledger: checkLedger,
  keys: checkKeys,
  blame: checkBlame,
} as const;

/** All checkers over one run. */
export function watch(watched: Watched): (observed: Observed) => Violation[] {
  const checkers = Object.entries(CHECKERS).map(([name, make]) => [name, make(watched)] as const);
  return (observed) =>
    checkers.flatMap(([checker, check]) => {
      const text = check(observed);
      return text === null ? [] : [{ checker, text }];
    });
}
