/**
 * What a room's runs have spent of its charter's budget, as the coordinator's logs have it. Members' ledgers have the
 * last word: one may count other rooms too, and refuse what this allows. Pure.
 */
import { PARTITIONS, type Partition, releasesOf } from "../models/tasks/privacy-events.ts";
import type { Charter } from "../shared/charter/charter.ts";
import type { Manifest } from "../shared/charter/manifest.ts";
import { type RenyiBudget, rdpLimit, shareSpent } from "../shared/privacy/accounting/budget.ts";
import { rdpOfEvent } from "../shared/privacy/accounting/rdp.ts";
import type { RunEvent, RunSummary } from "./run-events.ts";
import { answersOf } from "./statement.ts";

export interface LoggedRun extends Pick<RunSummary, "manifest" | "status"> {
  /** The run's own: an earlier one may have divided and described the data otherwise. */
  readonly charter: Charter;
  readonly events: readonly RunEvent[];
}

export interface BudgetShares {
  /** Of the budget, 0 … 1: gone before, and after the run, of the partition that is nearest to its end. */
  readonly before: number;
  readonly after: number;
  /** False: it takes more than is left, and members decline it. */
  readonly fits: boolean;
}

/** @returns Null where the run, or the charter, has no budget to spend. */
export function budgetShares(
  charter: Charter,
  manifest: Manifest,
  runs: readonly LoggedRun[],
): BudgetShares | null {
  const { budget } = charter.privacy;
  if (!budget || !manifest.privacy) return null;
  const before = spentBy(runs, budget);
  const asked = rdpByPartition(charter, manifest, budget);
  const shares = PARTITIONS.filter((partition) => asked[partition] > 0).map((partition) => ({
    before: shareSpent(before[partition], budget),
    after: shareSpent(before[partition] + asked[partition], budget),
    fits: isWithin(before[partition] + asked[partition], budget),
  }));
  const nearest = shares.reduce((a, b) => (b.after > a.after ? b : a), NOTHING);
  return { ...nearest, fits: shares.every(({ fits }) => fits) };
}

const NOTHING: BudgetShares = { before: 0, after: 0, fits: true };

/** A run that is planned to take all of the budget fits, whatever rounding there was. */
const isWithin = (rdp: number, budget: RenyiBudget): boolean =>
  rdp <= rdpLimit(budget) * (1 + ROUNDING);
const ROUNDING = 1e-9;

/** A run under way is taken to spend all that it plans; one that is only proposed, nothing. */
function spentBy(runs: readonly LoggedRun[], budget: RenyiBudget): Record<Partition, number> {
  const spent = { train: 0, holdout: 0 };
  for (const { manifest, charter, status, events } of runs) {
    if (status === "proposed" || status === "refused") continue;
    const counts = status === "running" ? undefined : answersOf(events);
    const own = rdpByPartition(charter, manifest, budget, counts);
    for (const partition of PARTITIONS) spent[partition] += own[partition];
  }
  return spent;
}

function rdpByPartition(
  charter: Charter,
  manifest: Manifest,
  { rdpOrder }: RenyiBudget,
  counts?: ReturnType<typeof answersOf>,
): Record<Partition, number> {
  const rdp = { train: 0, holdout: 0 };
  for (const { partition, event, count } of releasesOf(charter, manifest, counts))
    rdp[partition] += count * rdpOfEvent(event, rdpOrder);
  return rdp;
}
