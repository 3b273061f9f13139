/**
 * EDGE: the coordinator's memory: rooms, members, one-time tokens, and the append-only event log of
 * every run. What happened is what the log says; a transaction is durable when it returns, and with it what the
 * room's history says of it.
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import { fromHex, toHex } from "../shared/base/bytes.ts";
import { canonicalJson } from "../shared/base/canonical.ts";
import { type Clock, type Rng, randomBytes } from "../shared/base/env.ts";
import { badInput } from "../shared/base/errors.ts";
import type { ProposedAmendment, SignedWord } from "../shared/charter/amendment.ts";
import { Charter } from "../shared/charter/charter.ts";
import type { KeyRotation } from "../shared/charter/key-change.ts";
import type { Manifest } from "../shared/charter/manifest.ts";
import type { MemberStatement } from "../shared/charter/member-statement.ts";
import { openDatabase, transaction } from "../shared/edge/database.ts";
import type { AmendmentEvent, RoomEvent, RoomEventOf } from "../shared/transcript/room/event.ts";
import { AccessTokens } from "./access/tokens.ts";
import { roomEventOf } from "./room/events.ts";
import { Transcripts, textHash } from "./room/transcripts.ts";
import type { RunDocuments } from "./run/documents.ts";
import { RunEvent } from "./run/events.ts";
import { STORE_SCHEMA } from "./store-schema.ts";

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

export class Store {
  readonly #database: DatabaseSync;
  readonly #clock: Clock;
  /** Of people; the one-time tokens of agents are below. */
  readonly accessTokens: AccessTokens;
  readonly transcripts: Transcripts;
  readonly #roomOfRun = new Map<string, string>();
  readonly #appendEvent: StatementSync;
  readonly #saveState: StatementSync;
  readonly #membersOf: StatementSync;
  readonly #rooms: StatementSync;

  constructor(path: string, clock: Clock) {
    this.#database = openDatabase(path, STORE_SCHEMA);
    this.#clock = clock;
    this.transcripts = new Transcripts(this.#database);
    this.accessTokens = new AccessTokens(this.#database, clock);
    const prepare = (sql: string): StatementSync => this.#database.prepare(sql);
    this.#appendEvent = prepare("INSERT INTO run_event (run_id, body) VALUES (?, ?)");
    this.#saveState = prepare("INSERT OR REPLACE INTO run_state VALUES (?, ?)");
    this.#rooms = prepare("SELECT name FROM room ORDER BY name"); // Asked at every tick.
    this.#membersOf = prepare("SELECT * FROM member WHERE room = ? ORDER BY member_id");
  }

  /** All or nothing, and durable when it returns; of the rooms' histories as of all else. */
  #transact<T>(body: () => T): T {
    try {
      return transaction(this.#database, body);
    } catch (error) {
      this.transcripts.forget();
      throw error;
    }
  }

  /** A secret of the coordinator's own, 32 bytes, drawn on first use. */
  secret(name: "identity" | "adminToken", rng: Rng): Uint8Array {
    const row = this.#database.prepare("SELECT value FROM setting WHERE name = ?").get(name);
    if (row) return fromHex(String(row["value"]));
    const made = randomBytes(rng, 32);
    this.#database.prepare("INSERT INTO setting VALUES (?, ?)").run(name, toHex(made));
    return made;
  }

  /** @param coordinatorKey Hexadecimal. */
  createRoom(charter: Charter, coordinatorKey: string): void {
    if (this.charter(charter.room)) {
      throw badInput(
        "room.exists",
        `room "${charter.room}" exists already; choose another name in the charter`,
      );
    }
    const text = canonicalJson(charter);
    this.#transact(() => {
      this.#database.prepare("INSERT INTO room VALUES (?, ?)").run(charter.room, text);
      this.#openHistory(charter.room, text, coordinatorKey);
    });
  }

  /** Rooms of the time before: their histories begin with those who are in them. */
  beginHistories(coordinatorKey: string): void {
    for (const room of this.rooms()) {
      if (this.transcripts.size(room) > 0) continue;
      this.#transact(() => {
        this.#openHistory(room, this.charterText(room) ?? "", coordinatorKey);
        for (const member of this.members(room))
          this.#tell(room, { type: "memberEnrolled", ...member });
      });
    }
  }

  #openHistory(room: string, charter: string, coordinatorKey: string): void {
    this.#tell(room, { type: "roomCreated", version: 1, room, coordinatorKey, charter });
  }

  /** Within a transaction. */
  #tell(room: string, event: RoomEvent): void {
    this.transcripts.append(room, this.#clock.nowMs(), event);
  }

  /** Into the room's history, all or none; it is all that keeps them. */
  tellAll(room: string, events: readonly (AmendmentEvent | RoomEventOf<"headCosigned">)[]): void {
    this.#transact(() => {
      for (const event of events) this.#tell(room, event);
    });
  }

  rooms(): string[] {
    return this.#rooms.all().map((row) => String(row["name"]));
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

  /** From now on the new charter is in force, and whoever signed it is seated under it. */
  amend({ amendment, amendmentHash }: ProposedAmendment, signatures: readonly SignedWord[]): void {
    const { room, charter } = amendment;
    this.#transact(() => {
      this.#database.prepare("UPDATE room SET charter = ? WHERE name = ?").run(charter, room);
      for (const word of signatures) this.#seat(room, word);
      this.#tell(room, { type: "charterAmended", amendmentHash });
    });
  }

  /** A token good once, for `validMs`; 24 bytes of `rng`. Only its hash is kept. */
  invite(room: string, memberId: string, validMs: number, rng: Rng): string {
    const token = Buffer.from(randomBytes(rng, 24)).toString("base64url");
    const insert = this.#database.prepare("INSERT INTO token VALUES (?, ?, ?, ?, NULL)");
    insert.run(textHash(token), room, memberId, this.#clock.nowMs() + validMs);
    return token;
  }

  /** What a token is good for, without using it up. */
  lookUpToken(token: string): (Invitation & { isUsed: boolean }) | "unknown" | "used" | "expired" {
    const row = this.#database.prepare("SELECT * FROM token WHERE hash = ?").get(textHash(token));
    if (!row) return "unknown";
    const isUsed = row["used_at_ms"] !== null;
    if (Number(row["expires_at_ms"]) < this.#clock.nowMs()) return isUsed ? "used" : "expired";
    return { room: String(row["room"]), memberId: String(row["member_id"]), isUsed };
  }

  /** Uses the token up and seats the member, both or neither. False: the token was used meanwhile. */
  enrol(token: string, invitation: Invitation, member: Omit<EnrolledMember, "memberId">): boolean {
    return this.#transact(() => {
      const use = this.#database.prepare(
        "UPDATE token SET used_at_ms = ? WHERE hash = ? AND used_at_ms IS NULL",
      );
      if (use.run(this.#clock.nowMs(), textHash(token)).changes !== 1) return false;
      const { room, memberId } = invitation;
      const known = this.members(room).find((other) => other.memberId === memberId);
      this.#seat(room, { memberId, ...member });
      if (!known) this.#tell(room, { type: "memberEnrolled", memberId, ...member });
      else if (known.identityKey !== member.identityKey)
        this.#tell(room, { type: "keyRotated", memberId, ...member, rotationSignature: null });
      return true;
    });
  }

  #seat(room: string, { memberId, identityKey, enrolmentSignature }: EnrolledMember): void {
    const seat = this.#database.prepare("INSERT OR REPLACE INTO member VALUES (?, ?, ?, ?)");
    seat.run(room, memberId, identityKey, enrolmentSignature);
  }

  members(room: string): EnrolledMember[] {
    return this.#membersOf.all(room).map((row) => ({
      memberId: String(row["member_id"]),
      identityKey: String(row["identity_key"]),
      enrolmentSignature: String(row["signature"]),
    }));
  }

  /** Into the room's history, by which the coordinator goes. @param unseats Whose key it ends; null: nobody's. */
  addStatement(room: string, statement: MemberStatement, unseats: string | null): void {
    this.#transact(() => {
      this.#tell(room, { type: "memberStated", statement });
      if (unseats === null) return;
      const unseat = "DELETE FROM member WHERE room = ? AND member_id = ?";
      this.#database.prepare(unseat).run(room, unseats);
    });
  }

  rotateKey(room: string, rotation: KeyRotation): void {
    this.#transact(() => {
      this.#seat(room, rotation);
      this.#tell(room, { type: "keyRotated", ...rotation });
    });
  }

  /**
   * Appends to a run's log, with the task's state after it where it changed. Durable when it returns.
   *
   * @param left What the run leaves behind, where this ends it.
   */
  append(event: RunEvent, state?: Uint8Array, left: RunDocuments | null = null): void {
    this.#transact(() => {
      this.#appendEvent.run(event.runId, JSON.stringify(event));
      this.#tellOfRun(event, left);
      if (state) this.#saveState.run(event.runId, state);
    });
  }

  #tellOfRun(event: RunEvent, left: RunDocuments | null): void {
    const { runId, atMs } = event;
    const room = event.type === "created" ? event.manifest.room : this.#roomOf(runId);
    const said = roomEventOf(event, left?.hashes ?? null);
    // A run of the time before has no beginning in the history.
    if (!said || (event.type !== "created" && !this.transcripts.knowsRun(room, runId))) return;
    this.transcripts.append(room, atMs, said);
    for (const kind of ["modelCard", "privacyStatement"] as const) {
      const content = left?.[kind];
      if (content) this.transcripts.keepDocument(runId, kind, content);
    }
  }

  #roomOf(runId: string): string {
    const known = this.#roomOfRun.get(runId);
    if (known !== undefined) return known;
    const room = this.manifests(runId)[0]?.manifest.room ?? "";
    this.#roomOfRun.set(runId, room);
    return room;
  }

  /** Logs that a run's model is deleted, and deletes it. */
  forget(event: Extract<RunEvent, { type: "deleted" }>): void {
    this.#transact(() => {
      this.#appendEvent.run(event.runId, JSON.stringify(event));
      this.#tellOfRun(event, null);
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
