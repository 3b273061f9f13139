/** EDGE: an agent's folder: its identity, the room it belongs to, the keys it has pinned. Owner-readable only. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { z } from "zod";
import { fromHex, toHex } from "../shared/base/bytes.ts";
import { DAY_MS } from "../shared/base/calendar.ts";
import { type Rng, randomBytes } from "../shared/base/env.ts";
import { badInput } from "../shared/base/errors.ts";
import { Decision } from "../shared/charter/decision.ts";
import { MemberStatement } from "../shared/charter/member-statement.ts";
import { ReleaseDecision } from "../shared/charter/release.ts";
import { ConfirmedRoster, keysOf } from "../shared/charter/roster.ts";
import { openDatabase, readDatabase, transaction } from "../shared/edge/database.ts";
import { Reason } from "../shared/protocol/messages.ts";
import type { AgentSelf } from "./agent-facts.ts";
import type { Proposal } from "./member-ports.ts";
import { CHARTERS_SCHEMA, VaultCharters } from "./vault-charters.ts";
import { KEYS_SCHEMA, VaultKeys } from "./vault-keys.ts";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS proposal (
  run_id TEXT PRIMARY KEY, manifest TEXT NOT NULL, received_at_ms INTEGER NOT NULL, reasons TEXT NOT NULL, closed TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS run_over (run_id TEXT PRIMARY KEY, why TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS release (run_id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS decision (run_id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
DROP TABLE IF EXISTS channel;${KEYS_SCHEMA}${CHARTERS_SCHEMA}`;

/** Proposals that are kept. */
export const PROPOSALS_MAX = 1000;
/** How long one that is closed is kept. */
const CLOSED_KEPT_MS = 90 * DAY_MS;

const Enrolment = z.strictObject({
  memberId: z.string(),
  room: z.string(),
  coordinatorUrl: z.string(),
  /** Hexadecimal, pinned through the token's fingerprint. */
  coordinatorKey: z.string(),
  /** The charter's JSON, as signed: the one in force, see `vault-charters.ts`. */
  charter: z.string(),
  dataPath: z.string(),
  /** One that it shares with others; left out: the folder's own, which goes where the folder goes. */
  ledgerPath: z.string().optional(),
  ledgerId: z.string().optional(),
  population: z.string().optional(),
});
export type Enrolment = z.infer<typeof Enrolment>;

const Cosigned = z.strictObject({
  size: z.int().min(1),
  /** Hexadecimal. */
  root: z.string().regex(/^[0-9a-f]{64}$/),
});
type Cosigned = z.infer<typeof Cosigned>;

/** A proposed run, and what became of it here. */
export interface KeptProposal extends Proposal {
  /** Why it is none any more; null: it waits. */
  readonly closed: string | null;
  readonly decision: Decision | null;
}

export const vaultPath = (folder: string): string => join(folder, "vault.db");

export class Vault {
  readonly #database: DatabaseSync;
  readonly #folder: string;
  readonly #dataVersion: StatementSync;
  readonly keys: VaultKeys;
  readonly charters: VaultCharters;

  constructor(folder: string, database = openDatabase(vaultPath(folder), SCHEMA)) {
    this.#folder = folder;
    this.#database = database;
    this.#dataVersion = database.prepare("PRAGMA data_version"); // Asked several times a second.
    this.keys = new VaultKeys(database);
    this.charters = new VaultCharters(database);
  }

  /** @throws {CloisterError} If no agent was set up in this folder. */
  static openExisting(folder: string): Vault {
    requireVault(folder);
    return new Vault(folder);
  }

  /** As it is now; nothing is or can be written. @throws {CloisterError} If no agent was set up in this folder. */
  static forReading(folder: string): Vault {
    requireVault(folder);
    const database = readDatabase(vaultPath(folder));
    const newest = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'past_charter'";
    if (database.prepare(newest).get()) return new Vault(folder, database);
    database.close();
    const remedy = 'start the agent once ("cloister agent start"), which brings it up to date';
    throw badInput("agent.older-vault", `${folder}: the vault is an older version's; ${remedy}`);
  }

  /** The identity's secret; drawn on first use and never leaving this file. */
  identitySecret(rng: Rng): Uint8Array {
    return fromHex(this.#settingOr("identitySecret", () => toHex(randomBytes(rng, 32))));
  }

  saveEnrolment(enrolment: Enrolment): void {
    this.#save("enrolment", JSON.stringify(enrolment));
  }

  enrolment(): Enrolment {
    const text = this.#setting("enrolment");
    if (text === null)
      throw badInput(
        "agent.not-enrolled",
        `${this.#folder}: enrolment was not finished; run "cloister agent init" again in this folder, with a new token if the old one is used up`,
      );
    return Enrolment.parse(JSON.parse(text));
  }

  /** What a run is decided on by. */
  get facts(): AgentSelf["vault"] {
    return {
      pinnedKeys: () => this.keys.pinned(),
      confirmedKeys: () => this.confirmedKeys(),
      revokedKeys: () => this.keys.revoked(),
      keysSinceMs: () => this.keys.sinceMs(),
      charterStates: () => this.charters.states(),
      decisionOf: (runId) => this.decisionOf(runId),
      isOver: (runId) => this.isOver(runId),
    };
  }

  /** What this member's people have confirmed; null: nothing yet. */
  confirmedRoster(): ConfirmedRoster | null {
    const text = this.#setting("confirmedRoster");
    return text === null ? null : ConfirmedRoster.parse(JSON.parse(text));
  }

  /** Those, or what they led to. */
  confirmedKeys(): ReadonlyMap<string, string> | null {
    const confirmed = this.confirmedRoster();
    if (!confirmed) return null;
    const { roster } = confirmed;
    return new Map(roster.map((one) => [one.memberId, this.keys.latest(one.identityKey)]));
  }

  /** In place of what was confirmed or pinned before. */
  saveConfirmedRoster(confirmed: ConfirmedRoster): void {
    transaction(this.#database, () => {
      this.keys.repin(keysOf(confirmed.roster));
      this.#save("confirmedRoster", JSON.stringify(confirmed));
    });
  }

