/** Tests of what is taken for spent once a ledger was put back as it was: `agent/write-off.ts`. */
import { expect, test } from "vitest";
import { answersMax } from "../../agent/gate/plan.ts";
import { type Account, openAccount } from "../../agent/ledger/account.ts";
import type { Ledger } from "../../agent/ledger/ledger.ts";
import type { OwnAnswer } from "../../agent/own-past.ts";
import { type Gap, gapsOf } from "../../agent/write-off.ts";
import { type Manifest, runIdOf } from "../../shared/charter/manifest.ts";
import { TaskSpec } from "../../shared/charter/task-spec.ts";
import { decoyEvent } from "../../shared/privacy/accounting/calibrate-decoys.ts";
import { sampledGaussian } from "../../shared/privacy/accounting/events.ts";
import type { RoomRun } from "../../shared/transcript/room/state.ts";
import { memberIds, smallCharter } from "../support/charters.ts";
import { signedManifest } from "../support/manifests.ts";
import { memoryLedger, TERMS } from "./ledger/ledgers.ts";

const charter = smallCharter(memberIds(3));
const manifests = [0, 1, 2, 3].map((n) => signedManifest(charter, { nonce: String(n).repeat(32) }));
const [one = "", two = "", three = "", four = ""] = manifests.map(runIdOf);

/** Started in this order; where nothing else is said, completed with attempts 0 to 2. */
function runs(changes: Partial<Record<string, Partial<RoomRun>>> = {}): Map<string, RoomRun> {
  const ended = { outcome: "completed" } as NonNullable<RoomRun["end"]>;
  const common = { charter, phase: "ended", end: ended, lastAttempt: 2 } as const;
  const runOf = (manifest: Manifest) => ({ manifest, ...common, ...changes[runIdOf(manifest)] });
  return new Map(manifests.map((manifest) => [runIdOf(manifest), runOf(manifest) as RoomRun]));
}

const answered = (attempts: readonly number[]): OwnAnswer[] =>
  attempts.map((attempt) => ({
    attempt,
    round: attempt,
    askKind: attempt < 2 ? "gradient" : "evaluate",
  }));

const past = (answers: Readonly<Record<string, OwnAnswer[]>>) => ({
  // One after another, as the product's coordinator has them.
  started: [one, two, three, four].map((runId, i) => ({ runId, startedByEnd: i + 1 })),
  answers: new Map(Object.entries(answers)),
});

function debit(account: Account, runId: string, attempts: readonly number[]): void {
  for (const { attempt, askKind } of answered(attempts)) {
    const event = sampledGaussian(0.5, 5);
    const about = { partition: "train", event, parameters: null } as const;
    expect(account.debit({ runId, round: attempt, attempt, askKind, ...about })).toBe("debited");
  }
}

/** Answers that are taken for given, by run and kind of ask. */
const written = (gaps: readonly Gap[]): Record<string, Record<string, number>> =>
  Object.fromEntries(
    gaps.map(({ runId, debits }) => {
      const count = (kind: string) => debits.filter(({ askKind }) => askKind === kind).length;
      return [runId, { gradient: count("gradient"), evaluate: count("evaluate") }];
    }),
  );

const most = (askKind: string): number => {
  const [manifest] = manifests;
  return manifest ? answersMax(charter, manifest, askKind) : 0;
};

function setting(): { ledger: Ledger; account: Account } {
  const ledger = memoryLedger();
  const budget = { epsilon: 50, delta: 1e-5, rdpOrder: 8 };
  return { ledger, account: openAccount(ledger, { ...TERMS, budget }) };
}

