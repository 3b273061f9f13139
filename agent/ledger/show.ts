/** EDGE: a ledger's summary as lines for a terminal; a time is shown as a date. */
import { counted } from "../../shared/base/counted.ts";
import { rdpLimit } from "../../shared/privacy/accounting/budget.ts";
import type { BudgetUse, LedgerSummary, PopulationUse, RunUse } from "./summary.ts";

const BAR_WIDTH = 20;

export function summaryLines({ head, governance, populations }: LedgerSummary): string[] {
  const renewable = governance
    ? `renewed by ${governance.threshold} of ${governance.keys.length} keys`
    : "no renewal: made without governance keys";
  return [
    `${counted(head.sequence, "entry", "entries")}, the last ${head.hash.slice(0, 16)}…; ${renewable}`,
    ...populations.flatMap(populationLines),
  ];
}

function populationLines(use: PopulationUse): string[] {
  const { population, unit, budgets, lifetime, odometer, lifetimeLimited, renewals, runs } = use;
  const title = `${population}, per ${unit === null ? "row" : `"${unit}"`}`;
  const ever = lifetimeLimited ? "lifetime" : "ever spent";
  const times = counted(renewals, "renewal");
  return [
    "",
    renewals === 0 ? title : `${title}, ${times}`,
    ...budgets.map((budget) => budgetLine("budget", budget)),
    ...(lifetime ? [budgetLine(ever, lifetime)] : ["  no budget: nothing noised is released"]),
    ...(odometer === null
      ? []
      : [
          `  ${"odometer".padEnd(10)} ε ${odometer.toFixed(3)} by privacy loss distributions, had all runs been fixed in advance`,
        ]),
    ...withoutGuarantee(runs),
    ...runs.map(runLine),
  ];
}

function budgetLine(name: string, use: BudgetUse): string {
  const { epsilon, delta, rdpOrder, epsilonSpent: spent, share } = use;
  const full = Math.round(BAR_WIDTH * share);
  const bar = "█".repeat(full) + "░".repeat(BAR_WIDTH - full);
  const limit = `ε ${spent.toFixed(3)} of ${epsilon} at δ ${delta}, order ${rdpOrder}`;
  const none = rdpLimit(use) > 0 ? "" : " (this order allows nothing)";
  return `  ${name.padEnd(10)} ${bar} ${percent(share)}  ${limit}${none}`;
}

function withoutGuarantee(runs: readonly RunUse[]): string[] {
  const count = runs.reduce((sum, { unnoised }) => sum + unnoised, 0);
  return count === 0
    ? []
    : [`  ${"besides".padEnd(10)} ${counted(count, "answer")} without noise: no ε speaks of them`];
}

function runLine({ runId, firstMs, answers, share }: RunUse): string {
  const counts = Object.entries(answers).map(([kind, count]) => `${count} ${kind}`);
  const cost = share === null ? "" : `  ${percent(share)} of the budget`;
  return `  run ${runId.slice(0, 12)}  ${utcMinute(firstMs)}  ${counts.join(", ")}${cost}`;
}

const percent = (share: number): string => `${(100 * share).toFixed(1).padStart(5)} %`;

const utcMinute = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace("T", " ");
