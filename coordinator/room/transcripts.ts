/**
 * EDGE: rooms' histories as the coordinator writes them, in the same database as what they record: an entry is
 * durable if and only if what it tells of is. Also the documents whose hashes they name.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { assert } from "../../shared/base/assert.ts";
import { fromHex, toHex, utf8 } from "../../shared/base/bytes.ts";
import {
  amendmentHashOf,
  type CharterPlace,
  type ProposedAmendment,
  withWord,
} from "../../shared/charter/amendment.ts";
import { charterOf } from "../../shared/charter/charter-text.ts";
import type { MemberStatement } from "../../shared/charter/member-statement.ts";
import { sha256 } from "../../shared/crypto/hash.ts";
import {
  type Entry,
  lineText,
  makeEntry,
  NO_ENTRY,
  parseLine,
} from "../../shared/transcript/room/entry.ts";
import type { RoomEvent, RoomEventOf } from "../../shared/transcript/room/event.ts";
import {
  type GrowingTree,
  growInPlace,
  type Head,
  newTree,
  rootAt,
  sizeOf,
} from "../../shared/transcript/room/tree.ts";

export const TRANSCRIPTS_SCHEMA = `
CREATE TABLE IF NOT EXISTS room_entry (
  room TEXT NOT NULL, sequence INTEGER NOT NULL, line TEXT NOT NULL, PRIMARY KEY (room, sequence)
) STRICT;
CREATE TABLE IF NOT EXISTS run_document (
  run_id TEXT NOT NULL, kind TEXT NOT NULL, content TEXT NOT NULL, PRIMARY KEY (run_id, kind)
) STRICT;`;

/** Whose hashes the history names. */
export type DocumentKind = "modelCard" | "privacyStatement";

/** A room's history as it is to be gone on with. */
interface Tail {
  hash: string;
  /** Over the entries' hashes. */
  readonly tree: GrowingTree;
  latestMs: number;
  /** Runs whose proposal is in it. */
  readonly runs: Set<string>;
  /** All that were ever members', with when the history first tells of them. */
  readonly keysSinceMs: Map<string, number>;
  /** What completed runs left behind. */
  readonly ends: Map<string, RoomEventOf<"runEnded">>;
  /** Canonical texts of all charters that were ever in force, by hash, oldest first. */
  readonly charters: Map<string, string>;
  /** All amendments that were ever proposed, oldest first. */
  readonly amendments: LoggedAmendment[];
  /** What members signed about themselves, oldest first. */
  readonly statements: MemberStatement[];
  /** For how many of the first entries each member has signed. */
  readonly cosigned: Map<string, number>;
}

/** Verified before it was entered. */
interface LoggedAmendment {
  proposed: ProposedAmendment;
  phase: "open" | "refused" | "withdrawn" | "inForce";
}

