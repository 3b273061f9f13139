/**
 * What a ledger's entries add up to: a fold over them. Pure; the book is changed in place, by `record` only.
 *
 * Invariant: the same entries always give the same book, whoever reads them.
 */
import { type Partition, payersOf } from "../../models/tasks/privacy-events.ts";
import { assert, unreachable } from "../../shared/base/assert.ts";
import type { OwnAmendment } from "../../shared/charter/amendment.ts";
import type { Loss } from "../../shared/privacy/accounting/budget.ts";
import {
  addEventInPlace,
  rdpSpent,
  type Spending,
  tailSpent,
} from "../../shared/privacy/accounting/spending.ts";
import { checkedAmendment } from "./amended.ts";
import {
  type Budget,
  type DebitEntry,
  EMPTY,
  type Entry,
  type Governance,
  type Head,
  type Split,
} from "./entry.ts";
import { checkRenewal } from "./renewal.ts";
import { mergeSketches, type Sketch, sketchOf } from "./sketch.ts";

/** The two sides of one division of the units. A unit is on one of them. */
type Sides = Readonly<Record<Partition, Spending>>;
/** By the division's name. A unit is on one side of each, no matter which. */
export type Splits = Map<string, Sides>;

export interface Policy {
  readonly budget: Budget | null;
  readonly split: string;
}

/** A budget, and whose: a charter's, by its hash; null: a renewal's. */
export interface Bound {
  readonly budget: Budget;
  readonly charterHash: string | null;
}

export interface Population {
  readonly name: string;
  readonly unit: string | null;
  sketch: Sketch;
  /** By charter's hash. */
  readonly policies: Map<string, Policy>;
  /** Hashes of charters that amendments brought. */
  readonly amendments: Set<string>;
  /** Each must hold for every release: those of the charters, or of the last renewal and charters since. */
  binding: Bound[];
  /** What counts against `binding`. */
  period: Splits;
  /** Everything that was ever spent. */
  readonly lifetime: Splits;
  renewals: number;
}

export interface RunAnswers {
  readonly population: string;
  readonly firstMs: number;
  lastMs: number;
  /** The last that was answered. */
  lastRound: number;
  readonly attempts: Set<number>;
  readonly byKind: Map<string, number>;
  /** Answers without a privacy guarantee. */
  unnoised: number;
  readonly spent: Splits;
}

export interface Book {
  head: Head;
  /** The first entry's hash: the ledger's name. */
  id: string;
  governance: Governance | null;
  lifetime: Budget | null;
  readonly populations: Map<string, Population>;
  readonly runs: Map<string, RunAnswers>;
}

export function emptyBook(): Book {
  return {
    head: EMPTY,
    id: "",
    governance: null,
    lifetime: null,
    populations: new Map(),
    runs: new Map(),
  };
}

/** Takes up an entry whose place in the chain is proven. @throws {CloisterError} For an unlawful renewal. */
export function record(book: Book, entry: Entry, head: Head): void {
  assert((entry.kind === "created") === (entry.sequence === 1), "a ledger begins once");
  switch (entry.kind) {
    case "created":
      book.id = head.hash;
      book.governance = entry.governance;
      book.lifetime = entry.lifetime;
      break;
    case "population":
      recordPopulation(book, entry);
      break;
    case "policy":
      recordPolicy(populationOf(book, entry.population), entry);
      break;
    case "debit":
      recordDebit(book, entry);
      break;
    case "renewed": {
      const { renewal } = entry.signed;
      checkRenewal(entry.signed, book.governance, book.head);
      recordRenewal(populationOf(book, renewal.population), renewal);
      break;
    }
    case "amended":
      recordAmendment(populationOf(book, entry.population), entry.signed, book.governance);
      break;
    default:
      unreachable(entry);
  }
  book.head = head;
}

function populationOf(book: Book, name: string): Population {
  const population = book.populations.get(name);
  assert(population !== undefined, "an entry names a population before it is there");
  return population;
}

function recordPopulation(book: Book, entry: Extract<Entry, { kind: "population" }>): void {
  const { population: name, unit } = entry;
  const sketch = sketchOf(entry.sketch);
  const known = book.populations.get(name);
  if (known) {
    known.sketch = mergeSketches(known.sketch, sketch);
    return;
  }
  const spent = { period: new Map(), lifetime: new Map() };
  const rules = { policies: new Map(), amendments: new Set<string>(), binding: [], renewals: 0 };
  book.populations.set(name, { name, unit, sketch, ...rules, ...spent });
}

function recordPolicy(
  population: Population,
  { charterHash, budget, split }: Extract<Entry, { kind: "policy" }>,
): void {
  // A charter comes again where its units are divided anew, or is an amended one; its budget binds already.
  const isBound = population.binding.some((bound) => bound.charterHash === charterHash);
  if (budget && !isBound && !population.policies.has(charterHash))
    population.binding.push({ budget, charterHash });
  population.policies.set(charterHash, { budget, split: splitName(split) });
}

