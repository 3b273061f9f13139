/**
 * EDGE: a ledger's files: the chain in an SQLite database, the secret that guards it, and the anchor,
 * which remembers where the chain ended.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { fromHex, toHex, utf8 } from "../../shared/base/bytes.ts";
import { type Rng, randomBytes } from "../../shared/base/env.ts";
import { openDatabase } from "../../shared/edge/database.ts";
import { makeFolder } from "../../shared/edge/files.ts";
import { ANCHOR_BYTES } from "./anchor.ts";
import { damaged } from "./damage.ts";
import type { StoredEntry } from "./entry.ts";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS entry (
  sequence INTEGER PRIMARY KEY,
  body TEXT NOT NULL,
  mac TEXT NOT NULL
) STRICT;`;

/** What a ledger needs of a disk. Each call is a step at which a process may die. */
export interface LedgerStore {
  /** For errors: where it is. */
  readonly path: string;
  /** Keeps every other writer out, in whatever process, until `commit` or `rollback`. */
  begin(): void;
  /** Durable when it returns. */
  commit(): void;
  rollback(): void;
  /** Those numbered `sequence` or more, in order. */
  entriesFrom(sequence: number): Iterable<StoredEntry>;
  append(entry: StoredEntry): void;
  anchor(): Uint8Array;
  /** Not synchronised: after a crash of the machine it may be an older one. */
  setAnchor(anchor: Uint8Array): void;
  close(): void;
}

export const keyPath = (path: string): string => `${path}.key`;
export const anchorPath = (path: string): string => `${path}.anchor`;

/** The ledger's secret, 32 bytes; drawn on first use. @throws {CloisterError} If it is no secret. */
export function ledgerSecret(path: string, rng: Rng): Uint8Array {
  const file = keyPath(path);
  makeFolder(dirname(path), 0o700);
  if (!existsSync(file)) createDurably(file, utf8(`${toHex(randomBytes(rng, 32))}\n`));
  const text = readFileSync(file, "latin1").trim();
  if (!/^[0-9a-f]{64}$/.test(text)) throw damaged(path, `${file} does not hold the ledger's key`);
  return fromHex(text);
}

/** Whole on the disk or not there; what is there already stays. */
function createDurably(path: string, bytes: Uint8Array): void {
  const temporary = `${path}.${process.pid}.tmp`;
  const file = openSync(temporary, "w", 0o600);
  try {
    writeSync(file, bytes);
    fsyncSync(file);
    linkSync(temporary, path);
  } catch (error) {
    if (!existsSync(path)) throw error;
  } finally {
    closeSync(file);
    rmSync(temporary);
  }
}

export class FileStore implements LedgerStore {
  readonly path: string;
  readonly #database: DatabaseSync;
  readonly #inode: number;
  readonly #anchor: number;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollback: StatementSync;
  readonly #from: StatementSync;
  readonly #insert: StatementSync;

  /** @param firstAnchor Of the empty chain: written before the first entry, so that none is ever without. */
  constructor(path: string, firstAnchor: Uint8Array) {
    this.path = path;
    this.#database = openDatabase(path, SCHEMA);
    this.#inode = statSync(path).ino;
    const prepare = (sql: string): StatementSync => this.#database.prepare(sql);
    this.#begin = prepare("BEGIN IMMEDIATE");
    this.#commit = prepare("COMMIT");
    this.#rollback = prepare("ROLLBACK");
    this.#from = prepare(
      "SELECT sequence, body, mac FROM entry WHERE sequence >= ? ORDER BY sequence",
    );
    this.#from.setReturnArrays(true); // Verifying a long ledger is mostly reading.
    this.#insert = prepare("INSERT INTO entry VALUES (?, ?, ?)");
    const anchor = anchorPath(path);
    if (!existsSync(anchor)) {
      if (this.#from.get(0)) throw damaged(path, `its anchor ${anchor} is missing`);
      createDurably(anchor, firstAnchor);
    }
    this.#anchor = openSync(anchor, "r+");
  }

  begin(): void {
    if (statSync(this.path, { throwIfNoEntry: false })?.ino !== this.#inode)
      throw damaged(this.path, "the file was taken away or replaced while in use");
    this.#begin.run();
  }

  commit(): void {
    this.#commit.run();
  }

  rollback(): void {
    if (this.#database.isTransaction) this.#rollback.run(); // A failed commit may have ended it.
  }

  *entriesFrom(sequence: number): Iterable<StoredEntry> {
    const rows: Iterable<unknown> = this.#from.iterate(sequence);
    for (const row of rows as Iterable<unknown[]>)
      yield { sequence: Number(row[0]), text: String(row[1]), mac: String(row[2]) };
  }

  append({ sequence, text, mac }: StoredEntry): void {
    this.#insert.run(sequence, text, mac);
  }

  anchor(): Uint8Array {
    const bytes = new Uint8Array(ANCHOR_BYTES + 1); // One more, to see that it is not longer.
    return bytes.subarray(0, readSync(this.#anchor, bytes, 0, bytes.length, 0));
  }

  setAnchor(anchor: Uint8Array): void {
    writeSync(this.#anchor, anchor, 0, anchor.length, 0);
  }

  /** What a ledger of the time before the chain holds. Inside a transaction. */
  oldReleases(): Record<string, unknown>[] {
    const known = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'release'";
    if (!this.#database.prepare(known).get()) return [];
    return this.#database.prepare("SELECT * FROM release ORDER BY sequence").all();
  }

  dropOldReleases(): void {
    this.#database.exec("DROP TABLE IF EXISTS release");
  }

  close(): void {
    closeSync(this.#anchor);
    this.#database.close();
  }
}
