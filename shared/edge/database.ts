/** EDGE: an SQLite file of ours: durable when a transaction returns, readable by its owner only. */
import { chmodSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CloisterError } from "../base/errors.ts";
import { makeFolder } from "./files.ts";

/** @throws {CloisterError} If the file is not a database of ours, or is locked by another process. */
export function openDatabase(path: string, schema: string): DatabaseSync {
  makeFolder(dirname(path), 0o700);
  try {
    const database = new DatabaseSync(path, { timeout: 5000 });
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    database.exec(schema);
    chmodSync(path, 0o600);
    return database;
  } catch (cause) {
    throw new CloisterError(
      "database.unusable",
      `${path}: cannot be opened as a database; move it away or restore it`,
      1,
      cause,
    );
  }
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