function recordDebit(book: Book, entry: DebitEntry): void {
  const population = populationOf(book, entry.population);
  const policy = population.policies.get(entry.charterHash);
  assert(policy !== undefined, "a debit names a charter before it is there");
  const run = book.runs.get(entry.runId) ?? {
    population: entry.population,
    firstMs: entry.atMs,
    lastMs: entry.atMs,
    lastRound: -1,
    attempts: new Set(),
    byKind: new Map(),
    unnoised: 0,
    spent: new Map(),
  };
  book.runs.set(entry.runId, run);
  run.lastMs = entry.atMs;
  // No round has a higher number than its attempts: where it is not known, that errs on the side of having answered.
  run.lastRound = Math.max(run.lastRound, entry.round ?? entry.attempt);
  run.attempts.add(entry.attempt);
  run.byKind.set(entry.askKind, (run.byKind.get(entry.askKind) ?? 0) + 1);
  if (!entry.event) {
    run.unnoised += 1;
    return;
  }
  const all = [run.spent, population.period, population.lifetime];
  const sides = all.flatMap((splits) =>
    payersOf(entry.partition).map((side) => sidesOf(splits, policy.split)[side]),
  );
  addEventInPlace(sides, entry.event);
}

function recordRenewal(
  population: Population,
  { budget, counts }: { budget: Budget; counts: "everything" | "fromHere" },
): void {
  population.binding = [{ budget, charterHash: null }];
  population.period = counts === "fromHere" ? new Map() : copyOf(population.lifetime);
  population.renewals += 1;
}

/**
 * The new charter's budget takes the old one's place. A ledger that has governance lets nobody else loosen what binds:
 * there the old budget goes on binding beside the new one, until a renewal. Without a new budget the old one stays.
 */
function recordAmendment(
  population: Population,
  signed: OwnAmendment,
  governance: Governance | null,
): void {
  const { previous, charterHash, budget } = checkedAmendment(signed);
  const { binding } = population;
  population.amendments.add(charterHash);
  if (budget && !binding.some((bound) => bound.charterHash === charterHash))
    binding.push({ budget, charterHash });
  if (governance) return;
  population.binding = budget
    ? binding.filter((bound) => bound.charterHash !== previous)
    : binding.map((bound) => (bound.charterHash === previous ? { ...bound, charterHash } : bound));
}

/** Units divided in the same way: those of one file alone where rows are units. */
export const splitName = ({ fraction, salt, file }: Split): string =>
  [fraction, salt, ...(file ? [file] : [])].join("/");

function sidesOf(splits: Splits, split: string): Sides {
  const known = splits.get(split);
  if (known) return known;
  const sides = { train: new Map(), holdout: new Map() };
  splits.set(split, sides);
  return sides;
}

function copyOf(splits: Splits): Splits {
  const copy: Splits = new Map();
  for (const [split, sides] of splits) {
    copy.set(split, { train: copyOfSide(sides.train), holdout: copyOfSide(sides.holdout) });
  }
  return copy;
}

function copyOfSide(side: Spending): Spending {
  return new Map([...side].map(([key, counted]) => [key, { ...counted }]));
}

/**
 * What the units on one side of `split` have lost at most: on the other divisions a unit may be on
 * either side, so the dearer one counts. Divergence at `order`.
 */
export function spentOnSide(
  splits: Splits,
  { split, partition }: { split: string; partition: Partition },
  order: number,
  without?: Splits,
): Loss {
  const losses = [...splits].map(([name, sides]) => {
    const left = without?.get(name);
    const train = lossOf(sides.train, order, left?.train);
    const holdout = lossOf(sides.holdout, order, left?.holdout);
    if (name !== split) return dearer(train, holdout);
    return partition === "train" ? train : holdout;
  });
  return total(losses);
}

/** What the unit that lost most has lost at most. */
export function spentAtMost(splits: Splits, order: number): Loss {
  return total(
    [...splits.values()].map(({ train, holdout }) =>
      dearer(lossOf(train, order), lossOf(holdout, order)),
    ),
  );
}

function lossOf(side: Spending, order: number, without?: Spending): Loss {
  return { rdp: rdpSpent(side, order, without), tail: tailSpent(side, without) };
}

const dearer = (a: Loss, b: Loss): Loss => ({
  rdp: Math.max(a.rdp, b.rdp),
  tail: Math.max(a.tail, b.tail),
});

const total = (losses: readonly Loss[]): Loss => ({
  rdp: losses.reduce((sum, { rdp }) => sum + rdp, 0),
  tail: losses.reduce((sum, { tail }) => sum + tail, 0),
});
