/**
 * What a room's runs have spent of its charter's budget, as the coordinator's logs have it. Members' ledgers have the
 * last word: one may count other rooms too, and refuse what this allows. Pure.
 */
import { PARTITIONS, type Partition, releasesOf } from "../models/tasks/privacy-events.ts";
import type { Charter } from "../shared/charter/charter.ts";
import type { Manifest } from "../shared/charter/manifest.ts";
import {
  isTailWithin,
  type Loss,
  type RenyiBudget,
  rdpLimit,
  shareSpent,
} from "../shared/privacy/accounting/budget.ts";
import { rdpOfEvent, tailOfEvent } from "../shared/privacy/accounting/rdp.ts";
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
  const asked = lossByPartition(charter, manifest, budget);
  const shares = PARTITIONS.filter((partition) => asked[partition].rdp > 0).map((partition) => {
    const after = both(before[partition], asked[partition]);
    return {
      before: shareSpent(before[partition], budget),
      after: shareSpent(after, budget),
      fits: isWithin(after, budget),
    };
  });
  const nearest = shares.reduce((a, b) => (b.after > a.after ? b : a), NOTHING);
  return { ...nearest, fits: shares.every(({ fits }) => fits) };
}

const NOTHING: BudgetShares = { before: 0, after: 0, fits: true };

/** A run that is planned to take all of the budget fits, whatever rounding there was. */
const isWithin = ({ rdp, tail }: Loss, budget: RenyiBudget): boolean =>
  rdp <= rdpLimit(budget) * (1 + ROUNDING) && isTailWithin(tail, budget);
const ROUNDING = 1e-9;

const none = (): Record<Partition, Loss> => ({
  train: { rdp: 0, tail: 0 },
  holdout: { rdp: 0, tail: 0 },
});
const both = (a: Loss, b: Loss): Loss => ({ rdp: a.rdp + b.rdp, tail: a.tail + b.tail });

/** A run under way is taken to spend all that it plans; one that is only proposed, nothing. */
function spentBy(runs: readonly LoggedRun[], budget: RenyiBudget): Record<Partition, Loss> {
  const spent = none();
  for (const { manifest, charter, status, events } of runs) {
    if (status === "proposed" || status === "refused") continue;
    const counts = status === "running" ? undefined : answersOf(events, manifest.task.kind);
    const own = lossByPartition(charter, manifest, budget, counts);
    for (const partition of PARTITIONS) spent[partition] = both(spent[partition], own[partition]);
  }
  return spent;
}

function lossByPartition(
  charter: Charter,
  manifest: Manifest,
  { rdpOrder }: RenyiBudget,
  counts?: ReturnType<typeof answersOf>,
): Record<Partition, Loss> {
  const loss = none();
  for (const { partition, event, count } of releasesOf(charter, manifest, counts)) {
    const own = { rdp: count * rdpOfEvent(event, rdpOrder), tail: count * tailOfEvent(event) };
    loss[partition] = both(loss[partition], own);
  }
  return loss;
}
