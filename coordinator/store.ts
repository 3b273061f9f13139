/**
 * EDGE: the coordinator's memory: rooms, members, one-time tokens, and the append-only event log of
 * every run. What happened is what the log says; a transaction is durable when it returns.
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import { fromHex, toHex, utf8 } from "../shared/base/bytes.ts";
import { canonicalJson } from "../shared/base/canonical.ts";
import { type Clock, type Rng, randomBytes } from "../shared/base/env.ts";
import { badInput } from "../shared/base/errors.ts";
import { Charter } from "../shared/charter/charter.ts";
import type { Manifest } from "../shared/charter/manifest.ts";
import { MemberStatement } from "../shared/charter/member-statement.ts";
import { sha256 } from "../shared/crypto/hash.ts";
import { openDatabase, transaction } from "../shared/edge/database.ts";
import { ACCESS_TOKEN_SCHEMA, AccessTokens } from "./access-tokens.ts";
import { RunEvent } from "./run-events.ts";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS room (name TEXT PRIMARY KEY, charter TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS token (
  hash TEXT PRIMARY KEY, room TEXT NOT NULL, member_id TEXT NOT NULL, expires_at_ms INTEGER NOT NULL, used_at_ms INTEGER
) STRICT;
CREATE TABLE IF NOT EXISTS member (
  room TEXT NOT NULL, member_id TEXT NOT NULL, identity_key TEXT NOT NULL, signature TEXT NOT NULL,
  PRIMARY KEY (room, member_id)
) STRICT;
CREATE TABLE IF NOT EXISTS member_statement (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, room TEXT NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS run_event (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS run_state (run_id TEXT PRIMARY KEY, state BLOB NOT NULL) STRICT;`;

export interface EnrolledMember {
  readonly memberId: string;
  /** Hexadecimal. */
  readonly identityKey: string;
  /** The member's signature under the charter, hexadecimal. */
  readonly enrolmentSignature: string;
}

export interface Invitation {
  readonly room: string;
  readonly memberId: string;
}

const hashText = (text: string): string => toHex(sha256(utf8(text)));

export class Store {
  readonly #database: DatabaseSync;
  readonly #clock: Clock;
  /** Of people; the one-time tokens of agents are below. */
  readonly accessTokens: AccessTokens;
  readonly #appendEvent: StatementSync;
  readonly #saveState: StatementSync;

