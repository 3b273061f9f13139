/** Tests of members' keys in an agent's vault: followed from the key that was pinned, never to one that it did not lead to. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Vault } from "../../agent/vault.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import type { HeldKey, KeyTrail } from "../../shared/transcript/room/state.ts";

let folder = "";
let vault: Vault;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cloister-vault-keys-"));
  vault = new Vault(folder);
});

afterEach(() => {
  vault.close();
  rmSync(folder, { recursive: true, force: true });
});

const NOW = 1000;
/** What the own copy of a history says of one member's keys, each told of at the time after the one before. */
function history(memberId: string, keys: readonly string[], revoked: readonly string[] = []) {
  const held = keys.map((identityKey, i): HeldKey => ({ identityKey, atMs: 10 + i }));
  const trails = new Map<string, KeyTrail>([[memberId, { since: 1, keys: held }]]);
  return { trails, revoked: new Map(revoked.map((key) => [key, memberId])) };
}
const follow = (...keys: readonly string[]): void =>
  vault.keys.follow(history("bank-2", keys), NOW);

test("a pinned key is followed to the last that it led to, and so is a confirmed one", () => {
  vault.keys.pin("bank-2", "a");
  vault.saveConfirmedRoster({
    roster: [
      { memberId: "bank-2", identityKey: "a".repeat(64), enrolmentSignature: "0".repeat(128) },
    ],
    statement: {
      kind: "rosterConfirmed",
      rosterHash: "0".repeat(64),
      charterHash: "0".repeat(64),
      memberId: "bank-1",
      atMs: 0,
      signature: "0".repeat(128),
    },
  });
  follow("a".repeat(64), "b", "c");
  expect([...vault.keys.pinned()]).toEqual([["bank-2", "c"]]);
  expect([...(vault.confirmedKeys() ?? [])]).toEqual([["bank-2", "c"]]);
  expect(vault.keys.trails().get("bank-2")).toEqual(["a".repeat(64), "b", "c"]);
});

test("a key that was replaced without the old one's signature is not followed", () => {
  vault.keys.pin("bank-2", "a");
  follow("x");
  follow("x", "y");
  expect([...vault.keys.pinned()]).toEqual([["bank-2", "a"]]);
});

test("the first that a key led to stands, and a circle ends", () => {
  vault.keys.pin("bank-2", "a");
  follow("a", "b");
  follow("a", "x");
  follow("b", "a");
  expect(vault.keys.latest("a")).toBe("b");
  expect(vault.keys.trailOf("b")).toContain("a");
});

test("a key is as old as the first that was heard of it, and no later than now", () => {
  vault.keys.seen("a", 500);
  follow("a");
  follow("a", "b");
  vault.keys.follow({ ...history("bank-3", ["c"]) }, 5);
  vault.keys.seen("b", 700);
  expect([...vault.keys.sinceMs()].sort()).toEqual([
    ["a", 10],
    ["b", 11],
    ["c", 5],
  ]);
});

test("what was revoked stays so", () => {
  vault.keys.follow(history("bank-2", [], ["a"]), NOW);
  vault.keys.revoke("b");
  follow("a");
  expect([...vault.keys.revoked()].sort()).toEqual(["a", "b"]);
});

test("the next own key is the same until it is adopted; then the old secret is gone, and leads to the new", () => {
  const rng = reproducibleRng("next");
  const old = vault.identitySecret(rng);
  expect(vault.keys.hasNext).toBe(false);
  const next = vault.keys.nextSecret(rng);
  expect(vault.keys.nextSecret(rng)).toEqual(next);
  expect(vault.identitySecret(rng)).toEqual(old);
  expect(vault.keys.hasNext).toBe(true);
  vault.keys.adoptNext("old", "new");
  expect(vault.identitySecret(rng)).toEqual(next);
  expect(vault.keys.hasNext).toBe(false);
  expect(vault.keys.trailOf("new")).toEqual(["old", "new"]);
  expect(vault.keys.nextSecret(rng)).not.toEqual(next);
});
