/** A vault that is only read: what it knows, that it cannot be written, and that an older one is refused in words. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Vault, vaultPath } from "../../agent/vault.ts";
import { diskFault } from "../../shared/edge/disk-fault.ts";

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

test("a database that may not be written is not called damaged, one that is none is, and a full disk is no bug", () => {
  const path = vaultPath(folder);
  new Vault(folder).close();
  const readOnly = new DatabaseSync(path, { readOnly: true });
  const written = (): unknown => readOnly.exec("CREATE TABLE t (c)");
  expect(faultOf(written)).toContain("read-only");
  readOnly.close();
  const small = new DatabaseSync(path);
  small.exec("CREATE TABLE t (c); PRAGMA max_page_count = 40;");
  const fill = (): unknown => small.prepare("INSERT INTO t VALUES (zeroblob(1000000))").run();
  expect(faultOf(fill)).toContain("the disk is full");
  small.close();
  writeFileSync(path, "not a database");
  expect(() => new Vault(folder)).toThrow(/cannot be opened as a database: it is damaged/);
});

const faultOf = (action: () => unknown): string | null => {
  try {
    action();
  } catch (error) {
    return diskFault(error);
  }
  throw new Error("nothing was thrown");
};

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
