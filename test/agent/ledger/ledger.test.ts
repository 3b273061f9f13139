/** The chain: whatever is done to a ledger's files is found, and the entry named. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openAccount } from "../../../agent/ledger/account.ts";
import { EMPTY, openEntry, type StoredEntry, sealEntry } from "../../../agent/ledger/entry.ts";
import { type Ledger, ledgerKey } from "../../../agent/ledger/ledger.ts";
import { carryOver } from "../../../agent/ledger/migrate.ts";
import { openKnownLedger, openLedger } from "../../../agent/ledger/open.ts";
import { anchorPath, keyPath } from "../../../agent/ledger/store.ts";
import { sampledGaussian } from "../../../shared/privacy/accounting/events.ts";
import { CLOCK, fileLedger, MemoryStore, memoryLedger, RNG, SECRET, TERMS } from "./ledgers.ts";

const EVENT = sampledGaussian(0.5, 30);
const env = { clock: CLOCK, rng: RNG };
let folder = "";
let path = "";
const opened: Ledger[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ledger-"));
  path = join(folder, "ledger.db");
});
afterEach(() => {
  for (const ledger of opened.splice(0)) ledger.close();
  rmSync(folder, { recursive: true });
});

function open(): Ledger {
  const ledger = fileLedger(path);
  opened.push(ledger);
  return ledger;
}

function spend(ledger: Ledger, count: number, from = 0): void {
  const account = openAccount(ledger, TERMS);
  const parameters = { dimension: 10, ringBits: 32 };
  const run = { runId: "run", askKind: "gradient", partition: "train", event: EVENT } as const;
  for (let attempt = from; attempt < from + count; attempt++)
    expect(account.debit({ ...run, round: attempt, attempt, parameters })).toBe("debited");
}

/** A ledger of 8 entries (made, population, policy, 5 debits), closed. */
function closedLedger(): void {
  const ledger = fileLedger(path);
  spend(ledger, 5);
  ledger.close();
}