  constructor(path: string, clock: Clock) {
    this.#database = openDatabase(path, `${SCHEMA}${ACCESS_TOKEN_SCHEMA}`);
    this.#clock = clock;
    this.accessTokens = new AccessTokens(this.#database, clock);
    const append = "INSERT INTO run_event (run_id, body) VALUES (?, ?)";
    this.#appendEvent = this.#database.prepare(append);
    const save = "INSERT OR REPLACE INTO run_state VALUES (?, ?)";
    this.#saveState = this.#database.prepare(save);
  }

  /** A secret of the coordinator's own, 32 bytes, drawn on first use. */
  secret(name: "identity" | "adminToken", rng: Rng): Uint8Array {
    const row = this.#database.prepare("SELECT value FROM setting WHERE name = ?").get(name);
    if (row) return fromHex(String(row["value"]));
    const made = randomBytes(rng, 32);
    this.#database.prepare("INSERT INTO setting VALUES (?, ?)").run(name, toHex(made));
    return made;
  }

  createRoom(charter: Charter): void {
    if (this.charter(charter.room)) {
      throw badInput(
        "room.exists",
        `room "${charter.room}" exists already; choose another name in the charter`,
      );
    }
    this.#database
      .prepare("INSERT INTO room VALUES (?, ?)")
      .run(charter.room, canonicalJson(charter));
  }

  rooms(): string[] {
    return this.#database
      .prepare("SELECT name FROM room ORDER BY name")
      .all()
      .map((row) => String(row["name"]));
  }

  /** The charter's canonical text: what members sign the hash of. */
  charterText(room: string): string | null {
    const row = this.#database.prepare("SELECT charter FROM room WHERE name = ?").get(room);
    return row ? String(row["charter"]) : null;
  }

  charter(room: string): Charter | null {
    const text = this.charterText(room);
    return text === null ? null : Charter.parse(JSON.parse(text));
  }

  /** A token good once, for `validMs`; 24 bytes of `rng`. Only its hash is kept. */
  invite(room: string, memberId: string, validMs: number, rng: Rng): string {
    const token = Buffer.from(randomBytes(rng, 24)).toString("base64url");
    const insert = this.#database.prepare("INSERT INTO token VALUES (?, ?, ?, ?, NULL)");
    insert.run(hashText(token), room, memberId, this.#clock.nowMs() + validMs);
    return token;
  }

  /** What a token is good for, without using it up. */
  lookUpToken(token: string): Invitation | "unknown" | "used" | "expired" {
    const row = this.#database.prepare("SELECT * FROM token WHERE hash = ?").get(hashText(token));
    if (!row) return "unknown";
    if (row["used_at_ms"] !== null) return "used";
    if (Number(row["expires_at_ms"]) < this.#clock.nowMs()) return "expired";
    return { room: String(row["room"]), memberId: String(row["member_id"]) };
  }

  /** Uses the token up and seats the member, both or neither. False: the token was used meanwhile. */
  enrol(token: string, invitation: Invitation, member: Omit<EnrolledMember, "memberId">): boolean {
    return transaction(this.#database, () => {
      const use = this.#database.prepare(
        "UPDATE token SET used_at_ms = ? WHERE hash = ? AND used_at_ms IS NULL",
      );
      if (use.run(this.#clock.nowMs(), hashText(token)).changes !== 1) return false;
      const seat = this.#database.prepare("INSERT OR REPLACE INTO member VALUES (?, ?, ?, ?)");
      seat.run(invitation.room, invitation.memberId, member.identityKey, member.enrolmentSignature);
      return true;
    });
  }

  members(room: string): EnrolledMember[] {
    const rows = this.#database
      .prepare("SELECT * FROM member WHERE room = ? ORDER BY member_id")
      .all(room);
    return rows.map((row) => ({
      memberId: String(row["member_id"]),
      identityKey: String(row["identity_key"]),
      enrolmentSignature: String(row["signature"]),
    }));
  }

  /** Nothing that a member signed is ever deleted. */
  addStatement(room: string, statement: MemberStatement): void {
    this.#database
      .prepare("INSERT INTO member_statement (room, body) VALUES (?, ?)")
      .run(room, JSON.stringify(statement));
  }

  /** All that the room's members ever signed about themselves, oldest first. */
  statements(room: string): MemberStatement[] {
    const rows = this.#database
      .prepare("SELECT body FROM member_statement WHERE room = ? ORDER BY sequence")
      .all(room);
    return rows.map((row) => MemberStatement.parse(JSON.parse(String(row["body"]))));
  }

  /** Appends to a run's log, with the task's state after it where it changed. Durable when it returns. */
  append(event: RunEvent, state?: Uint8Array): void {
    transaction(this.#database, () => {
      this.#appendEvent.run(event.runId, JSON.stringify(event));
      if (state) this.#saveState.run(event.runId, state);
    });
  }

  /** Logs that a run's model is deleted, and deletes it. */
  forget(event: Extract<RunEvent, { type: "deleted" }>): void {
    transaction(this.#database, () => {
      this.#appendEvent.run(event.runId, JSON.stringify(event));
      this.#database.prepare("DELETE FROM run_state WHERE run_id = ?").run(event.runId);
    });
  }

  events(runId: string): RunEvent[] {
    const rows = this.#database
      .prepare("SELECT body FROM run_event WHERE run_id = ? ORDER BY sequence")
      .all(runId);
    return rows.map((row) => RunEvent.parse(JSON.parse(String(row["body"]))));
  }

  /** Runs whose ids begin so, without reading what happened in them. */
  manifests(prefix: string): { runId: string; manifest: Manifest }[] {
    return this.runIds()
      .filter((runId) => runId.startsWith(prefix))
      .flatMap((runId) => {
        const row = this.#database
          .prepare("SELECT body FROM run_event WHERE run_id = ? ORDER BY sequence LIMIT 1")
          .get(runId);
        const first = row && RunEvent.parse(JSON.parse(String(row["body"])));
        return first?.type === "created" ? [{ runId, manifest: first.manifest }] : [];
      });
  }

  runIds(): string[] {
    const rows = this.#database
      .prepare("SELECT run_id FROM run_event GROUP BY run_id ORDER BY MIN(sequence)")
      .all();
    return rows.map((row) => String(row["run_id"]));
  }

  taskState(runId: string): Uint8Array | null {
    const row = this.#database.prepare("SELECT state FROM run_state WHERE run_id = ?").get(runId);
    const state = row?.["state"];
    return state instanceof Uint8Array ? state : null;
  }

  close(): void {
    this.#database.close();
  }
}
