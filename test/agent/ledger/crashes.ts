/**
 * A disk, and processes that die at any step of a debit or are interrupted by another process there. The
 * ledger is the real one; every call to its store is a step. Bugs can be planted, one at a time.
 */
import { type Account, openAccount } from "../../../agent/ledger/account.ts";
import type { StoredEntry } from "../../../agent/ledger/entry.ts";
import { Ledger } from "../../../agent/ledger/ledger.ts";
import type { LedgerStore } from "../../../agent/ledger/store.ts";
import type { DpEvent } from "../../../shared/privacy/accounting/events.ts";
import { CLOCK, MemoryStore, memoryAccount, SECRET, TERMS } from "./ledgers.ts";

/** At most three of these fit the budget of `TERMS`. */
export const EVENT: DpEvent = { kind: "gaussian", noiseMultiplier: 2.6 };

export type Bug =
  | "answers before it is durable"
  | "answers again"
  | "anchors before it commits"
  | "locks nothing"
  | "pays back";

export interface Disk {
  entries: StoredEntry[];
  anchor: Uint8Array;
  /** Written to the cache of a system that says it is durable: only with a bug. */
  unsynced: StoredEntry[];
  locked: boolean;
  readonly anchors: Uint8Array[];
}

const fresh = new MemoryStore();
memoryAccount({}, fresh);

export const freshDisk = (): Disk => ({
  entries: fresh.entries,
  anchor: fresh.anchorBytes,
  unsynced: [],
  locked: false,
  anchors: [fresh.anchorBytes],
});

/** The process is gone; what it did not make durable is lost. */
export class Crash extends Error {}

/** What happens before the `count`-th step of a request. */
export interface Interruption {
  readonly atStep: number;
  readonly act: () => void;
}

export class Process {
  readonly #bug: Bug | null;
  readonly #account: Account;
  #step = 0;
  #interruption: Interruption | null = null;

  constructor(disk: Disk, bug: Bug | null) {
    this.#bug = bug;
    const store = new SteppingStore(disk, bug, () => this.#stepped());
    this.#account = openAccount(new Ledger(store, SECRET, CLOCK), TERMS);
  }

  /** Answers one request as the gate does; `leave` is the vector's way out. */
  request(attempt: number, leave: () => void, interruption: Interruption | null): void {
    this.#step = 0;
    this.#interruption = interruption;
    const run = { runId: "run", askKind: "gradient", partition: "train", event: EVENT } as const;
    const parameters = { dimension: 1, ringBits: 32 };
    const outcome = this.#account.debit({ ...run, round: attempt, attempt, parameters });
    this.#stepped();
    const again = this.#bug === "answers again" && outcome === "alreadyAnswered";
    if (outcome === "debited" || again) leave();
    this.#stepped();
  }

  #stepped(): void {
    if (this.#interruption?.atStep !== this.#step++) return;
    this.#interruption.act();
  }
}

/** Begin, read, append, commit, anchor, each with a step before and after it; and around the answer. */
export const STEPS_MAX = 14;

class SteppingStore implements LedgerStore {
  readonly path = "disk";
  readonly #disk: Disk;
  readonly #bug: Bug | null;
  readonly #step: () => void;
  #view: StoredEntry[] | null = null;

  constructor(disk: Disk, bug: Bug | null, step: () => void) {
    this.#disk = disk;
    this.#bug = bug;
    this.#step = step;
  }

  begin(): void {
    this.#step();
    if (this.#bug !== "locks nothing") {
      if (this.#disk.locked) throw new Error("database is locked");
      this.#disk.locked = true;
    }
    this.#view = [...this.#disk.entries, ...this.#disk.unsynced];
    this.#step();
  }

  commit(): void {
    this.#step();
    const view = this.#view ?? [];
    if (this.#bug === "answers before it is durable") {
      const { entries, unsynced } = this.#disk;
      this.#disk.entries = [...entries, ...unsynced];
      this.#disk.unsynced = view.slice(this.#disk.entries.length);
    } else this.#disk.entries = view;
    this.#disk.locked = false;
    this.#view = null;
    this.#step();
  }

  rollback(): void {
    if (this.#view) this.#disk.locked = false;
    this.#view = null;
  }

  entriesFrom(sequence: number): StoredEntry[] {
    this.#step();
    const view = this.#view ?? [...this.#disk.entries, ...this.#disk.unsynced];
    return view.filter((entry) => entry.sequence >= sequence);
  }

  append(entry: StoredEntry): void {
    this.#step();
    this.#view?.push(entry);
    if (this.#bug === "anchors before it commits") this.#disk.anchor = anchorAhead(this.#disk);
    this.#step();
  }

  anchor(): Uint8Array {
    return this.#disk.anchor;
  }

  setAnchor(anchor: Uint8Array): void {
    this.#step();
    this.#disk.anchor = anchor;
    this.#disk.anchors.push(anchor);
    this.#step();
  }

  close(): void {
    this.rollback();
  }
}

/** The anchor that this ledger's next entry will have. */
function anchorAhead(disk: Disk): Uint8Array {
  const store = new MemoryStore();
  store.entries = disk.entries;
  store.anchorBytes = disk.anchor;
  const account = openAccount(new Ledger(store, SECRET, CLOCK), TERMS);
  const run = { runId: "ahead", askKind: "gradient", partition: "train", event: null } as const;
  account.debit({ ...run, round: 0, attempt: 0, parameters: { dimension: 1, ringBits: 32 } });
  return store.anchorBytes;
}
