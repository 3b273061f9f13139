/** Budgets of a population: which spending counts against which, whoever asks and under which charter. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Account, type Debit, openAccount } from "../../../agent/ledger/account.ts";
import { Ledger } from "../../../agent/ledger/ledger.ts";
import { summaryOf } from "../../../agent/ledger/summary.ts";
import type { Partition } from "../../../models/tasks/privacy-events.ts";
import { rdpLimit, tailShare } from "../../../shared/privacy/accounting/budget.ts";
import { type DpEvent, sampledGaussian } from "../../../shared/privacy/accounting/events.ts";
import { rdpOfEvent } from "../../../shared/privacy/accounting/rdp.ts";
import { CLOCK, MemoryStore, memoryAccount, memoryLedger, SECRET, TERMS } from "./ledgers.ts";

const EVENT = sampledGaussian(0.5, 3);
const OTHER_ROOM = { charterHash: "c2".repeat(32), split: { fraction: 0.2, salt: "other-room" } };

function debit(attempt: number, changes: Partial<Debit> = {}): Debit {
  const parameters = { dimension: 10, ringBits: 32 };
  const run = { runId: "run", askKind: "gradient", partition: "train" as const };
  return { ...run, round: attempt, attempt, event: EVENT, parameters, ...changes };
}

/** How many equal releases are allowed before the first refusal. */
function room(account: Account, runId: string, changes: Partial<Debit> = {}): number {
  for (let attempt = 0; ; attempt++) {
    const outcome = account.debit(debit(attempt, { runId, ...changes }));
    if (outcome === "budgetSpent") return attempt;
    expect(outcome).toBe("debited");
  }
}

const allowedBy = (budget: typeof TERMS.budget & object, event: DpEvent = EVENT): number =>
  Math.floor(rdpLimit(budget) / rdpOfEvent(event, budget.rdpOrder));
const BUDGET = { epsilon: 3, delta: 1e-5, rdpOrder: 8 };

test("releases are allowed to the last that the budget pays for, and an attempt once", () => {
  const account = memoryAccount();
  expect(account.debit(debit(0))).toBe("debited");
  expect(account.debit(debit(0))).toBe("alreadyAnswered");
  expect(room(account, "rest")).toBe(allowedBy(BUDGET) - 1);
  expect(account.debit(debit(0))).toBe("alreadyAnswered");
  expect(account.debit(debit(1, { event: null }))).toBe("debited");
  expect(account.epsilonSpent()).toBeLessThanOrEqual(3);
});

test("training and hold-out have an account each: their units are others", () => {
  const account = memoryAccount();
  const full = allowedBy(BUDGET);
  expect(room(account, "train")).toBe(full);
  expect(room(account, "holdout", { partition: "holdout" })).toBe(full);
});

test("another room's use of the same population counts, on whichever side its division put a unit", () => {
  const ledger = memoryLedger();
  const own = openAccount(ledger, TERMS);
  const other = openAccount(ledger, { ...TERMS, ...OTHER_ROOM });
  const full = allowedBy(BUDGET);
  for (let i = 0; i < 2; i++) expect(own.debit(debit(i))).toBe("debited");
  for (let i = 2; i < 5; i++) expect(own.debit(debit(i, { partition: "holdout" }))).toBe("debited");
  // A unit of the other room may be on the dearer side of this one.
  expect(room(other, "other")).toBe(full - 3);
  // A unit that trains here has paid 2, and may be on the dearer side there.
  expect(own.debit(debit(9))).toBe("debited");
  expect(own.debit(debit(10))).toBe("budgetSpent");
});

test("every charter's budget binds all spending on the population, at its own order", () => {
  const ledger = memoryLedger();
  const wide = openAccount(ledger, TERMS);
  const strict = { epsilon: 1.5, delta: 1e-6, rdpOrder: 20 };
  const narrow = openAccount(ledger, {
    ...TERMS,
    charterHash: OTHER_ROOM.charterHash,
    budget: strict,
  });
  const full = allowedBy(strict);
  expect(full).toBeLessThan(allowedBy(BUDGET));
  for (let i = 0; i < full - 1; i++) expect(wide.debit(debit(i))).toBe("debited");
  expect(room(narrow, "narrow")).toBe(1);
  expect(wide.debit(debit(full))).toBe("budgetSpent");
});

