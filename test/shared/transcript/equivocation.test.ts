/** Tests of `shared/transcript/equivocation.ts`: two signatures that cannot both be honest. */
import { expect, test } from "vitest";
import { identityFromSecret } from "../../../shared/crypto/identity.ts";
import { entryStatement, type SignedEntry } from "../../../shared/transcript/chain.ts";
import { findEquivocations } from "../../../shared/transcript/equivocation.ts";
import { unsafeSecret } from "../../support/group.ts";

const coordinator = identityFromSecret(unsafeSecret("coordinator"));
const KEY = coordinator.publicKey;

interface Opening {
  readonly runId?: string;
  readonly ask?: string;
  readonly head?: string;
}

function opening(round: number, attempt: number, of: Opening = {}): SignedEntry {
  const { runId = "run", ask = `ask ${round}`, head = `head ${round}` } = of;
  const said = { askHash: unsafeSecret(ask), head: unsafeSecret(head) };
  const entry = { kind: "roundOpened", runId, round, attempt, ...said } as const;
  return { ...entry, signature: coordinator.sign(entryStatement(entry)) };
}

function inclusion(attempt: number, text: string, runId = "run"): SignedEntry {
  const entry = { kind: "included", runId, attempt, inclusion: unsafeSecret(text) } as const;
  return { ...entry, signature: coordinator.sign(entryStatement(entry)) };
}

const kinds = (...entries: readonly SignedEntry[]): string[] =>
  findEquivocations(KEY, entries).map(({ what }) => what);

/** A run without fault: round 0 in attempt 0; round 1 in attempts 1 and 2, for 1 failed; as two members kept it. */
const HONEST = [
  opening(0, 0),
  inclusion(0, "a"),
  opening(1, 1),
  opening(1, 2),
  inclusion(2, "b"),
  opening(2, 3, { ask: "nothing more" }),
];

test("an honest run proves nothing, kept once or by many, in any order", () => {
  expect(kinds(...HONEST)).toEqual([]);
  expect(kinds(...HONEST, ...HONEST)).toEqual([]);
  expect(kinds(...HONEST.toReversed(), ...HONEST)).toEqual([]);
  expect(kinds()).toEqual([]);
});

test("a failed attempt may have been certified by its coordinator before it failed", () => {
  expect(kinds(...HONEST, inclusion(1, "of the failed attempt"))).toEqual([]);
});

test("two asks under one attempt: members worked on different models", () => {
  const [first, second] = [opening(1, 5, { ask: "one model" }), opening(1, 5, { ask: "another" })];
  expect(findEquivocations(KEY, [first, second])).toEqual([{ what: "twoAsks", first, second }]);
});

test("one attempt number for two rounds", () => {
  expect(kinds(opening(1, 5, { ask: "same" }), opening(2, 5, { ask: "same" }))).toEqual([
    "twoAsks",
  ]);
});

test("two heads before one round, also in different attempts: two histories", () => {
  const [first, second] = [opening(4, 9, { head: "one" }), opening(4, 10, { head: "another" })];
  expect(findEquivocations(KEY, [first, second])).toEqual([
    { what: "twoHistories", first, second },
  ]);
});

test("two sets of survivors in one attempt", () => {
  const [first, second] = [inclusion(5, "one"), inclusion(5, "another")];
  expect(findEquivocations(KEY, [first, second])).toEqual([
    { what: "twoInclusions", first, second },
  ]);
});

test("an opening that lies twice is found twice", () => {
  const second = opening(1, 1, { ask: "other ask", head: "other head" });
  expect(kinds(opening(1, 1), second)).toEqual(["twoAsks", "twoHistories"]);
});

test("every entry that differs from the first is found, among whatever else", () => {
  expect(
    kinds(...HONEST, inclusion(2, "x"), opening(1, 2, { ask: "y" }), inclusion(2, "z")),
  ).toEqual(["twoInclusions", "twoAsks", "twoInclusions"]);
});

test("runs do not disturb one another", () => {
  expect(kinds(inclusion(5, "one", "run a"), inclusion(5, "another", "run b"))).toEqual([]);
  expect(
    kinds(opening(1, 5, { runId: "a", ask: "x" }), opening(1, 5, { runId: "b", ask: "y" })),
  ).toEqual([]);
});

test("only what the coordinator signed proves anything", () => {
  const member = identityFromSecret(unsafeSecret("member"));
  const entry = {
    kind: "included",
    runId: "run",
    attempt: 5,
    inclusion: unsafeSecret("lie"),
  } as const;
  const forged = { ...entry, signature: member.sign(entryStatement(entry)) };
  const borrowed = { ...entry, signature: inclusion(5, "one").signature };
  expect(kinds(inclusion(5, "one"), forged)).toEqual([]);
  expect(kinds(forged, inclusion(5, "one"))).toEqual([]);
  expect(kinds(inclusion(5, "one"), borrowed)).toEqual([]);
  expect(kinds(inclusion(5, "one"), { ...entry, signature: new Uint8Array(64) })).toEqual([]);
  // Under the member's own key it would prove something against the member.
  const another = { ...entry, inclusion: unsafeSecret("another lie") };
  const signed = { ...another, signature: member.sign(entryStatement(another)) };
  expect(findEquivocations(member.publicKey, [forged, signed]).length).toBe(1);
});
