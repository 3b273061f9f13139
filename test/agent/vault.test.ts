/** A vault that is only read: what it knows, that it cannot be written, and that an older one is refused in words. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Vault, vaultPath } from "../../agent/vault.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vault-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const failing = (code: string): unknown => expect.objectContaining({ code });

test("it knows what was written, also while it is open elsewhere, and refuses to be written", () => {
  const vault = new Vault(folder);
  vault.keys.pin("bank-2", "b2");
  const open = Vault.forReading(folder);
  expect([...open.keys.pinned()]).toEqual([["bank-2", "b2"]]);
  expect(() => open.keys.pin("bank-3", "b3")).toThrow("readonly");
  open.close();
  vault.close();
  const closed = Vault.forReading(folder);
  expect([...closed.keys.pinned()]).toEqual([["bank-2", "b2"]]);
  expect(() => closed.keys.pin("bank-3", "b3")).toThrow("readonly");
  closed.close();
});

test("none, no database and an older version's are told apart", () => {
  expect(() => Vault.forReading(folder)).toThrow(failing("agent.not-enrolled"));
  writeFileSync(vaultPath(folder), "not a database");
  expect(() => Vault.forReading(folder)).toThrow(failing("database.unusable"));
  rmSync(vaultPath(folder));
  const older = new DatabaseSync(vaultPath(folder));
  older.exec("CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT");
  older.close();
  expect(() => Vault.forReading(folder)).toThrow(failing("agent.older-vault"));
});
