/** Tests of `shared/transcript/chain.ts`: one history, one head. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { toHex } from "../../../shared/base/bytes.ts";
import { identityFromSecret } from "../../../shared/crypto/identity.ts";
import {
  entryStatement,
  firstHead,
  isSignedEntry,
  type Link,
  nextHead,
  type SignedEntry,
} from "../../../shared/transcript/chain.ts";
import { unsafeSecret, upTo } from "../../support/group.ts";

const coordinator = identityFromSecret(unsafeSecret("coordinator"));
const headOf = (runId: string, links: readonly Link[]): string =>
  toHex(links.reduce(nextHead, firstHead(runId)));
const linkOf = (text: string): Link => ({
  inclusion: unsafeSecret(`inclusion ${text}`),
  resultHash: unsafeSecret(`result ${text}`),
});

test("two histories have one head only if they are the same", () => {
  const history = fc.tuple(
    fc.constantFrom("run", "other"),
    fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 4 }),
  );
  fc.assert(
    fc.property(history, history, ([run, links], [otherRun, otherLinks]) => {
      const same = run === otherRun && links.join() === otherLinks.join();
      const heads = [headOf(run, links.map(linkOf)), headOf(otherRun, otherLinks.map(linkOf))];
      expect(heads[0] === heads[1]).toBe(same);
    }),
  );
});

test("inclusion and result both count, each in its place", () => {
  const [inclusion, resultHash] = [unsafeSecret("a"), unsafeSecret("b")];
  const heads = [
    headOf("run", [{ inclusion, resultHash }]),
    headOf("run", [{ inclusion: resultHash, resultHash: inclusion }]),
    headOf("run", [{ inclusion, resultHash: inclusion }]),
    headOf("run", [{ inclusion: resultHash, resultHash }]),
  ];
  expect(new Set(heads).size).toBe(4);
});

const opened = {
  kind: "roundOpened",
  runId: "run",
  round: 3,
  attempt: 7,
  askHash: unsafeSecret("ask"),
  head: unsafeSecret("head"),
} as const;
const included = {
  kind: "included",
  runId: "run",
  attempt: 7,
  inclusion: unsafeSecret("i"),
} as const;
type Entry = Parameters<typeof entryStatement>[0];
const signed = (entry: Entry): SignedEntry =>
  ({ ...entry, signature: coordinator.sign(entryStatement(entry)) }) as SignedEntry;

test("a statement says all of its entry, and no two entries say the same", () => {
  const entries: Entry[] = [
    opened,
    { ...opened, runId: "run2" },
    { ...opened, round: 4 },
    { ...opened, attempt: 8 },
    { ...opened, round: 7, attempt: 3 },
    { ...opened, askHash: opened.head, head: opened.askHash },
    { ...opened, head: unsafeSecret("other") },
    { ...opened, askHash: unsafeSecret("other") },
    included,
    { ...included, attempt: 8 },
    { ...included, runId: "run2" },
    { ...included, inclusion: unsafeSecret("other") },
  ];
  const statements = entries.map((entry) => toHex(entryStatement(entry)));
  expect(new Set(statements).size).toBe(entries.length);
  // Each signature is good for its own entry and for no other.
  for (const i of upTo(entries.length))
    for (const j of upTo(entries.length)) {
      const [entry, other] = [entries[i], entries[j]];
      if (!entry || !other) throw new Error("missing");
      const { signature } = signed(other);
      expect(isSignedEntry(coordinator.publicKey, { ...entry, signature } as SignedEntry)).toBe(
        i === j,
      );
    }
});

test("nobody but the coordinator signs", () => {
  const other = identityFromSecret(unsafeSecret("other"));
  expect(isSignedEntry(coordinator.publicKey, signed(opened))).toBe(true);
  expect(isSignedEntry(other.publicKey, signed(opened))).toBe(false);
  const forged = { ...opened, signature: other.sign(entryStatement(opened)) };
  expect(isSignedEntry(coordinator.publicKey, forged)).toBe(false);
  expect(isSignedEntry(coordinator.publicKey, { ...opened, signature: new Uint8Array() })).toBe(
    false,
  );
});
