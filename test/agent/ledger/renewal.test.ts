/** Renewal: only by enough signatures of the ledger's governance keys, over the ledger as it is now, once. */
import { expect, test } from "vitest";
import { openAccount } from "../../../agent/ledger/account.ts";
import type { SignedRenewal } from "../../../agent/ledger/entry.ts";
import { applyRenewal, proposeRenewal, signRenewal } from "../../../agent/ledger/governance.ts";
import type { Ledger } from "../../../agent/ledger/ledger.ts";
import { summaryLines } from "../../../agent/ledger/show.ts";
import { summaryOf } from "../../../agent/ledger/summary.ts";
import { toHex } from "../../../shared/base/bytes.ts";
import { randomBytes } from "../../../shared/base/env.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { identityFromSecret } from "../../../shared/crypto/identity.ts";
import { sampledGaussian } from "../../../shared/privacy/accounting/events.ts";
import { pldAccountant } from "../../../shared/privacy/accounting/pld/accountant.ts";
import { composedEvent } from "../../../shared/privacy/accounting/spending.ts";
import { MemoryStore, memoryLedger, TERMS } from "./ledgers.ts";

const identity = (name: string) => identityFromSecret(randomBytes(reproducibleRng(name), 32));
const [ANNA, BERT, CLEO, MALLORY] = ["anna", "bert", "cleo", "mallory"].map(identity);
const EVENT = sampledGaussian(0.5, 3);

function governed(store = new MemoryStore()): Ledger {
  const keys = [ANNA, BERT, CLEO].map((signer) => toHex(signer?.publicKey ?? new Uint8Array()));
  const ledger = memoryLedger(store, { governance: { keys, threshold: 2 }, lifetime: null });
  openAccount(ledger, TERMS);
  return ledger;
}

/** Spends until refused. @returns How many were allowed. */
function exhaust(ledger: Ledger, runId: string): number {
  const account = openAccount(ledger, TERMS);
  const run = { runId, askKind: "gradient", partition: "train", event: EVENT } as const;
  const parameters = { dimension: 1, ringBits: 32 };
  for (let attempt = 0; ; attempt++)
    if (account.debit({ ...run, round: attempt, attempt, parameters }) !== "debited")
      return attempt;
}

type Signers = readonly (typeof ANNA)[];

function renewal(
  { book }: Ledger,
  signers: Signers,
  change: { epsilon?: number; counts?: "everything" | "fromHere" } = {},
): SignedRenewal {
  const budget = { epsilon: change.epsilon ?? 6, delta: 1e-5, rdpOrder: 8 };
  const counts = change.counts ?? "everything";
  const asked = { population: "customers", budget, counts, reason: "the supervisor agreed" };
  return signedBy(proposeRenewal(book, asked), signers);
}

function signedBy(document: SignedRenewal, signers: Signers): SignedRenewal {
  let signed = document;
  for (const signer of signers) if (signer) signed = signRenewal(signed, signer);
  return signed;
}

test("a renewal by two of three keys lets runs go on; what was spent stays visible, and after a restart", () => {
  const store = new MemoryStore();
  const ledger = governed(store);
  const first = exhaust(ledger, "first");
  applyRenewal(ledger, renewal(ledger, [ANNA, CLEO]));
  const second = exhaust(ledger, "second");
  expect(second).toBeGreaterThan(0);
  const [use] = summaryOf(memoryLedger(store).book).populations;
  expect(use?.renewals).toBe(1);
  expect(use?.budgets.map(({ epsilon }) => epsilon)).toEqual([6]);
  expect(use?.budgets[0]?.epsilonSpent).toBeGreaterThan(3);
  expect(use?.runs.map(({ answers }) => answers)).toEqual([
    { gradient: first },
    { gradient: second },
  ]);
});

test("a new period counts from here, and the lifetime goes on", () => {
  const ledger = governed();
  const first = exhaust(ledger, "first");
  applyRenewal(ledger, renewal(ledger, [ANNA, BERT], { epsilon: 3, counts: "fromHere" }));
  const [fresh] = summaryOf(ledger.book).populations;
  expect(fresh?.budgets[0]?.share).toBe(0);
  expect(exhaust(ledger, "second")).toBe(first);
  const [use] = summaryOf(ledger.book).populations;
  expect(use?.lifetime?.epsilonSpent).toBeGreaterThan(use?.budgets[0]?.epsilonSpent ?? 9);
});

