/** EDGE: an SQLite file of ours: durable when a transaction returns, readable by its owner only. */
import { chmodSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { CloisterError } from "../base/errors.ts";
import { diskFault } from "./disk-fault.ts";
import { makeFolder } from "./files.ts";

/** How long another process may be at its transaction, on a slow disk or a busy machine, before this one gives up. */
const BUSY_MS = 20_000;

/** @throws {CloisterError} If the file is not a database of ours, or is locked by another process. */
export function openDatabase(path: string, schema: string): DatabaseSync {
  makeFolder(dirname(path), 0o700);
  try {
    const database = new DatabaseSync(path, { timeout: BUSY_MS });
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    database.exec(schema);
    chmodSync(path, 0o600);
    return database;
  } catch (cause) {
    throw unusable(path, cause);
  }
}

/**
 * An SQLite file of ours for reading, also while another process writes it. Nothing is written: neither the file nor
 * one beside it.
 *
 * @throws {CloisterError} If the file is not a database.
 */
export function readDatabase(path: string): DatabaseSync {
  try {
    const log = statSync(`${path}-wal`, { throwIfNoEntry: false });
    const url = pathToFileURL(path);
    // Without a log nobody has it open, and SQLite would make one to read by. Who opens it now writes to a log first.
    if (log === undefined) url.searchParams.set("immutable", "1");
    const database = new DatabaseSync(url, { readOnly: true, timeout: BUSY_MS });
    database.prepare("SELECT count(*) FROM sqlite_schema").get();
    return database;
  } catch (cause) {
    throw unusable(path, cause);
  }
}

function unusable(path: string, cause: unknown): CloisterError {
  const why = diskFault(cause) ?? "it is not one of ours";
  const message = `${path}: cannot be opened as a database: ${why}`;
  return new CloisterError("database.unusable", message, 1, cause);
}

/** Runs `body` as one durable transaction: all of it or none. */
export function transaction<T>(database: DatabaseSync, body: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = body();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}
