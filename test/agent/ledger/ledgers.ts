/** Ledgers for tests: in memory or on a disk, with accounts of few words. */
import { type Account, openAccount, type Terms } from "../../../agent/ledger/account.ts";
import type { StoredEntry } from "../../../agent/ledger/entry.ts";
import { firstAnchor, Ledger, type LedgerSettings } from "../../../agent/ledger/ledger.ts";
import { OPEN_SETTINGS, openLedger } from "../../../agent/ledger/open.ts";
import type { LedgerStore } from "../../../agent/ledger/store.ts";
import { randomBytes } from "../../../shared/base/env.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";

export const SECRET = randomBytes(reproducibleRng("ledger"), 32);
export const CLOCK = { nowMs: () => 0 };
export const RNG = reproducibleRng("ledger nonce");

/** What outlives a process, without a file. */
export class MemoryStore implements LedgerStore {
  readonly path = "memory";
  entries: StoredEntry[] = [];
  anchorBytes = firstAnchor(SECRET);
  #added: StoredEntry[] | null = null;

  begin(): void {
    if (this.#added) throw new Error("database is locked");
    this.#added = [];
  }
  commit(): void {
    this.entries = [...this.entries, ...(this.#added ?? [])];
    this.#added = null;
  }
  rollback(): void {
    this.#added = null;
  }
  entriesFrom(sequence: number): StoredEntry[] {
    return this.entries.filter((entry) => entry.sequence >= sequence);
  }
  append(entry: StoredEntry): void {
    this.#added?.push(entry);
  }
  anchor(): Uint8Array {
    return this.anchorBytes;
  }
  setAnchor(anchor: Uint8Array): void {
    this.anchorBytes = anchor;
  }
  close(): void {
    this.#added = null;
  }
}

export const TERMS: Terms = {
  population: "customers",
  unit: "customer",
  sketch: [],
  charterHash: "c1".repeat(32),
  budget: { epsilon: 3, delta: 1e-5, rdpOrder: 8 },
  split: { fraction: 0.2, salt: "test-room" },
  requester: "c0".repeat(32),
};

export function memoryLedger(
  store: LedgerStore = new MemoryStore(),
  settings: LedgerSettings = OPEN_SETTINGS,
): Ledger {
  const ledger = new Ledger(store, SECRET, CLOCK);
  ledger.create(settings, RNG);
  return ledger;
}

export function memoryAccount(terms: Partial<Terms> = {}, store?: LedgerStore): Account {
  return openAccount(memoryLedger(store), { ...TERMS, ...terms });
}

export function fileLedger(path: string, settings: LedgerSettings = OPEN_SETTINGS): Ledger {
  return openLedger(path, { clock: CLOCK, rng: RNG, settings }).ledger;
}
