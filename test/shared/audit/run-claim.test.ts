/** Which run it is and who is in it is taken from hashes and signatures; anything else put in its place is found. */
import { expect, test } from "vitest";
import type { Check } from "../../../shared/audit/check.ts";
import { type AuditedRun, checkRun, type OwnFacts } from "../../../shared/audit/run-claim.ts";
import { runIdOf } from "../../../shared/charter/manifest.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { enrolled, signedManifest } from "../../support/manifests.ts";

const charter = smallCharter(memberIds(3));
const manifest = signedManifest(charter);
const runId = runIdOf(manifest);
const [first, second] = manifest.roster;
if (!first || !second) throw new Error("the roster has three members");
const own: OwnFacts = {
  charterHashes: new Set([manifest.charterHash]),
  coordinatorKey: manifest.coordinatorKey,
  keyTrails: new Map([[second.memberId, [second.identityKey]]]),
};

function play(
  served: { manifest?: unknown; charter?: unknown } = { manifest, charter },
  facts: OwnFacts | null = own,
  asked = runId,
): { lines: string[]; run: AuditedRun | null } {
  const checks = checkRun(asked, served, facts);
  const made: Check[] = [];
  for (;;) {
    const next = checks.next();
    if (next.done)
      return { lines: made.map(({ name, status }) => `${name} ${status}`), run: next.value };
    made.push(next.value);
  }
}

/** The same roster and charter, bound to one another anew. */
const rebound = (changes: Parameters<typeof signedManifest>[1]) => {
  const other = signedManifest(charter, changes);
  return { served: { manifest: other, charter }, id: runIdOf(other) };
};

test("a member's own run passes, by its whole id and by its beginning", () => {
  const all = ["manifest holds", "charter holds", "roster holds", "coordinator holds"];
  expect(play()).toEqual({ lines: all, run: { runId, manifest, charter } });
  expect(play(undefined, own, runId.slice(0, 6)).lines).toEqual(all);
});

test("an auditor without a folder is told that nothing says who the coordinator is", () => {
  const { lines, run } = play(undefined, null);
  expect(lines.at(-1)).toBe("coordinator unknown");
  expect(run?.runId).toBe(runId);
});

test.each<[string, unknown]>([
  ["another manifest", { ...manifest, createdAtMs: 7 }],
  ["no manifest", undefined],
  ["something else", { a: 1 }],
])("%s under the run's id is found", (_, other) => {
  expect(play({ manifest: other, charter })).toEqual({ lines: ["manifest fails"], run: null });
});

test("another charter is found, also one that the manifest is bound to", () => {
  const laxer = smallCharter(memberIds(3), { unnoisedRuns: "refused" });
  expect(play({ manifest, charter: laxer }).lines.at(-1)).toBe("charter fails");
  expect(play({ manifest }).lines.at(-1)).toBe("charter fails");
  const bound = signedManifest(laxer);
  const served = { manifest: bound, charter: laxer };
  expect(play(served, own, runIdOf(bound)).lines.at(-1)).toBe("charter fails");
  expect(play(served, null, runIdOf(bound)).run).not.toBeNull();
});

test("a member that did not sign the charter with its key is found", () => {
  const stranger = enrolled("bank-3", "00".repeat(32));
  const { served, id } = rebound({ roster: [first, second, stranger] });
  expect(play(served, null, id).lines.at(-1)).toBe("roster fails");
});

test("a key that is not the one seen before is found by those who saw it", () => {
  const keyTrails = new Map([[first.memberId, [second.identityKey]]]);
  expect(play(undefined, { ...own, keyTrails }).lines.at(-1)).toBe("roster fails");
});

test("another coordinator than the pinned one is found", () => {
  const { served, id } = rebound({ coordinatorKey: "c1".repeat(32) });
  expect(play(served, own, id)).toEqual({
    lines: ["manifest holds", "charter holds", "roster holds", "coordinator fails"],
    run: null,
  });
});

test("a key on the trail of the one that is known passes, before and after it; another does not", () => {
  const [old, later] = ["0a".repeat(32), "0b".repeat(32)];
  for (const trail of [
    [second.identityKey, later],
    [old, second.identityKey],
  ]) {
    const keyTrails = new Map([[second.memberId, trail]]);
    expect(play(undefined, { ...own, keyTrails }).lines).toContain("roster holds");
  }
  const keyTrails = new Map([[second.memberId, [old, later]]]);
  expect(play(undefined, { ...own, keyTrails }).lines.at(-1)).toBe("roster fails");
});