test("all that the gate can have answered is taken for spent, of the last run that is known and of later ones", () => {
  const { ledger, account } = setting();
  debit(account, one, [0, 1]); // Its end is missing, and yet nothing is: a later run is there.
  debit(account, two, [0]);
  const answers = {
    [one]: answered([0, 1, 2]),
    [two]: answered([0, 1, 2]),
    [three]: answered([2]),
  };
  const gaps = gapsOf(
    { runs: runs({ [four]: { end: null, phase: "running" } }) },
    past(answers),
    ledger.book,
  );
  const all = { gradient: most("gradient"), evaluate: most("evaluate") };
  expect(written(gaps)).toEqual({
    [two]: { ...all, gradient: all.gradient - 1 },
    [three]: all,
    [four]: all,
  });
  const [second] = gaps;
  // What is known of an answer is said of it; each number is one answer's.
  const told = second?.debits.filter(({ round }) => round !== null);
  expect(told?.map(({ attempt, askKind }) => [attempt, askKind])).toEqual([
    [1, "gradient"],
    [2, "evaluate"],
  ]);
  for (const { debits } of gaps)
    expect(new Set(debits.map(({ attempt }) => attempt)).size).toBe(debits.length);
  const { population, unit, charterHash, requester } = TERMS;
  const about = { kind: "debit", population, unit, charterHash, requester } as const;
  ledger.write(() => gaps.flatMap(({ debits }) => debits.map((one) => ({ ...about, ...one }))));
  const known = Object.entries(answers).filter(([runId]) => runId !== one);
  account.requireAnswers(
    known.map(([runId, own]) => ({ runId, attempts: own.map((a) => a.attempt) })),
  );
  // A second time there is nothing to add.
  const again = gapsOf({ runs: runs({ [four]: { end: null } }) }, past(answers), ledger.book);
  expect(again.flatMap(({ debits }) => debits)).toEqual([]);
});

test("a run that is whole is left alone; one that failed may have been answered once more than anybody knows", () => {
  const { ledger, account } = setting();
  debit(account, four, [0, 1, 2]);
  expect(gapsOf({ runs: runs() }, past({}), ledger.book)).toEqual([]);
  const failed = { end: { outcome: "failed" } as NonNullable<RoomRun["end"]> };
  const gaps = gapsOf({ runs: runs({ [four]: failed }) }, past({}), ledger.book);
  expect(written(gaps)).toEqual({
    [four]: { gradient: most("gradient") - 2, evaluate: most("evaluate") - 1 },
  });
  expect(gapsOf({ runs: runs({ [four]: { lastAttempt: 3 } }) }, past({}), ledger.book).length).toBe(
    1,
  );
});

test("a run that went on while the last known one began may lack its end", () => {
  const { ledger, account } = setting();
  debit(account, one, [0, 1]);
  debit(account, two, [0, 1, 2]);
  const later = past({});
  const [first, ...others] = later.started;
  const started = [{ runId: first?.runId ?? "", startedByEnd: 2 }, ...others].slice(0, 2);
  const gaps = gapsOf({ runs: runs() }, { ...later, started }, ledger.book);
  expect(gaps.map(({ runId }) => runId)).toEqual([one]);
});

test("what has no price is noted where it is known, and not made up", () => {
  const { ledger } = setting();
  const plain = signedManifest(charter, { privacy: null });
  const runId = runIdOf(plain);
  const ended = { phase: "ended", lastAttempt: 2, end: null };
  const run = { manifest: plain, charter, ...ended } as unknown as RoomRun;
  const started = [{ runId, startedByEnd: 1 }];
  const own = { started, answers: new Map([[runId, answered([1])]]) };
  const [gap] = gapsOf({ runs: new Map([[runId, run]]) }, own, ledger.book);
  expect(gap?.debits).toMatchObject([{ attempt: 1, askKind: "gradient", event: null }]);
});

test("a matching with decoys costs what its agents would have charged; an exact one is noted", () => {
  const { ledger } = setting();
  const base = smallCharter(memberIds(3));
  const identifiers = [{ name: "mail", type: "email" } as const];
  const matching = { ...base, schema: { ...base.schema, identifiers } };
  const task = TaskSpec.parse({ kind: "match", column: "mail", setSize: 1030 });
  const { privacy } = signedManifest(base);
  const decoys = 72;
  for (const noise of [privacy && { ...privacy, decoys }, null]) {
    const manifest = signedManifest(matching, { task, privacy: noise });
    const runId = runIdOf(manifest);
    const ended = { phase: "ended", lastAttempt: -1, end: null };
    const run = { manifest, charter: matching, ...ended } as unknown as RoomRun;
    const own = { started: [{ runId, startedByEnd: 1 }], answers: new Map() };
    const [gap] = gapsOf({ runs: new Map([[runId, run]]) }, own, ledger.book);
    const event = noise && decoyEvent(decoys, 1, noise.delta);
    expect(gap?.debits).toMatchObject([{ attempt: 0, askKind: "match", partition: "all", event }]);
  }
});
