/**
 * What one agent may do with a ledger: debit one population under one charter. Every budget that binds
 * the population must allow a release: all charters' admitted so far, or the last renewal's and those
 * since, and the member's lifetime budget. Pure, but for the ledger that it is given.
 */
import { type Partition, payersOf } from "../../models/tasks/privacy-events.ts";
import { assert } from "../../shared/base/assert.ts";
import { badInput } from "../../shared/base/errors.ts";
import type { OwnAmendment } from "../../shared/charter/amendment.ts";
import { epsilonSpent, mayRelease, type Ruling } from "../../shared/privacy/accounting/budget.ts";
import type { ComposedDpEvent, DpEvent } from "../../shared/privacy/accounting/events.ts";
import { composedEvent, type Spending } from "../../shared/privacy/accounting/spending.ts";
import { checkedAmendment } from "./amended.ts";
import {
  type Book,
  type Policy,
  type Population,
  type Splits,
  spentAtMost,
  spentOnSide,
  splitName,
} from "./book.ts";
import { damaged } from "./damage.ts";
import type { Budget, DebitEntry, Split } from "./entry.ts";
import type { Ledger, NewEntry } from "./ledger.ts";
import { mergeSketches, type Sketch, sharedUnits, sketchText } from "./sketch.ts";

/** Under which rules, and on which data, an agent works. */
export interface Terms {
  readonly population: string;
  /** The charter's unit column; null: each row is a unit. */
  readonly unit: string | null;
  /** Of the units in the data file; empty where rows are units. */
  readonly sketch: Sketch;
  readonly charterHash: string;
  /** By which it became the charter in force, in order, as this member signed them. Left out: by none. */
  readonly amendments?: readonly OwnAmendment[];
  readonly budget: Budget | null;
  readonly split: Split;
  /** The coordinator's key: who asks. */
  readonly requester: string;
}

export type Debit = Pick<
  DebitEntry,
  "runId" | "round" | "attempt" | "askKind" | "partition" | "event" | "parameters"
>;

/** Attempts of one run that were answered. */
export interface Answers {
  readonly runId: string;
  readonly attempts: readonly number[];
}

/** What one of the budgets that bind a population says to a release. */
export interface BudgetRuling {
  readonly budget: Budget;
  readonly ruling: Ruling;
}

export type DebitOutcome = "debited" | "alreadyAnswered" | "budgetSpent" | "noBudget";

/**
 * Would these terms be admitted? A population has one unit, and a unit one population.
 *
 * @throws {CloisterError} `ledger.other-unit`, `ledger.shared-units`: what to declare instead.
 */
export function checkTerms(book: Book, { population: name, unit, sketch }: Terms): void {
  const own = book.populations.get(name);
  if (own && own.unit !== unit) {
    const units = `is accounted for per ${unitText(own.unit)}, and the charter's unit is ${unitText(unit)}`;
    const why = "what is released per one does not bound what is lost per the other";
    const remedy = "use a charter with that unit, or other data under another --population";
    throw badInput("ledger.other-unit", `population "${name}" ${units}: ${why}; ${remedy}`);
  }
  for (const other of book.populations.values()) {
    const shared = other.name === name ? 0 : sharedUnits(other.sketch, sketch);
    if (shared === 0) continue;
    const seen = `the data file shares units with the population "${other.name}" (${shared} seen in a sample)`;
    const remedy = `start with --population "${other.name}"; if they are other people, make their ids differ`;
    throw badInput("ledger.shared-units", `${seen}, so its budget must pay; ${remedy}`);
  }
}

const unitText = (unit: string | null): string => (unit === null ? "row" : `"${unit}"`);

/** Records what is new about the terms, and gives the account. @throws {CloisterError} As `checkTerms`. */
export function openAccount(ledger: Ledger, terms: Terms): Account {
  ledger.write((book) => {
    checkTerms(book, terms);
    const { population, unit, sketch, charterHash, budget, split } = terms;
    const known = book.populations.get(population);
    const merged = mergeSketches(known?.sketch ?? [], sketch);
    const entries: NewEntry[] = known ? amendedEntries(known, terms) : [];
    if (!known || sketchText(merged) !== sketchText(known.sketch))
      entries.push({ kind: "population", population, unit, sketch: sketchText(merged) });
    if (known?.policies.get(charterHash)?.split !== splitName(split))
      entries.push({ kind: "policy", population, charterHash, budget, split });
    return entries;
  });
  return new Account(ledger, terms);
}

/** Of amendments that the population has not heard of, where it was used under the charter of before. */
function amendedEntries(
  { name, policies, amendments }: Population,
  { amendments: signed = [] }: Terms,
): NewEntry[] {
  const known = new Set(policies.keys());
  return signed.flatMap((one): NewEntry[] => {
    const { previous, charterHash } = checkedAmendment(one);
    if (!known.has(previous) || amendments.has(charterHash)) return [];
    known.add(charterHash);
    return [{ kind: "amended", population: name, signed: one }];
  });
}

export class Account {
  readonly #ledger: Ledger;
  readonly #terms: Terms;

  constructor(ledger: Ledger, terms: Terms) {
    this.#ledger = ledger;
    this.#terms = terms;
  }