test("the member's lifetime budget binds whatever the charters say", () => {
  const lifetime = { epsilon: 1, delta: 1e-6, rdpOrder: 22 };
  const ledger = memoryLedger(new MemoryStore(), { governance: null, lifetime });
  expect(room(openAccount(ledger, TERMS), "run")).toBe(allowedBy(lifetime));
});

test("what tails take of δ adds up over runs, rooms and restarts, and ends what costs next to nothing else", () => {
  const store = new MemoryStore();
  const account = memoryAccount({}, store);
  // Three such tails are all that is set aside.
  const delta = 341 * tailShare(BUDGET.delta);
  const event = { kind: "binomial", trials: 2 ** 20, sensitivity: 1, delta } as const;
  const outcomes = [0, 1, 2, 3].map((attempt) =>
    account.debit(debit(attempt, { runId: "one", event, partition: "all" })),
  );
  expect(outcomes).toEqual(["debited", "debited", "debited", "budgetSpent"]);
  expect(account.epsilonSpent()).toBeLessThan(1.5);
  expect(account.fits("train", "two", event)).toBe(false);
  const again = new Ledger(store, SECRET, CLOCK);
  const other = openAccount(again, { ...TERMS, ...OTHER_ROOM });
  expect(other.debit(debit(0, { runId: "three", event, partition: "all" }))).toBe("budgetSpent");
  expect(other.debit(debit(0, { runId: "three" }))).toBe("debited");
  expect(summaryOf(again.book).populations[0]?.budgets[0]?.share).toBeCloseTo(1023 / 1024, 9);
});

test("another population has another account; without a budget nothing noised is released", () => {
  const ledger = memoryLedger();
  room(openAccount(ledger, TERMS), "run");
  const patients = openAccount(ledger, { ...TERMS, population: "patients" });
  expect(room(patients, "patients")).toBe(allowedBy(BUDGET));
  const none = memoryAccount({ budget: null });
  expect(none.debit(debit(0))).toBe("noBudget");
  expect(none.fits("train", "run", EVENT)).toBe(false);
  expect(none.epsilonSpent()).toBeNull();
});

test("a whole run fits beside what others paid; what it paid itself is part of it", () => {
  const account = memoryAccount();
  const count = allowedBy(BUDGET);
  const whole = { kind: "selfComposed", event: EVENT, count } as const;
  for (let i = 0; i < 3; i++) account.debit(debit(i));
  expect(account.fits("train", "run", whole)).toBe(true);
  expect(account.fits("train", "another", whole)).toBe(false);
  expect(account.fits("train", "another", { ...whole, count: count - 3 })).toBe(true);
  expect(account.lastAttempt("run")).toBe(2);
  expect(account.lastAttempt("another")).toBe(-1);
  expect(account.answers("run", "gradient")).toBe(3);
});

test("an accountant is given equal events together, and of other divisions both sides", () => {
  const ledger = memoryLedger();
  const own = openAccount(ledger, TERMS);
  const other = openAccount(ledger, { ...TERMS, ...OTHER_ROOM });
  for (let i = 0; i < 3; i++) own.debit(debit(i));
  own.debit(debit(3, { partition: "holdout", event: { kind: "gaussian", noiseMultiplier: 50 } }));
  const holdout = { kind: "gaussian", noiseMultiplier: 50 };
  const three = { kind: "selfComposed", event: EVENT, count: 3 };
  expect(own.spentEvents("train")).toEqual({ kind: "composed", events: [three] });
  expect(own.spentEvents("holdout")).toEqual({ kind: "composed", events: [holdout] });
  expect(other.spentEvents("train")).toEqual({ kind: "composed", events: [three, holdout] });
});

const terms = fc.constantFrom(
  TERMS,
  { ...TERMS, ...OTHER_ROOM },
  { ...TERMS, charterHash: "c3".repeat(32), budget: { epsilon: 2, delta: 1e-6, rdpOrder: 12 } },
  { ...TERMS, population: "patients", charterHash: "c4".repeat(32) },
);
const request = fc.record({
  terms,
  runId: fc.constantFrom("a", "b"),
  attempt: fc.nat(12),
  partition: fc.constantFrom<Partition>("train", "holdout"),
  noise: fc.constantFrom(1.5, 3, 6, null),
});

/** Every way in which a unit may fall on the sides of the two divisions. */
const UNITS: readonly Readonly<Record<string, Partition>>[] = [
  { "test-room": "train", "other-room": "train" },
  { "test-room": "train", "other-room": "holdout" },
  { "test-room": "holdout", "other-room": "train" },
  { "test-room": "holdout", "other-room": "holdout" },
];

