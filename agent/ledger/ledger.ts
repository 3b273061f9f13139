/**
 * A member's privacy ledger: what its populations have given away, append-only, chained and under MACs.
 * Verified in full when opened, and before every decision from where it was last seen. Several agents may
 * share one: a decision and its entry are one transaction of the store, which keeps the others out. Pure,
 * but for the store that it is given.
 */
import { toHex } from "../../shared/base/bytes.ts";
import { type Clock, type Rng, randomBytes } from "../../shared/base/env.ts";
import { deriveKey, type MacKey, macKey } from "../../shared/crypto/hash.ts";
import { LABELS } from "../../shared/crypto/labels.ts";
import { decodeAnchor, encodeAnchor } from "./anchor.ts";
import { type Book, emptyBook, record } from "./book.ts";
import { damaged } from "./damage.ts";
import {
  type Budget,
  type ChainFault,
  EMPTY,
  type Entry,
  type Governance,
  openEntry,
  type StoredEntry,
  sealEntry,
} from "./entry.ts";
import type { LedgerStore } from "./store.ts";

type Unplaced<E> = E extends Entry
  ? Omit<E, "sequence" | "previous" | "atMs"> & { readonly atMs?: number }
  : never;
/** An entry without its place, which the ledger gives it, and now's time if it has none. */
export type NewEntry = Unplaced<Entry>;

/** Fixed when the ledger is made. */
export interface LedgerSettings {
  readonly governance: Governance | null;
  readonly lifetime: Budget | null;
}

export const ledgerKey = (secret: Uint8Array): MacKey =>
  macKey(deriveKey(secret, LABELS.ledgerMacKey));

/** What a store without entries is given as its anchor. */
export const firstAnchor = (secret: Uint8Array): Uint8Array =>
  encodeAnchor(ledgerKey(secret), EMPTY);

const FAULTS: Readonly<Record<ChainFault, string>> = {
  missing: "is missing",
  changed: "was changed after it was written",
  reordered:
    "does not follow the one before it: entries were deleted, added or put in another order",
};

export class Ledger {
  readonly #store: LedgerStore;
  readonly #clock: Clock;
  readonly #key: MacKey;
  #book: Book = emptyBook();
  /** The last entry, as it lay on the disk. */
  #last: StoredEntry | null = null;

  /**
   * @param secret The ledger's, 32 bytes.
   * @throws {CloisterError} `ledger.damaged` If anything in it is not as it was written.
   */
  constructor(store: LedgerStore, secret: Uint8Array, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#key = ledgerKey(secret);
    const anchor = decodeAnchor(this.#key, store.anchor()); // Read first: it is never ahead.
    if (!anchor) throw damaged(store.path, "its anchor was changed");
    const passed = this.#refresh(anchor.sequence);
    if (this.book.head.sequence < anchor.sequence) {
      const end = `it ends with entry ${this.book.head.sequence}, but its anchor knows entry ${anchor.sequence}`;
      throw damaged(store.path, `${end}: the file was cut or an older one put in its place`);
    }
    if (passed !== anchor.hash)
      throw damaged(store.path, `entry ${anchor.sequence} is not the one that the anchor knows`);
  }

  /** What the entries add up to, as of the last look. */
  get book(): Book {
    return this.#book;
  }

  get path(): string {
    return this.#store.path;
  }

  /** Takes up what other processes wrote. */
  refresh(): void {
    this.#refresh(0);
  }

  /** Makes the first entry, unless it is there. */
  create({ governance, lifetime }: LedgerSettings, rng: Rng): void {
    const nonce = toHex(randomBytes(rng, 32));
    const about = { format: "cloister-ledger", version: 1 } as const;
    this.write(({ head }) =>
      head.sequence > 0 ? [] : [{ kind: "created", ...about, nonce, governance, lifetime }],
    );
  }

  /**
   * One transaction: `decide` sees everything that any process has written, and what it returns is
   * durable when this returns. Whoever lets something leave does so after.
   */
  write(decide: (book: Book) => readonly NewEntry[]): void {
    this.#store.begin();
    let sealed: readonly Sealed[];
    try {
      this.#refresh(0);
      sealed = this.#seal(decide(this.#book));
      for (const { stored } of sealed) this.#store.append(stored);
      this.#store.commit();
    } catch (error) {
      this.#store.rollback();
      throw error;
    }
    for (const { entry, stored, head } of sealed) this.#take(entry, stored, head);
    if (sealed.length > 0) this.#store.setAnchor(encodeAnchor(this.#key, this.#book.head));
  }

  close(): void {
    this.#store.close();
  }

  #seal(entries: readonly NewEntry[]): Sealed[] {
    let { head } = this.#book;
    return entries.map((added) => {
      const place = { sequence: head.sequence + 1, previous: head.hash };
      const entry: Entry = { ...added, ...place, atMs: added.atMs ?? this.#clock.nowMs() };
      const sealed = sealEntry(this.#key, entry);
      head = sealed.head;
      return { entry, ...sealed };
    });
  }

  /** @returns The hash of entry `at`, if it is passed. */
  #refresh(at: number): string | null {
    const last = this.#last;
    let hashAt = at === 0 ? EMPTY.hash : null;
    let seen = last === null;
    for (const stored of this.#store.entriesFrom(last?.sequence ?? 0)) {
      if (!seen && last) {
        if (stored.sequence !== last.sequence) throw this.#fault(last.sequence, "missing");
        const same = stored.text === last.text && stored.mac === last.mac;
        if (!same) throw this.#fault(last.sequence, "changed");
        seen = true;
        continue;
      }
      const opened = openEntry(this.#key, this.#book.head, stored);
      if ("fault" in opened) throw this.#fault(this.#book.head.sequence + 1, opened.fault);
      this.#take(opened.entry, stored, opened.head);
      if (opened.head.sequence === at) hashAt = opened.head.hash;
    }
    if (!seen && last) throw this.#fault(last.sequence, "missing");
    return hashAt;
  }

  #take(entry: Entry, stored: StoredEntry, head: Book["head"]): void {
    record(this.#book, entry, head);
    this.#last = stored;
  }

  #fault(sequence: number, fault: ChainFault): Error {
    return damaged(this.#store.path, `entry ${sequence} ${FAULTS[fault]}`);
  }
}

interface Sealed {
  readonly entry: Entry;
  readonly stored: StoredEntry;
  readonly head: Book["head"];
}
