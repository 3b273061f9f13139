/** A snapshot knows what the ledger's file says, believes no changed one, and leaves every file as it was. */
import { createHash } from "node:crypto";
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openAccount } from "../../../agent/ledger/account.ts";
import type { Ledger } from "../../../agent/ledger/ledger.ts";
import { openSnapshot } from "../../../agent/ledger/open.ts";
import { anchorPath, keyPath } from "../../../agent/ledger/store.ts";
import { CLOCK, fileLedger, RNG, TERMS } from "./ledgers.ts";

const DEBIT = {
  runId: "ab".repeat(32),
  round: 0,
  attempt: 0,
  askKind: "gradient",
  partition: "train",
  event: { kind: "gaussian", noiseMultiplier: 4 },
  parameters: null,
} as const;
const env = { clock: CLOCK, rng: RNG };
let folder = "";
let open: Ledger[] = [];
const path = (): string => join(folder, "ledger.db");

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "snapshot-"));
});
afterEach(() => {
  for (const ledger of open) ledger.close();
  open = [];
  rmSync(folder, { recursive: true });
});

function debited(): Ledger {
  const ledger = fileLedger(path());
  open.push(ledger);
  openAccount(ledger, TERMS).debit(DEBIT);
  return ledger;
}

/** Of every file; the index of a log that is open is SQLite's scratch memory, which readers mark. */
function hashes(): string[] {
  const names = readdirSync(folder).filter((name) => !name.endsWith("-shm"));
  return names.sort().map((name) => {
    const hash = createHash("sha256").update(readFileSync(join(folder, name)));
    return `${name} ${hash.digest("hex")}`;
  });
}

test("a ledger that nobody has open is read as it is; what is entered is forgotten, and no file changes", () => {
  const ledger = debited();
  const { head } = ledger.book;
  ledger.close();
  open = [];
  const before = hashes();
  expect(before).toHaveLength(3); // The database, its key and its anchor.
  const snapshot = openSnapshot(path(), ledger.book.id, env).ledger;
  expect(snapshot.book.head).toEqual(head);
  const account = openAccount(snapshot, { ...TERMS, population: "others" });
  expect(account.debit({ ...DEBIT, attempt: 1 })).toBe("debited");
  expect(snapshot.book.head.sequence).toBe(head.sequence + 3);
  snapshot.close();
  expect(hashes()).toEqual(before);
  expect(readdirSync(folder)).toHaveLength(3);
  expect(openSnapshot(path(), null, env).ledger.book.head).toEqual(head);
});

test("a ledger at work is read to its last entry, and goes on undisturbed", () => {
  const ledger = debited();
  const before = hashes();
  const snapshot = openSnapshot(path(), null, env).ledger;
  expect(snapshot.book.head).toEqual(ledger.book.head);
  expect(hashes()).toEqual(before);
  const account = openAccount(ledger, TERMS);
  expect(account.debit({ ...DEBIT, attempt: 1 })).toBe("debited");
  expect(snapshot.book.head.sequence).toBe(ledger.book.head.sequence - 1);
});

test("what was changed, is missing, or belongs to another ledger is not believed", () => {
  debited();
  const code = expect.objectContaining({ code: "ledger.damaged" });
  const opened =
    (id: string | null = null) =>
    () =>
      openSnapshot(path(), id, env);
  expect(opened("cd".repeat(32))).toThrow(code);
  const anchor = readFileSync(anchorPath(path()));
  const changed = Buffer.from(anchor);
  changed[10] = (changed[10] ?? 0) ^ 1;
  writeFileSync(anchorPath(path()), changed);
  expect(opened()).toThrow(code);
  writeFileSync(anchorPath(path()), anchor);
  expect(opened()).not.toThrow();
  appendFileSync(anchorPath(path()), "x");
  expect(opened()).toThrow(code);
  writeFileSync(anchorPath(path()), anchor);
  rmSync(keyPath(path()));
  expect(opened()).toThrow(code);
});