test("for any requests: no attempt is answered twice, and no release takes a unit over any budget that binds", () => {
  fc.assert(
    fc.property(fc.array(request, { maxLength: 60 }), (requests) => {
      const store = new MemoryStore();
      const answered: (typeof requests)[number][] = [];
      const lost = (
        unit: Readonly<Record<string, Partition>>,
        population: string,
        order: number,
      ): number =>
        answered
          .filter(({ terms: { population: name } }) => name === population)
          .filter(({ terms: { split }, partition }) => unit[split.salt] === partition)
          .map(({ noise }) => (noise ? rdpOfEvent(sampledGaussian(0.5, noise), order) : 0))
          .reduce((sum, cost) => sum + cost, 0);
      const binding = new Map<string, Set<typeof BUDGET>>();
      for (const asked of requests) {
        const { runId, attempt, partition, noise } = asked;
        const { population, split, budget } = asked.terms;
        // A fresh process each time: nothing rests on what one remembers.
        const account = openAccount(memoryLedger(store), asked.terms);
        const budgets = binding.get(population) ?? new Set();
        binding.set(population, budgets.add(budget ?? BUDGET));
        const event = noise === null ? null : sampledGaussian(0.5, noise);
        if (account.debit(debit(attempt, { runId, partition, event })) !== "debited") continue;
        answered.push(asked);
        if (!event) continue;
        for (const bound of budgets)
          for (const unit of UNITS.filter((sides) => sides[split.salt] === partition))
            expect(lost(unit, population, bound.rdpOrder)).toBeLessThanOrEqual(
              rdpLimit(bound) * (1 + 1e-12),
            );
      }
      const names = answered.map(({ runId, attempt }) => `${runId}/${attempt}`);
      expect(new Set(names).size).toBe(names.length);
    }),
    { numRuns: 150 },
  );
});

test("where rows are units, another file divides them anew: a row may have been on either side", () => {
  const store = new MemoryStore();
  const terms = (file: string) => ({ unit: null, split: { fraction: 0.2, salt: "room", file } });
  const first = memoryAccount(terms("aa".repeat(32)), store);
  const full = allowedBy(BUDGET);
  for (let attempt = 0; attempt < full; attempt++)
    expect(first.debit(debit(attempt))).toBe("debited");
  // The same file's other side is untouched; of another file's, each row may be one that has paid.
  expect(first.fits("holdout", "next", EVENT)).toBe(true);
  const second = memoryAccount(terms("bb".repeat(32)), store);
  for (const partition of ["train", "holdout"] as const)
    expect(second.debit(debit(0, { runId: "next", partition }))).toBe("budgetSpent");
  // And the charter binds once, however often its units are divided.
  const [population] = memoryLedger(store).book.populations.values();
  expect(population?.binding).toHaveLength(1);
});

test("what another agent has paid for another population is not taken for this one's", () => {
  const ledger = memoryLedger();
  const mine = openAccount(ledger, TERMS);
  const others = openAccount(ledger, { ...TERMS, population: "others" });
  const full = allowedBy(BUDGET);
  for (let attempt = 0; attempt < full; attempt++) {
    expect(mine.debit(debit(attempt, { runId: "mine" }))).toBe("debited");
    expect(others.debit(debit(attempt, { runId: "shared" }))).toBe("debited");
  }
  expect(mine.fits("train", "shared", EVENT)).toBe(false);
});

test.each([
  "",
  "a\nb",
  "x".repeat(101),
])("a population named %j is not written, for it could not be read", (population) => {
  const ledger = memoryLedger();
  const before = ledger.book.head;
  expect(() => openAccount(ledger, { ...TERMS, population })).toThrow();
  expect(ledger.book.head).toEqual(before);
  expect(() => openAccount(ledger, TERMS)).not.toThrow();
});

test("a ledger that lacks what others know was answered is an older one", () => {
  const account = memoryAccount();
  for (const attempt of [0, 2, 5]) expect(account.debit(debit(attempt))).toBe("debited");
  account.requireAnswers([{ runId: "run", attempts: [5, 0] }]);
  for (const answers of [
    { runId: "run", attempts: [0, 2, 3, 5] },
    { runId: "other", attempts: [0] },
  ])
    expect(() => account.requireAnswers([answers])).toThrow(/answered attempt .* an older one/);
});