test("the odometer reads what was ever spent, by privacy loss distributions", () => {
  const ledger = governed();
  expect(summaryOf(ledger.book).populations.map(({ odometer }) => odometer)).toEqual([0]);
  const count = exhaust(ledger, "first");
  const [use] = summaryOf(ledger.book).populations;
  const events = [...ledger.book.populations.values()].flatMap(({ lifetime }) =>
    [...lifetime.values()].map(({ train }) => composedEvent(train)),
  );
  const [spent] = events;
  if (!spent || !use?.lifetime) throw new Error("something was spent");
  expect(spent.events).toMatchObject([{ count }]);
  expect(use.odometer).toBe(pldAccountant().compose(spent).getEpsilon(use.lifetime.delta));
  expect(use.odometer).toBeLessThan(use.lifetime.epsilonSpent);
});

test("answers without a guarantee are told beside ε, which says nothing of them", () => {
  const ledger = memoryLedger();
  const account = openAccount(ledger, TERMS);
  const shown = (): string => summaryLines(summaryOf(ledger.book)).join("\n");
  const run = { runId: "open", askKind: "update", partition: "train", parameters: null } as const;
  expect(shown()).not.toContain("without noise");
  for (const attempt of [0, 1]) account.debit({ ...run, round: attempt, attempt, event: null });
  expect(shown()).toContain("2 answers without noise: no ε speaks of them");
  expect(summaryOf(ledger.book).populations[0]?.runs).toMatchObject([{ unnoised: 2 }]);
});

const unsigned = (signed: SignedRenewal): SignedRenewal => ({ ...signed, signatures: [] });
const larger = (signed: SignedRenewal): SignedRenewal => ({
  ...signed,
  renewal: { ...signed.renewal, budget: { ...signed.renewal.budget, epsilon: 60 } },
});
const twice = (signed: SignedRenewal): SignedRenewal => ({
  ...signed,
  signatures: [...signed.signatures, ...signed.signatures],
});
const otherUnit = (ledger: Ledger): SignedRenewal => {
  const { renewal: made } = renewal(ledger, []);
  return signedBy({ renewal: { ...made, unit: "card" }, signatures: [] }, [ANNA, BERT]);
};

/** As long as this one, and of the same keys. */
const anotherLedgers = ({ book }: Ledger): SignedRenewal => {
  const other = governed();
  exhaust(other, "first");
  expect(other.book.head.sequence).toBe(book.head.sequence);
  return renewal(other, [ANNA, BERT]);
};

test.each<[string, (ledger: Ledger) => SignedRenewal, string]>([
  ["nobody's", (ledger) => unsigned(renewal(ledger, [ANNA, BERT])), "renewal.too-few-signatures"],
  ["one person's", (ledger) => renewal(ledger, [ANNA]), "renewal.too-few-signatures"],
  ["one person's twice", (ledger) => twice(renewal(ledger, [ANNA])), "renewal.too-few-signatures"],
  ["a stranger's", (ledger) => renewal(ledger, [ANNA, MALLORY]), "renewal.unknown-key"],
  [
    "changed after signing",
    (ledger) => larger(renewal(ledger, [ANNA, BERT])),
    "renewal.bad-signature",
  ],
  ["for another ledger", anotherLedgers, "renewal.stale"],
  ["of another unit", otherUnit, "renewal.other-unit"],
])("a renewal that is %s is refused and changes nothing", (_, make, code) => {
  const ledger = governed();
  exhaust(ledger, "first");
  const { head } = ledger.book;
  const document = make(ledger);
  expect(() => applyRenewal(ledger, document)).toThrow(expect.objectContaining({ code }));
  expect(ledger.book.head).toEqual(head);
  expect(exhaust(ledger, "second")).toBe(0);
});

test("a renewal applies once, and to the ledger that it was signed for", () => {
  const ledger = governed();
  const document = renewal(ledger, [ANNA, BERT]);
  const later = renewal(ledger, [ANNA, BERT], { counts: "fromHere" });
  applyRenewal(ledger, document);
  for (const stale of [document, later])
    expect(() => applyRenewal(ledger, stale)).toThrow("it was made for entry");
});

test("a ledger made without governance keys is never renewed", () => {
  const ledger = memoryLedger();
  openAccount(ledger, TERMS);
  const document = renewal(ledger, [ANNA, BERT]);
  expect(() => applyRenewal(ledger, document)).toThrow("without governance keys");
});

test("an unlawful renewal in the chain is found even under the ledger's own key", () => {
  const store = new MemoryStore();
  const ledger = governed(store);
  const document = renewal(ledger, [ANNA]);
  expect(() => ledger.write(() => [{ kind: "renewed", signed: document }])).toThrow(
    "1 have signed",
  );
  expect(() => memoryLedger(store)).toThrow("1 have signed");
});
