/**
 * EDGE: members' keys in an agent's vault: pinned, followed over rotations that the old key signed for, revoked; and the
 * next key of this member's own, from the moment that it is drawn until the coordinator knows it.
 */
import type { DatabaseSync } from "node:sqlite";
import { fromHex, toHex } from "../shared/base/bytes.ts";
import { type Rng, randomBytes } from "../shared/base/env.ts";
import { transaction } from "../shared/edge/database.ts";
import type { RoomState } from "../shared/transcript/room/state.ts";

export const KEYS_SCHEMA = `
CREATE TABLE IF NOT EXISTS pinned_key (member_id TEXT PRIMARY KEY, identity_key TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS key_link (old_key TEXT PRIMARY KEY, new_key TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS key_since (identity_key TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS revoked_key (identity_key TEXT PRIMARY KEY) STRICT;`;

/** Drawn and not yet this member's. */
const NEXT = "nextIdentitySecret";

type KeyHistory = Pick<RoomState, "trails" | "revoked">;

export class VaultKeys {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** What each member's key is by now, by member id, hexadecimal: the one seen first, or that which it led to. */
  pinned(): Map<string, string> {
    return new Map([...this.#pins()].map(([memberId, key]) => [memberId, this.latest(key)]));
  }

  /** Of each pinned key all that led to it and that it led to, the oldest first. */
  trails(): Map<string, readonly string[]> {
    return new Map([...this.#pins()].map(([memberId, key]) => [memberId, this.trailOf(key)]));
  }

  /** As it is first seen. */
  pin(memberId: string, identityKey: string): void {
    this.#database
      .prepare("INSERT OR IGNORE INTO pinned_key VALUES (?, ?)")
      .run(memberId, identityKey);
  }

  /** In place of all that were pinned before. */
  repin(keys: ReadonlyMap<string, string>): void {
    this.#database.exec("DELETE FROM pinned_key");
    for (const [memberId, key] of keys) this.pin(memberId, key);
  }

  #pins(): Map<string, string> {
    const rows = this.#database.prepare("SELECT member_id, identity_key FROM pinned_key").all();
    return new Map(rows.map((row) => [String(row["member_id"]), String(row["identity_key"])]));
  }

  /** The key that a key led to. */
  latest(identityKey: string): string {
    return this.trailOf(identityKey).at(-1) ?? identityKey;
  }

  trailOf(identityKey: string): readonly string[] {
    const rows = this.#database.prepare("SELECT old_key, new_key FROM key_link").all();
    const next = new Map(rows.map((row) => [String(row["old_key"]), String(row["new_key"])]));
    const previous = new Map([...next].map(([oldKey, newKey]) => [newKey, oldKey]));
    // A set stops where it comes round again.
    const before = new Set<string>();
    for (let key = previous.get(identityKey); key && !before.has(key); key = previous.get(key))
      before.add(key);
    const after = new Set([identityKey]);
    for (let key = next.get(identityKey); key && !after.has(key); key = next.get(key))
      after.add(key);
    return [...[...before].reverse(), ...after];
  }

  revoked(): Set<string> {
    const rows = this.#database.prepare("SELECT identity_key FROM revoked_key").all();
    return new Set(rows.map((row) => String(row["identity_key"])));
  }

  /** For good: here nobody works with it any more. */
  revoke(identityKey: string): void {
    this.#database.prepare("INSERT OR IGNORE INTO revoked_key VALUES (?)").run(identityKey);
  }

  /** Since when keys are known, by key. */
  sinceMs(): Map<string, number> {
    const rows = this.#database.prepare("SELECT identity_key, at_ms FROM key_since").all();
    return new Map(rows.map((row) => [String(row["identity_key"]), Number(row["at_ms"])]));
  }

  /** The earliest time stands: whoever tells of it later makes no key younger. */
  seen(identityKey: string, atMs: number): void {
    this.#database
      .prepare(
        `INSERT INTO key_since VALUES (?, ?) ON CONFLICT (identity_key) DO UPDATE
         SET at_ms = min(at_ms, excluded.at_ms)`,
      )
      .run(identityKey, atMs);
  }

  /** What this agent's own copy of the room's history, which it has checked, says of keys. */
  follow({ trails, revoked }: KeyHistory, nowMs: number): void {
    transaction(this.#database, () => {
      for (const { keys } of trails.values())
        for (const [i, { identityKey, atMs }] of keys.entries()) {
          this.seen(identityKey, Math.min(atMs, nowMs));
          const before = keys[i - 1];
          if (before) this.#link(before.identityKey, identityKey);
        }
      for (const identityKey of revoked.keys()) this.revoke(identityKey);
    });
  }

  #link(oldKey: string, newKey: string): void {
    this.#database.prepare("INSERT OR IGNORE INTO key_link VALUES (?, ?)").run(oldKey, newKey);
  }

  /** The same until it is adopted, whatever happens meanwhile. 32 bytes. */
  nextSecret(rng: Rng): Uint8Array {
    this.#database
      .prepare("INSERT OR IGNORE INTO setting VALUES (?, ?)")
      .run(NEXT, toHex(randomBytes(rng, 32)));
    return fromHex(this.#next() ?? "");
  }

  /** Is a rotation under way? */
  get hasNext(): boolean {
    return this.#next() !== null;
  }

  #next(): string | null {
    const row = this.#database.prepare("SELECT value FROM setting WHERE name = ?").get(NEXT);
    return row ? String(row["value"]) : null;
  }

  /** The coordinator knows it: the old secret is deleted. @param oldKey and newKey: public, hexadecimal. */
  adoptNext(oldKey: string, newKey: string): void {
    transaction(this.#database, () => {
      this.#database
        .prepare("UPDATE setting SET value = ? WHERE name = 'identitySecret'")
        .run(this.#next());
      this.#database.prepare("DELETE FROM setting WHERE name = ?").run(NEXT);
      this.#link(oldKey, newKey);
    });
  }
}