  /** That this member has left the room; null: it has not. */
  leaving(): MemberStatement | null {
    const text = this.#setting("left");
    return text === null ? null : MemberStatement.parse(JSON.parse(text));
  }

  /** For good: whoever comes back enrols anew, in another folder. */
  saveLeaving(statement: MemberStatement): void {
    this.#save("left", JSON.stringify(statement));
  }

  /** After leaving, every run is. */
  isOver(runId: string): boolean {
    if (this.leaving()) return true;
    return (
      this.#database.prepare("SELECT 1 FROM run_over WHERE run_id = ?").get(runId) !== undefined
    );
  }

  endRun(runId: string, why: "ended" | "left"): void {
    this.#database.prepare("INSERT OR IGNORE INTO run_over VALUES (?, ?)").run(runId, why);
  }

  /** What this member has signed for of its room's history: so many entries, and the root over them. */
  cosigned(): Cosigned | null {
    const text = this.#setting("cosigned");
    return text === null ? null : Cosigned.parse(JSON.parse(text));
  }

  saveCosigned(cosigned: Cosigned): void {
    this.#save("cosigned", JSON.stringify(cosigned));
  }

  /** As the coordinator proposed it last; what was closed comes back if it is proposed again. */
  saveProposal({ runId, manifest, receivedAtMs, reasons }: Proposal): boolean {
    if (!this.#hasRoom(runId, receivedAtMs)) return false;
    this.#database
      .prepare("INSERT OR REPLACE INTO proposal VALUES (?, ?, ?, ?, NULL)")
      .run(runId, manifest, receivedAtMs, JSON.stringify(reasons));
    return true;
  }

  /** A coordinator may propose without end. What waits is never pushed out: somebody may have seen it and come back. */
  #hasRoom(runId: string, nowMs: number): boolean {
    this.#database
      .prepare("DELETE FROM proposal WHERE closed IS NOT NULL AND received_at_ms < ?")
      .run(nowMs - CLOSED_KEPT_MS);
    const others = this.#database.prepare("SELECT count(*) AS n FROM proposal WHERE run_id <> ?");
    return Number(others.get(runId)?.["n"]) < PROPOSALS_MAX;
  }

  closeProposal(runId: string, code: string): void {
    this.#database.prepare("UPDATE proposal SET closed = ? WHERE run_id = ?").run(code, runId);
  }

  /** Oldest first. @param prefix A run's id or its beginning. */
  proposals(prefix = ""): KeptProposal[] {
    const rows = this.#database
      .prepare("SELECT * FROM proposal WHERE substr(run_id, 1, ?) = ? ORDER BY received_at_ms")
      .all(prefix.length, prefix);
    return rows.map((row) => ({
      runId: String(row["run_id"]),
      manifest: String(row["manifest"]),
      receivedAtMs: Number(row["received_at_ms"]),
      reasons: z.array(Reason).parse(JSON.parse(String(row["reasons"]))),
      closed: row["closed"] === null ? null : String(row["closed"]),
      decision: this.decisionOf(String(row["run_id"])),
    }));
  }

  decisionOf(runId: string): Decision | null {
    const row = this.#database.prepare("SELECT body FROM decision WHERE run_id = ?").get(runId);
    return row ? Decision.parse(JSON.parse(String(row["body"]))) : null;
  }

  saveDecision(decision: Decision): void {
    this.#saveWord("decision", decision);
  }

  /** What this member's people said of the release of a run's model. */
  releaseOf(runId: string): ReleaseDecision | null {
    const row = this.#database.prepare("SELECT body FROM release WHERE run_id = ?").get(runId);
    return row ? ReleaseDecision.parse(JSON.parse(String(row["body"]))) : null;
  }

  saveRelease(decision: ReleaseDecision): void {
    this.#saveWord("release", decision);
  }

  /** A veto stands, whichever process says otherwise afterwards. */
  #saveWord(table: "decision" | "release", word: { readonly runId: string }): void {
    this.#database
      .prepare(
        `INSERT INTO ${table} VALUES (?, ?) ON CONFLICT (run_id) DO UPDATE SET body = excluded.body
         WHERE json_extract(${table}.body, '$.decision') <> 'vetoed'`,
      )
      .run(word.runId, JSON.stringify(word));
  }

  decisions(): Decision[] {
    const rows = this.#database.prepare("SELECT body FROM decision ORDER BY rowid").all();
    return rows.map((row) => Decision.parse(JSON.parse(String(row["body"]))));
  }

  /** A number that changes when another process has written to this vault. */
  get dataVersion(): number {
    return Number(this.#dataVersion.get()?.["data_version"]);
  }

  close(): void {
    this.#database.close();
  }

  #setting(name: string): string | null {
    const row = this.#database.prepare("SELECT value FROM setting WHERE name = ?").get(name);
    return row ? String(row["value"]) : null;
  }

  #save(name: string, value: string): void {
    this.#database.prepare("INSERT OR REPLACE INTO setting VALUES (?, ?)").run(name, value);
  }

  #settingOr(name: string, make: () => string): string {
    const known = this.#setting(name);
    if (known !== null) return known;
    const made = make();
    this.#save(name, made);
    return made;
  }
}

function requireVault(folder: string): void {
  if (existsSync(vaultPath(folder))) return;
  const remedy = 'run "cloister agent init" first';
  throw badInput("agent.not-enrolled", `${folder}: no agent is set up here; ${remedy}`);
}
