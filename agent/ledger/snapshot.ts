/** EDGE: a ledger's files, read once; whatever is appended stays in memory. For whoever only asks what would be. */
import { readFileSync } from "node:fs";
import { readDatabase } from "../../shared/edge/database.ts";
import type { StoredEntry } from "./entry.ts";
import { anchorPath, type LedgerStore } from "./store.ts";

export class SnapshotStore implements LedgerStore {
  readonly path: string;
  #anchor: Uint8Array;
  readonly #entries: StoredEntry[];
  /** Of the transaction under way. */
  #added: StoredEntry[] = [];

  constructor(path: string) {
    this.path = path;
    this.#anchor = readFileSync(anchorPath(path)); // Read first: it is never ahead.
    this.#entries = entriesIn(path);
  }

  begin(): void {
    this.#added = [];
  }

  commit(): void {
    this.#entries.push(...this.#added);
    this.#added = [];
  }

  rollback(): void {
    this.#added = [];
  }

  entriesFrom(sequence: number): StoredEntry[] {
    return this.#entries.filter((entry) => entry.sequence >= sequence);
  }

  append(entry: StoredEntry): void {
    this.#added.push(entry);
  }

  anchor(): Uint8Array {
    return this.#anchor;
  }

  setAnchor(anchor: Uint8Array): void {
    this.#anchor = anchor;
  }

  close(): void {
    this.#entries.length = 0;
  }
}

function entriesIn(path: string): StoredEntry[] {
  const database = readDatabase(path);
  try {
    const rows = database.prepare("SELECT sequence, body, mac FROM entry ORDER BY sequence").all();
    return rows.map((row) => ({
      sequence: Number(row["sequence"]),
      text: String(row["body"]),
      mac: String(row["mac"]),
    }));
  } finally {
    database.close();
  }
}
