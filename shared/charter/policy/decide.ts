/**
 * May this run be? The one decision, as a pure function of signed facts: the agent asks it with all that it knows and
 * is the authority, the coordinator asks it early and without a member's facts, `cloister manifest check` offline.
 * Every rule is asked, and every reason told at once. Pure.
 */
import { approvalReasons } from "./approvals.ts";
import {
  confirmationReasons,
  coordinatorReasons,
  hourReasons,
  overReasons,
  ownSeatReasons,
  roomReasons,
  rosterReasons,
  timeReasons,
} from "./binding.ts";
import type { PolicyFacts, Reason } from "./facts.ts";
import { localDatasetReasons, localReasons, ownWordReasons } from "./local.ts";
import {
  columnReasons,
  datasetReasons,
  ledgerReasons,
  privacyReasons,
  purposeReasons,
  receiverReasons,
  taskReasons,
} from "./terms.ts";

export interface Ruling {
  readonly rule: string;
  /** `unknown`: whoever asks lacks the facts. Nothing is allowed on account of that; the agent has them all. */
  readonly verdict: "passes" | "refuses" | "unknown";
  readonly reasons: readonly Reason[];
}

/** Null: it cannot tell. */
type Rule = readonly [name: string, check: (facts: PolicyFacts) => readonly Reason[] | null];

const RULES: readonly Rule[] = [
  ["the run belongs to this room and its charter", roomReasons],
  ["the coordinator is the pinned one", (f) => f.agent && coordinatorReasons(f, f.agent)],
  ["every member signed the charter with its key", rosterReasons],
  [
    "the members' keys are those confirmed, if any are",
    (f) => f.agent && confirmationReasons(f, f.agent),
  ],
  ["this agent is in the roster with its own key", (f) => f.agent && ownSeatReasons(f, f.agent)],
  ["it is neither too early nor too late", timeReasons],
  ["it is not over already", (f) => f.agent && overReasons(f.agent)],
  ["the charter allows the task and its size", taskReasons],
  ["the columns may be used so", columnReasons],
  ["the purpose is one of the charter's", purposeReasons],
  ["results go to whom the charter names", receiverReasons],
  ["the noise is what the charter asks", privacyReasons],
  ["the members that must sign did", (f) => f.decisions && approvalReasons(f, f.decisions)],
  ["the data are enough, and not too much", (f) => f.dataset && datasetReasons(f, f.dataset)],
  ["the ledger can pay to the end", (f) => f.ledger && ledgerReasons(f, f.ledger)],
  [
    "the member's own rules allow it",
    (f) => {
      const policy = f.agent?.policy ?? f.policy;
      return policy ? localReasons(f, policy) : null;
    },
  ],
  [
    "the member's own rules for its data",
    (f) => f.agent && f.dataset && localDatasetReasons(f.dataset, f.agent),
  ],
  ["it is an hour at which runs begin", (f) => f.decisions && hourReasons(f)],
  [
    "the member itself has nothing against it now",
    (f) => f.agent && f.decisions && ownWordReasons(f, f.agent),
  ],
];

export function rulings(facts: PolicyFacts): Ruling[] {
  return RULES.map(([rule, check]) => {
    const reasons = check(facts);
    if (reasons === null) return { rule, verdict: "unknown", reasons: [] };
    return { rule, verdict: reasons.length === 0 ? "passes" : "refuses", reasons };
  });
}

/** @returns Every reason to refuse; empty: allow. */
export function decide(facts: PolicyFacts): Reason[] {
  return rulings(facts).flatMap(({ reasons }) => reasons);
}