function tamper(sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

test("a ledger opened again adds up to the same", () => {
  closedLedger();
  const { book } = open();
  expect(book.head.sequence).toBe(8);
  expect(book.runs.get("run")?.attempts.size).toBe(5);
});

const SWAP = `UPDATE entry SET sequence = 100 WHERE sequence = 5; UPDATE entry SET sequence = 5 WHERE sequence = 6;
  UPDATE entry SET sequence = 6 WHERE sequence = 100`;
test.each([
  [
    "a field",
    `UPDATE entry SET body = replace(body, '"attempt":2', '"attempt":9')`,
    "entry 6 was changed",
  ],
  [
    "a MAC",
    "UPDATE entry SET mac = (SELECT mac FROM entry WHERE sequence = 4) WHERE sequence = 5",
    "entry 5 was changed",
  ],
  ["an entry less", "DELETE FROM entry WHERE sequence = 5", "entry 5 is missing"],
  ["the first less", "DELETE FROM entry WHERE sequence = 1", "entry 1 is missing"],
  [
    "closed ranks",
    "DELETE FROM entry WHERE sequence = 5; UPDATE entry SET sequence = sequence - 1 WHERE sequence > 5",
    "entry 5 does not follow",
  ],
  ["another order", SWAP, "entry 5 does not follow"],
  [
    "an entry twice",
    "INSERT INTO entry SELECT 9, body, mac FROM entry WHERE sequence = 8",
    "entry 9 does not follow",
  ],
  [
    "the last less",
    "DELETE FROM entry WHERE sequence = 8",
    "ends with entry 7, but its anchor knows entry 8",
  ],
  [
    "all but the first less",
    "DELETE FROM entry WHERE sequence > 1",
    "ends with entry 1, but its anchor",
  ],
  ["none left", "DELETE FROM entry", "ends with entry 0, but its anchor"],
])("%s: found, and said where", (_, sql, fault) => {
  closedLedger();
  open().close();
  opened.pop();
  tamper(sql);
  expect(() => open()).toThrow(fault);
});

/** The chain of a forger who has everything but the key: entry 5 dropped, all hashes computed anew. */
function forged(
  entries: readonly StoredEntry[],
  keep: (sequence: number) => boolean,
): StoredEntry[] {
  let head = EMPTY;
  return entries
    .filter(({ sequence }) => keep(sequence))
    .map((stored) => {
      const entry = {
        ...JSON.parse(stored.text),
        previous: head.hash,
        sequence: head.sequence + 1,
      };
      const made = sealEntry(ledgerKey(new Uint8Array(32)), entry);
      head = made.head;
      return { ...made.stored, mac: stored.mac };
    });
}

test("whoever computes all hashes anew still lacks the key", () => {
  const store = new MemoryStore();
  spend(memoryLedger(store), 5);
  const honest = store.entries;
  store.entries = forged(honest, () => true);
  memoryLedger(store); // The same text gives the same hash: the forger's arithmetic is right.
  store.entries = forged(honest, (sequence) => sequence !== 5);
  expect(store.entries.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(() => memoryLedger(store)).toThrow("entry 5 was changed");
  expect(
    openEntry(ledgerKey(SECRET), EMPTY, honest[0] ?? { sequence: 1, text: "", mac: "" }),
  ).toHaveProperty("entry");
});

test("two histories of one ledger, after a copy was put back, do not mix", () => {
  const store = new MemoryStore();
  spend(memoryLedger(store), 1);
  const fork = new MemoryStore();
  [fork.entries, fork.anchorBytes] = [store.entries, store.anchorBytes];
  spend(memoryLedger(store), 2, 1);
  spend(memoryLedger(fork), 2, 7);
  const other = new MemoryStore();
  [other.entries, other.anchorBytes] = [store.entries, fork.anchorBytes];
  expect(() => memoryLedger(other)).toThrow("entry 6 is not the one that the anchor knows");
  other.entries = [...store.entries.slice(0, 5), ...fork.entries.slice(5)];
  expect(() => memoryLedger(other)).toThrow("entry 6 does not follow");
});

test("an older copy of the ledger beside the newer anchor is found; so is a changed or missing anchor", () => {
  const ledger = fileLedger(path);
  spend(ledger, 2);
  ledger.close();
  copyFileSync(path, join(folder, "old.db"));
  const anchor = readFileSync(anchorPath(path));
  const again = fileLedger(path);
  spend(again, 2, 2);
  again.close();
  const newer = readFileSync(path);
  copyFileSync(join(folder, "old.db"), path);
  expect(() => fileLedger(path)).toThrow("an older one put in its place");
  writeFileSync(path, newer);
  const recent = readFileSync(anchorPath(path));
  writeFileSync(
    anchorPath(path),
    recent.map((byte, i) => (i === 0 ? byte - 1 : byte)),
  );
  expect(() => fileLedger(path)).toThrow("its anchor was changed");
  rmSync(anchorPath(path));
  expect(() => fileLedger(path)).toThrow("its anchor");
  writeFileSync(anchorPath(path), anchor);
  open(); // An anchor that lags is what a crash leaves.
});

test("a ledger whose files are gone, or are another ledger's, is not begun anew", () => {
  closedLedger();
  const first = fileLedger(path);
  const { id } = first.book;
  first.close();
  openKnownLedger(path, id, env).ledger.close();
  expect(() => openKnownLedger(path, "00".repeat(32), env)).toThrow("not the ledger");
  rmSync(keyPath(path));
  expect(() => openKnownLedger(path, id, env)).toThrow(".key is missing");
  for (const file of [path, `${path}-wal`, `${path}-shm`, anchorPath(path)])
    rmSync(file, { force: true });
  expect(() => openKnownLedger(path, id, env)).toThrow("ledger.db is missing");
});

test("what is done under a running agent stops it before its next debit", () => {
  const ledger = open();
  spend(ledger, 3);
  tamper("DELETE FROM entry WHERE sequence = 6");
  expect(() => spend(ledger, 1, 3)).toThrow("entry 6 is missing");
  rmSync(path);
  expect(() => spend(ledger, 1, 3)).toThrow("taken away or replaced");
});

test("agents that share a ledger see each other's entries, without a restart", () => {
  const [first, second] = [open(), open()];
  spend(first, 2);
  const account = openAccount(second, TERMS);
  expect(account.lastAttempt("run")).toBe(1);
  spend(second, 2, 2);
  expect(openAccount(first, TERMS).answers("run", "gradient")).toBe(4);
});

test("a ledger of the time before the chain is carried over whole, once", () => {
  const database = new DatabaseSync(path);
  database.exec(`CREATE TABLE release (sequence INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, attempt INTEGER NOT NULL,
    ask_kind TEXT NOT NULL, partition TEXT NOT NULL, event TEXT, rdp REAL NOT NULL, at_ms INTEGER NOT NULL, UNIQUE (run_id, attempt)) STRICT`);
  const insert = database.prepare(
    "INSERT INTO release (run_id, attempt, ask_kind, partition, event, rdp, at_ms) VALUES ('old', ?, 'gradient', 'train', ?, 0, 77)",
  );
  for (let i = 0; i < 4; i++) insert.run(i, i === 3 ? null : JSON.stringify(EVENT));
  database.close();
  for (let i = 0; i < 2; i++) {
    const { ledger, store } = openLedger(path, env);
    opened.push(ledger);
    const account = openAccount(ledger, TERMS);
    carryOver(store, ledger, TERMS);
    expect(account.answers("old", "gradient")).toBe(4);
    expect(account.lastRound("old")).toBe(3); // It kept no rounds: none is higher than its attempt.
    expect(ledger.book.runs.get("old")?.firstMs).toBe(77);
    expect(account.spentEvents("train").events).toEqual([
      { kind: "selfComposed", event: EVENT, count: 3 },
    ]);
    expect(ledger.book.head.sequence).toBe(7);
  }
});
