/** A charter's budget, amended: what the member itself signed takes the old one's place, unless its ledger has governance. */
import { expect, test } from "vitest";
import { type Account, openAccount, type Terms } from "../../../agent/ledger/account.ts";
import type { Ledger } from "../../../agent/ledger/ledger.ts";
import { summaryOf } from "../../../agent/ledger/summary.ts";
import { toHex } from "../../../shared/base/bytes.ts";
import {
  amendmentHashOf,
  type OwnAmendment,
  signAmendment,
} from "../../../shared/charter/amendment.ts";
import { type Charter, charterHash } from "../../../shared/charter/charter.ts";
import { charterText } from "../../../shared/charter/charter-text.ts";
import { sampledGaussian } from "../../../shared/privacy/accounting/events.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { FOREVER_MS, identityOf } from "../../support/manifests.ts";
import { MemoryStore, memoryLedger, TERMS } from "./ledgers.ts";

const EVENT = sampledGaussian(0.5, 3);
const withBudget = (epsilon: number | null): Charter =>
  smallCharter(memberIds(3), {
    budget: epsilon === null ? null : { epsilon, delta: 1e-5, rdpOrder: 8 },
  });
const [FIRST, MORE, LESS, NONE] = [3, 6, 2.5, null].map(withBudget) as [
  Charter,
  Charter,
  Charter,
  Charter,
];

function amendment(before: Charter, after: Charter, edition = 2): OwnAmendment {
  const about = { room: "test-room", edition, previous: charterHash(before), reason: "agreed" };
  const whole = { ...about, charter: charterText(after), validUntilMs: FOREVER_MS };
  const hashes = { amendmentHash: amendmentHashOf(whole), charterHash: charterHash(after) };
  return { amendment: whole, word: signAmendment(hashes, "bank-1", 0, identityOf("bank-1")) };
}

const termsOf = (charter: Charter, amendments: OwnAmendment[] = []): Terms => ({
  ...TERMS,
  charterHash: charterHash(charter),
  budget: charter.privacy.budget,
  amendments,
});

/** How many equal releases are allowed before the first refusal. */
function allowed(account: Account, runId: string): number {
  const run = { runId, askKind: "gradient", partition: "train", event: EVENT } as const;
  const parameters = { dimension: 10, ringBits: 32 };
  for (let attempt = 0; ; attempt++)
    if (account.debit({ ...run, round: attempt, attempt, parameters }) !== "debited")
      return attempt;
}

const under = (charter: Charter): number =>
  allowed(openAccount(memoryLedger(), termsOf(charter)), "fresh");
const budgetsOf = ({ book }: Ledger): number[] =>
  summaryOf(book).populations[0]?.budgets.map(({ epsilon }) => epsilon) ?? [];

test("a budget that the member raised by its signature pays for the rest, what was spent counts, after a restart too", () => {
  const store = new MemoryStore();
  const ledger = memoryLedger(store);
  const before = allowed(openAccount(ledger, termsOf(FIRST)), "before");
  expect(before).toBe(under(FIRST));
  const raised = termsOf(MORE, [amendment(FIRST, MORE)]);
  const after = allowed(openAccount(ledger, raised), "after");
  expect(before + after).toBe(under(MORE));
  expect(after).toBeGreaterThan(0);
  const again = memoryLedger(store);
  expect(budgetsOf(again)).toEqual([6]);
  expect(allowed(openAccount(again, raised), "later")).toBe(0);
  expect(budgetsOf(again)).toEqual([6]);
});

test("a lower budget takes effect at once; one that is taken away stays until there is another", () => {
  const ledger = memoryLedger();
  const account = openAccount(ledger, termsOf(FIRST));
  const run = { runId: "r", askKind: "gradient", partition: "train", event: EVENT } as const;
  const parameters = { dimension: 10, ringBits: 32 };
  account.debit({ ...run, round: 0, attempt: 0, parameters });
  const lowered = [amendment(FIRST, LESS)];
  expect(allowed(openAccount(ledger, termsOf(LESS, lowered)), "low")).toBe(under(LESS) - 1);
  const taken = [...lowered, amendment(LESS, NONE, 3)];
  expect(allowed(openAccount(ledger, termsOf(NONE, taken)), "none")).toBe(0);
  expect(budgetsOf(ledger)).toEqual([2.5]);
  const back = [...taken, amendment(NONE, MORE, 4)];
  openAccount(ledger, termsOf(MORE, back));
  expect(budgetsOf(ledger)).toEqual([6]);
});

test("two amendments at once are entered in order", () => {
  const ledger = memoryLedger();
  openAccount(ledger, termsOf(FIRST));
  openAccount(ledger, termsOf(MORE, [amendment(FIRST, LESS), amendment(LESS, MORE, 3)]));
  expect(budgetsOf(ledger)).toEqual([6]);
});

test("a charter with more, that is no amendment of this one, or another room's, loosens nothing", () => {
  for (const amendments of [[], [amendment(LESS, MORE)]]) {
    const ledger = memoryLedger();
    openAccount(ledger, termsOf(FIRST));
    expect(allowed(openAccount(ledger, termsOf(MORE, amendments)), "more")).toBe(under(FIRST));
    expect(budgetsOf(ledger)).toEqual([3, 6]);
  }
});

test("where the ledger has governance, nobody else loosens what binds; lowering needs nobody", () => {
  const keys = [toHex(identityOf("officer").publicKey)];
  const governed = () =>
    memoryLedger(new MemoryStore(), { governance: { keys, threshold: 1 }, lifetime: null });
  const ledger = governed();
  openAccount(ledger, termsOf(FIRST));
  const raised = openAccount(ledger, termsOf(MORE, [amendment(FIRST, MORE)]));
  expect(allowed(raised, "more")).toBe(under(FIRST));
  const other = governed();
  openAccount(other, termsOf(FIRST));
  const lowered = openAccount(other, termsOf(LESS, [amendment(FIRST, LESS)]));
  expect(allowed(lowered, "less")).toBe(under(LESS));
});

test("an amendment that its word does not sign is not entered", () => {
  const ledger = memoryLedger();
  openAccount(ledger, termsOf(FIRST));
  const { amendment: whole } = amendment(FIRST, MORE);
  const { word } = amendment(FIRST, LESS);
  const signature = "00".repeat(64);
  for (const forged of [
    { amendment: whole, word },
    { amendment: whole, word: { ...amendment(FIRST, MORE).word, signature } },
  ])
    expect(() => openAccount(ledger, termsOf(MORE, [forged]))).toThrow(/signed by its member/);
  expect(budgetsOf(ledger)).toEqual([3]);
});
