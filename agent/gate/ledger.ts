/**
 * EDGE: a member's privacy ledger: what its data set has given away, append-only, in its own database.
 * A release is debited durably before its masked vector exists outside the gate, never refunded, and
 * no attempt is answered twice. The two partitions have disjoint units, so each has its own account.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Partition } from "../../models/tasks/privacy-events.ts";
import type { Clock } from "../../shared/base/env.ts";
import { openDatabase, transaction } from "../../shared/edge/database.ts";
import {
  epsilonSpent,
  mayRelease,
  type RenyiBudget,
} from "../../shared/privacy/accounting/budget.ts";
import type { DpEvent } from "../../shared/privacy/accounting/events.ts";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS release (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  ask_kind TEXT NOT NULL,
  partition TEXT NOT NULL,
  event TEXT,
  rdp REAL NOT NULL,
  at_ms INTEGER NOT NULL,
  UNIQUE (run_id, attempt)
) STRICT;
CREATE TABLE IF NOT EXISTS answered_round (run_id TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT;`;

export interface Debit {
  readonly runId: string;
  readonly round: number;
  readonly attempt: number;
  readonly askKind: string;
  readonly partition: Partition;
  /** Null: a release without a privacy guarantee; recorded, so that it is not answered twice. */
  readonly event: DpEvent | null;
}

export type DebitOutcome = "debited" | "alreadyAnswered" | "budgetSpent" | "noBudget";

export class Ledger {
  readonly #database: DatabaseSync;
  readonly #clock: Clock;
  readonly #budget: RenyiBudget | null;

  constructor(path: string, clock: Clock, budget: RenyiBudget | null) {
    this.#database = openDatabase(path, SCHEMA);
    this.#clock = clock;
    this.#budget = budget;
  }

  /** Durable when it returns `debited`. Everything else means: nothing may leave. */
  debit(entry: Debit): DebitOutcome {
    return transaction(this.#database, () => {
      const known = this.#database.prepare(
        "SELECT 1 FROM release WHERE run_id = ? AND attempt = ?",
      );
      if (known.get(entry.runId, entry.attempt)) return "alreadyAnswered";
      let rdp = 0;
      if (entry.event) {
        if (!this.#budget) return "noBudget";
        const decision = mayRelease(this.#spentRdp(entry.partition), entry.event, this.#budget);
        if (!decision.allowed) return "budgetSpent";
        rdp = decision.rdp;
      }
      const insert = this.#database.prepare(
        "INSERT INTO release (run_id, attempt, ask_kind, partition, event, rdp, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
      );
      const event = entry.event && JSON.stringify(entry.event);
      insert.run(
        entry.runId,
        entry.attempt,
        entry.askKind,
        entry.partition,
        event,
        rdp,
        this.#clock.nowMs(),
      );
      this.#answered(entry.runId, entry.round);
      return "debited";
    });
  }

  /**
   * Would the whole of a run fit, beside all that other runs have spent? What the run itself has paid
   * already is part of `event`: an agent that comes back in the middle of a run is not charged twice.
   */
  fits(partition: Partition, runId: string, event: DpEvent): boolean {
    return (
      this.#budget !== null &&
      mayRelease(this.#spentRdp(partition, runId), event, this.#budget).allowed
    );
  }

  /** The highest attempt of a run that was answered; −1 if none was. */
  lastAttempt(runId: string): number {
    const highest = "SELECT COALESCE(MAX(attempt), -1) AS last FROM release WHERE run_id = ?";
    return Number(this.#database.prepare(highest).get(runId)?.["last"] ?? -1);
  }

  /** The last round of a run that was answered; −1 if none was. */
  lastRound(runId: string): number {
    const last = this.#database.prepare("SELECT last FROM answered_round WHERE run_id = ?");
    return Number(last.get(runId)?.["last"] ?? -1);
  }

  #answered(runId: string, round: number): void {
    const note =
      "INSERT INTO answered_round VALUES (?, ?) ON CONFLICT DO UPDATE SET last = MAX(last, excluded.last)";
    this.#database.prepare(note).run(runId, round);
  }

  /** How often an ask of this kind was answered in a run. */
  answers(runId: string, askKind: string): number {
    const count = "SELECT COUNT(*) AS answers FROM release WHERE run_id = ? AND ask_kind = ?";
    return Number(this.#database.prepare(count).get(runId, askKind)?.["answers"] ?? 0);
  }

  /** ε spent so far per privacy unit, the larger of the two partitions; null without a budget. */
  epsilonSpent(): number | null {
    const budget = this.#budget;
    if (!budget) return null;
    const spent = (["train", "holdout"] as const).map((partition) =>
      epsilonSpent(this.#spentRdp(partition), budget),
    );
    return Math.max(...spent);
  }

  close(): void {
    this.#database.close();
  }

  #spentRdp(partition: Partition, exceptRunId = ""): number {
    const sum =
      "SELECT COALESCE(SUM(rdp), 0) AS spent FROM release WHERE partition = ? AND run_id != ?";
    const row = this.#database.prepare(sum).get(partition, exceptRunId);
    return Number(row?.["spent"] ?? Number.POSITIVE_INFINITY);
  }
}
