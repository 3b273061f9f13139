/** What a person is shown of a ledger. Pure. */
import { PARTITIONS } from "../../models/tasks/privacy-events.ts";
import { CloisterError } from "../../shared/base/errors.ts";
import { epsilonSpent, shareSpent } from "../../shared/privacy/accounting/budget.ts";
import { pldAccountant } from "../../shared/privacy/accounting/pld/accountant.ts";
import { lifetimeEvents } from "./account.ts";
import { type Book, type Population, type RunAnswers, type Splits, spentAtMost } from "./book.ts";
import type { Budget, Governance, Head } from "./entry.ts";

export interface BudgetUse extends Budget {
  /** ε at the budget's δ and order. */
  readonly epsilonSpent: number;
  /** Which part of what the filter allows is gone, 0 … 1. */
  readonly share: number;
}

export interface RunUse {
  readonly runId: string;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Answers by kind of ask. */
  readonly answers: Readonly<Record<string, number>>;
  /** Those of them that carried no guarantee: no ε speaks of them. */
  readonly unnoised: number;
  /** Of the first budget. */
  readonly share: number | null;
}

export interface PopulationUse {
  readonly population: string;
  readonly unit: string | null;
  readonly charters: number;
  readonly renewals: number;
  /** Each must hold; what counts is spent since the last renewal that began anew. */
  readonly budgets: readonly BudgetUse[];
  /** Everything ever spent, at the δ and order of the member's own limit, or else of the first budget. */
  readonly lifetime: BudgetUse | null;
  /**
   * ε of everything ever spent by privacy loss distributions, at `lifetime`'s δ: informs, never enforces,
   * for it holds only where no run was chosen in the light of another's results. Null: not countable so.
   */
  readonly odometer: number | null;
  /** Whether `lifetime` is a limit that the member has set. */
  readonly lifetimeLimited: boolean;
  readonly runs: readonly RunUse[];
}

export interface LedgerSummary {
  readonly ledgerId: string;
  readonly head: Head;
  readonly governance: Governance | null;
  readonly populations: readonly PopulationUse[];
}

export function summaryOf(book: Book): LedgerSummary {
  return {
    ledgerId: book.id,
    head: book.head,
    governance: book.governance,
    populations: [...book.populations.values()].map((population) => useOf(book, population)),
  };
}

function useOf(book: Book, population: Population): PopulationUse {
  const { name, unit, binding, period, lifetime, policies, renewals } = population;
  const first = binding[0]?.budget;
  const limit = book.lifetime ?? first;
  const runs = [...book.runs].filter(([, run]) => run.population === name);
  return {
    population: name,
    unit,
    charters: policies.size,
    renewals,
    budgets: binding.map(({ budget }) => budgetUse(budget, period)),
    lifetime: limit ? budgetUse(limit, lifetime) : null,
    odometer: limit ? odometer(population, limit.delta) : null,
    lifetimeLimited: book.lifetime !== null,
    runs: runs.map(([runId, run]) => runUse(runId, run, first)),
  };
}

function odometer(population: Population, delta: number): number | null {
  const splits = new Set([...population.policies.values()].map(({ split }) => split));
  const sides = [...splits].flatMap((split) =>
    PARTITIONS.map((partition) => lifetimeEvents(population, split, partition)),
  );
  try {
    return Math.max(0, ...sides.map((spent) => pldAccountant().compose(spent).getEpsilon(delta)));
  } catch (error) {
    if (error instanceof CloisterError && error.code === "privacy.event-not-counted") return null;
    throw error;
  }
}

function budgetUse(budget: Budget, spent: Splits): BudgetUse {
  const loss = spentAtMost(spent, budget.rdpOrder);
  return {
    ...budget,
    epsilonSpent: epsilonSpent(loss.rdp, budget),
    share: shareSpent(loss, budget),
  };
}

function runUse(runId: string, run: RunAnswers, budget: Budget | undefined): RunUse {
  const { firstMs, lastMs, byKind, unnoised, spent } = run;
  const share = budget ? shareSpent(spentAtMost(spent, budget.rdpOrder), budget) : null;
  return { runId, firstMs, lastMs, answers: Object.fromEntries(byKind), unnoised, share };
}