export class Transcripts {
  readonly #database: DatabaseSync;
  readonly #tails = new Map<string, Tail>();
  readonly #count: StatementSync;
  readonly #insert: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#count = database.prepare(
      "SELECT coalesce(max(sequence) + 1, 0) AS count FROM room_entry WHERE room = ?",
    );
    this.#insert = database.prepare("INSERT INTO room_entry VALUES (?, ?, ?)");
  }

  /** Within the caller's transaction. Its time is never before that of the entry before. */
  append(room: string, atMs: number, body: RoomEvent): void {
    const tail = this.#tail(room);
    const time = this.timeAt(room, atMs);
    const entry = makeEntry(sizeOf(tail.tree), tail.hash, time, body);
    this.#insert.run(room, entry.sequence, lineText(entry));
    lengthen(tail, entry);
  }

  /** What an entry's time will be that is made now. */
  timeAt(room: string, nowMs: number): number {
    return Math.max(Math.floor(nowMs), this.#tail(room).latestMs);
  }

  /** After a transaction that was rolled back: what is remembered may never have been. */
  forget(): void {
    this.#tails.clear();
  }

  size(room: string): number {
    return sizeOf(this.#tail(room).tree);
  }

  knowsRun(room: string, runId: string): boolean {
    return this.#tail(room).runs.has(runId);
  }

  /** Of all keys that were ever members': when the history first tells of them. */
  keysSinceMs(room: string): ReadonlyMap<string, number> {
    return this.#tail(room).keysSinceMs;
  }

  /** Null: it has not ended, or before there were histories. */
  endOf(room: string, runId: string): RoomEventOf<"runEnded"> | null {
    return this.#tail(room).ends.get(runId) ?? null;
  }

  /** Where the next amendment has to begin. */
  charterPlace(room: string): CharterPlace {
    const { charters, amendments } = this.#tail(room);
    const usedHashes = new Set(charters.keys());
    const charterHash = [...usedHashes].at(-1) ?? "";
    const proposedHashes = new Set(amendments.map(({ proposed }) => proposed.amendmentHash));
    return { room, edition: charters.size, charterHash, usedHashes, proposedHashes };
  }

  /** Canonical; null: the room never had this charter. */
  charterText(room: string, charterHash: string): string | null {
    return this.#tail(room).charters.get(charterHash) ?? null;
  }

  /** All amendments that were ever proposed, oldest first. */
  amendments(room: string): readonly LoggedAmendment[] {
    return this.#tail(room).amendments;
  }

  /** All that the room's members ever signed about themselves, oldest first. */
  statements(room: string): readonly MemberStatement[] {
    return this.#tail(room).statements;
  }

  cosignedBy(room: string, memberId: string): number {
    return this.#tail(room).cosigned.get(memberId) ?? 0;
  }

  /** Null: there are not so many entries. */
  headAt(room: string, size: number): Head | null {
    const root = rootAt(this.#tail(room).tree, size);
    return root ? { size, root } : null;
  }

  /** Entries from that one on, each a line; about so many characters of them, and one at least if there is one. */
  lines(room: string, from: number, charactersMax: number): string[] {
    const rows = this.#database
      .prepare("SELECT line FROM room_entry WHERE room = ? AND sequence >= ? ORDER BY sequence")
      .iterate(room, from);
    const lines: string[] = [];
    let characters = 0;
    for (const row of rows) {
      const line = String(row["line"]);
      characters += line.length;
      if (lines.length > 0 && characters > charactersMax) break;
      lines.push(line);
    }
    return lines;
  }

  /** Within the caller's transaction. @param content Canonical text. */
  keepDocument(runId: string, kind: DocumentKind, content: string): void {
    this.#database
      .prepare("INSERT OR REPLACE INTO run_document VALUES (?, ?, ?)")
      .run(runId, kind, content);
  }

  document(runId: string, kind: DocumentKind): string | null {
    const row = this.#database
      .prepare("SELECT content FROM run_document WHERE run_id = ? AND kind = ?")
      .get(runId, kind);
    return row ? String(row["content"]) : null;
  }

  #tail(room: string): Tail {
    const known = this.#tails.get(room);
    // Whoever else writes into the database (a second process, by mistake) is not to tear the chain.
    const { count } = this.#count.get(room) ?? {};
    if (known && sizeOf(known.tree) === count) return known;
    const empty = { hash: NO_ENTRY, tree: newTree(), latestMs: 0 };
    const ended = { runs: new Set<string>(), ends: new Map(), keysSinceMs: new Map() };
    const rules = { charters: new Map<string, string>(), amendments: [] };
    const tail: Tail = { ...empty, ...ended, ...rules, statements: [], cosigned: new Map() };
    for (const line of this.lines(room, 0, Number.POSITIVE_INFINITY)) lengthen(tail, entryOf(line));
    this.#tails.set(room, tail);
    return tail;
  }
}

function entryOf(line: string): Entry {
  const entry = parseLine(line.slice(0, -1));
  assert(entry !== null && "sequence" in entry, "the database holds entries");
  return entry;
}

function lengthen(tail: Tail, { body, hash, atMs }: Entry): void {
  tail.hash = hash;
  growInPlace(tail.tree, fromHex(hash));
  tail.latestMs = atMs;
  if (body.type === "runProposed") tail.runs.add(body.runId);
  if (body.type === "memberEnrolled" || body.type === "keyRotated")
    tail.keysSinceMs.set(body.identityKey, atMs);
  if (body.type === "runEnded") tail.ends.set(body.runId, body);
  if (body.type === "memberStated") tail.statements.push(body.statement);
  if (body.type === "headCosigned") tail.cosigned.set(body.memberId, body.size);
  if (body.type === "roomCreated") tail.charters.set(textHash(body.charter), body.charter);
  lengthenAmendments(tail, body);
}

/** Of a canonical text: what is signed for. Hexadecimal. */
export const textHash = (text: string): string => toHex(sha256(utf8(text)));

function lengthenAmendments({ charters, amendments }: Tail, body: RoomEvent): void {
  const last = amendments.at(-1);
  if (body.type === "amendmentProposed") {
    const { amendment } = body;
    const signed = charterOf(amendment.charter, amendment.room);
    assert(typeof signed !== "string", "an amendment is checked before it is entered");
    const amendmentHash = amendmentHashOf(amendment);
    const proposed = { ...signed, amendment, amendmentHash, words: new Map() };
    amendments.push({ proposed, phase: "open" });
  } else if (body.type === "amendmentDecided" && last) {
    last.proposed = { ...last.proposed, words: withWord(last.proposed, body.word) };
    if (body.word.decision === "refused") last.phase = "refused";
  } else if (body.type === "amendmentWithdrawn" && last) last.phase = "withdrawn";
  else if (body.type === "charterAmended" && last) {
    last.phase = "inForce";
    charters.set(last.proposed.charterHash, last.proposed.amendment.charter);
  }
}
