/** What a run would cost each partition of the member's units, by every budget that binds them. Pure; nothing is debited. */
import { PARTITIONS, type Partition, releasesOf } from "../../models/tasks/privacy-events.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import { epsilonSpent, shareSpent } from "../../shared/privacy/accounting/budget.ts";
import type { Account, BudgetRuling } from "../ledger/account.ts";

export interface PartitionCost {
  readonly partition: Partition;
  /** Noised answers that the run plans. */
  readonly answers: number;
  readonly budgets: readonly BudgetCost[];
}

/** ε at the budget's δ and order. ε of parts do not add up to the whole's. */
interface BudgetCost {
  readonly epsilon: number;
  readonly delta: number;
  readonly rdpOrder: number;
  readonly fits: boolean;
  /** The run by itself. */
  readonly runEpsilon: number;
  /** Of all before it. */
  readonly spentBefore: number;
  readonly spentAfter: number;
  /** Which part of what the budget allows is left afterwards, 0 … 1. */
  readonly shareLeft: number;
}

/** Of both partitions; without noise there is nothing to pay, and no ε speaks of it. */
export function costsOf(
  charter: Charter,
  manifest: Manifest,
  runId: string,
  account: Account,
): PartitionCost[] {
  const releases = releasesOf(charter, manifest);
  return PARTITIONS.flatMap((partition) => {
    const release = releases.find((one) => one.partition === partition);
    if (!release) return [];
    const { event, count } = release;
    const composed = { kind: "selfComposed", event, count } as const;
    const budgets = account.prospect(partition, runId, composed).map(costOf);
    return [{ partition, answers: count, budgets }];
  });
}

function costOf({ budget, ruling }: BudgetRuling): BudgetCost {
  const { rdp, spentBefore, spentAfter, tailAfter, allowed } = ruling;
  return {
    ...budget,
    fits: allowed,
    runEpsilon: epsilonSpent(rdp, budget),
    spentBefore: epsilonSpent(spentBefore, budget),
    spentAfter: epsilonSpent(spentAfter, budget),
    shareLeft: 1 - shareSpent({ rdp: spentAfter, tail: tailAfter }, budget),
  };
}