  /** Durable when it returns `debited`. Everything else means: nothing may leave. */
  debit(debit: Debit): DebitOutcome {
    let outcome: DebitOutcome = "debited";
    this.#ledger.write((book) => {
      outcome = this.#ruling(book, debit);
      if (outcome !== "debited") return [];
      const { population, unit, charterHash, requester } = this.#terms;
      return [{ kind: "debit", population, unit, charterHash, requester, ...debit }];
    });
    return outcome;
  }

  #ruling(book: Book, { runId, attempt, event, partition }: Debit): DebitOutcome {
    if (book.runs.get(runId)?.attempts.has(attempt)) return "alreadyAnswered";
    if (!event) return "debited";
    if (!this.#terms.budget) return "noBudget";
    const rulings = payersOf(partition).flatMap((side) =>
      this.#rulings(book, { event, partition: side }),
    );
    return rulings.every(({ ruling }) => ruling.allowed) ? "debited" : "budgetSpent";
  }

  /**
   * Would the whole of a run fit, beside all that other runs have spent? What the run itself has paid
   * already is part of `event`: an agent that comes back in the middle of a run is not charged twice.
   */
  fits(partition: Partition, runId: string, event: DpEvent): boolean {
    const rulings = this.prospect(partition, runId, event);
    return this.#terms.budget !== null && rulings.every(({ ruling }) => ruling.allowed);
  }

  /** What each budget says to the whole of a run: see `fits`. */
  prospect(partition: Partition, runId: string, event: DpEvent): BudgetRuling[] {
    this.#ledger.refresh();
    const { book } = this.#ledger;
    const run = book.runs.get(runId);
    // What another agent of this member has paid for another population is not this one's.
    const paid = run?.population === this.#terms.population ? run.spent : undefined;
    return this.#rulings(book, { event, partition }, paid);
  }

  #rulings(
    { lifetime }: Book,
    { event, partition }: { event: DpEvent; partition: Partition },
    without?: Splits,
  ): BudgetRuling[] {
    const { population, policy } = this.#own();
    const side = { split: policy.split, partition };
    const rulingOf = (splits: Splits, budget: Budget): Ruling =>
      mayRelease(spentOnSide(splits, side, budget.rdpOrder, without), event, budget);
    const { binding, period } = population;
    const rulings = binding.map(({ budget }) => ({ budget, ruling: rulingOf(period, budget) }));
    if (lifetime === null) return rulings;
    return [...rulings, { budget: lifetime, ruling: rulingOf(population.lifetime, lifetime) }];
  }

  /**
   * Others keep what left here: a debit that they know of was in this ledger.
   *
   * @throws {CloisterError} `ledger.damaged` If one is not: an older ledger was put in its place.
   */
  requireAnswers(answers: readonly Answers[]): void {
    this.#ledger.refresh();
    const { runs } = this.#ledger.book;
    for (const { runId, attempts } of answers) {
      const missing = attempts.find((attempt) => !runs.get(runId)?.attempts.has(attempt));
      if (missing === undefined) continue;
      const what = `by the room's history this member answered attempt ${missing} of run ${runId.slice(0, 12)}`;
      throw damaged(
        this.#ledger.path,
        `${what}, which is not in it: an older one was put in place`,
      );
    }
  }

  /** The highest attempt of a run that was answered; −1 if none was. */
  lastAttempt(runId: string): number {
    this.#ledger.refresh();
    let last = -1;
    for (const attempt of this.#ledger.book.runs.get(runId)?.attempts ?? [])
      last = Math.max(last, attempt);
    return last;
  }

  /** The last round of a run that was answered; −1 if none was. */
  lastRound(runId: string): number {
    this.#ledger.refresh();
    return this.#ledger.book.runs.get(runId)?.lastRound ?? -1;
  }

  /** How often an ask of this kind was answered in a run, as far as this process has seen. */
  answers(runId: string, askKind: string): number {
    return this.#ledger.book.runs.get(runId)?.byKind.get(askKind) ?? 0;
  }

  /** ε spent so far per privacy unit, at the charter's δ and order; null without a budget. */
  epsilonSpent(): number | null {
    const { budget } = this.#terms;
    if (!budget) return null;
    const { period } = this.#own().population;
    return epsilonSpent(spentAtMost(period, budget.rdpOrder).rdp, budget);
  }

  /** For an odometer: all that the units of one partition have lost, ever. @see lifetimeEvents */
  spentEvents(partition: Partition): ComposedDpEvent {
    const { population, policy } = this.#own();
    return lifetimeEvents(population, policy.split, partition);
  }

  #own(): { population: Population; policy: Policy } {
    const population = this.#ledger.book.populations.get(this.#terms.population);
    const policy = population?.policies.get(this.#terms.charterHash);
    assert(population !== undefined && policy !== undefined, "an account is opened before its use");
    return { population, policy };
  }
}

/**
 * Equal events together. Of other divisions of the units both sides count: a unit is on either one, and
 * which is dearer may depend on the accountant.
 */
export function lifetimeEvents(
  population: Population,
  split: string,
  partition: Partition,
): ComposedDpEvent {
  const spendings: Spending[] = [];
  for (const [name, sides] of population.lifetime) {
    if (name === split) spendings.push(sides[partition]);
    else spendings.push(sides.train, sides.holdout);
  }
  return composedEvent(...spendings);
}
