/**
 * EDGE: what the coordinator signed for this member: its asks, histories and sets of survivors. Two members
 * whose files disagree hold the proof that the coordinator told them different things.
 */
import { join } from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { openDatabase, transaction } from "../shared/edge/database.ts";
import type { SignedEntry } from "../shared/transcript/chain.ts";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS signed (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, kind TEXT NOT NULL, attempt INTEGER NOT NULL,
  round INTEGER, ask_hash BLOB, head BLOB, inclusion BLOB, signature BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS signed_run ON signed (run_id);`;

export const evidencePath = (folder: string): string => join(folder, "evidence.db");

/** Entries are written together, this long after the first of them at the latest. */
const FLUSH_MS = 1000;

export class Evidence {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  #unwritten: SignedEntry[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(path: string) {
    // Needed only in a dispute: a crash may cost the last second of it.
    this.#database = openDatabase(path, `PRAGMA synchronous = NORMAL; ${SCHEMA}`);
    this.#insert = this.#database.prepare(
      "INSERT INTO signed (run_id, kind, attempt, round, ask_hash, head, inclusion, signature) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    );
  }

  record(entry: SignedEntry): void {
    this.#unwritten.push(entry);
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS);
  }

  #flush(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    transaction(this.#database, () => {
      for (const entry of this.#unwritten) this.#write(entry);
    });
    this.#unwritten = [];
  }

  #write(entry: SignedEntry): void {
    const opened = entry.kind === "roundOpened" ? entry : null;
    const inclusion = entry.kind === "included" ? entry.inclusion : null;
    this.#insert.run(
      entry.runId,
      entry.kind,
      entry.attempt,
      opened?.round ?? null,
      opened?.askHash ?? null,
      opened?.head ?? null,
      inclusion,
      entry.signature,
    );
  }

  /** @param prefix A run id or the beginning of one. */
  entries(prefix: string): SignedEntry[] {
    this.#flush();
    const rows = this.#database
      .prepare("SELECT * FROM signed WHERE substr(run_id, 1, ?) = ? ORDER BY sequence")
      .all(prefix.length, prefix);
    return rows.map((row): SignedEntry => {
      const bytes = (name: string): Uint8Array => new Uint8Array(row[name] as Uint8Array);
      const runId = String(row["run_id"]);
      const attempt = Number(row["attempt"]);
      const signature = bytes("signature");
      if (row["kind"] === "included")
        return { kind: "included", runId, attempt, inclusion: bytes("inclusion"), signature };
      const round = Number(row["round"]);
      const said = { askHash: bytes("ask_hash"), head: bytes("head") };
      return { kind: "roundOpened", runId, round, attempt, ...said, signature };
    });
  }

  close(): void {
    this.#flush();
    this.#database.close();
  }
}
