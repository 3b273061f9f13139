/**
 * EDGE: charters in an agent's vault: the one in force, those before it, and this member's own words on amendments. What
 * comes into force here is what the own copy of the room's history says and this member signed; nothing else.
 */
import type { DatabaseSync } from "node:sqlite";
import { Amendment, AmendmentWord, type OwnAmendment } from "../shared/charter/amendment.ts";
import { Charter, charterHash } from "../shared/charter/charter.ts";
import type { CharterState } from "../shared/charter/policy/facts.ts";
import { transaction } from "../shared/edge/database.ts";
import type { Edition } from "../shared/transcript/room/state.ts";

export const CHARTERS_SCHEMA = `
CREATE TABLE IF NOT EXISTS amendment_word (
  amendment_hash TEXT NOT NULL, identity_key TEXT NOT NULL, amendment TEXT NOT NULL, word TEXT NOT NULL,
  PRIMARY KEY (amendment_hash, identity_key)
) STRICT;
CREATE TABLE IF NOT EXISTS past_charter (charter_hash TEXT PRIMARY KEY, charter TEXT NOT NULL) STRICT;`;

/** What a history means for the charter that this agent goes by. */
export type Followed =
  /** It is still the one, as far as the copy reaches. */
  | { readonly type: "same" }
  /** Another is in force here from now on; durable. */
  | { readonly type: "amended"; readonly edition: number }
  /** Another is in force there, and this vault did not sign it: nothing may be worked on. */
  | { readonly type: "notSigned"; readonly edition: number };

interface OwnWord {
  readonly amendment: Amendment;
  readonly word: AmendmentWord;
}

export class VaultCharters {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Durable when it returns. @returns The word that stands: the first that was said with this key, or a refusal. */
  say(amendment: Amendment, word: AmendmentWord): AmendmentWord {
    const { amendmentHash, identityKey } = word;
    const known = this.wordOn(amendmentHash, identityKey);
    if (known) return known;
    this.#database
      .prepare("INSERT OR IGNORE INTO amendment_word VALUES (?, ?, ?, ?)")
      .run(amendmentHash, identityKey, JSON.stringify(amendment), JSON.stringify(word));
    return this.wordOn(amendmentHash, identityKey) ?? word;
  }

  /** What was said with this key; a refusal, with whichever. Null: nothing. */
  wordOn(amendmentHash: string, identityKey: string): AmendmentWord | null {
    const words = this.#words().filter(({ word }) => word.amendmentHash === amendmentHash);
    const refused = words.find(({ word }) => word.decision === "refused");
    return (refused ?? words.find(({ word }) => word.identityKey === identityKey))?.word ?? null;
  }

  #words(): OwnWord[] {
    const rows = this.#database
      .prepare("SELECT amendment, word FROM amendment_word ORDER BY rowid")
      .all();
    return rows.map((row) => ({
      amendment: Amendment.parse(JSON.parse(String(row["amendment"]))),
      word: AmendmentWord.parse(JSON.parse(String(row["word"]))),
    }));
  }

  /** Charters that were in force here before, the first first. */
  past(): Charter[] {
    const rows = this.#database.prepare("SELECT charter FROM past_charter ORDER BY rowid").all();
    return rows.map((row) => Charter.parse(JSON.parse(String(row["charter"]))));
  }

  /** The amendments by which the charter in force became it, in order, as this member signed them. */
  signed(): OwnAmendment[] {
    const current = this.#current();
    if (current === null) return [];
    const inForce = new Set([...this.past(), Charter.parse(JSON.parse(current))].map(charterHash));
    const own = new Map<string, OwnAmendment>();
    for (const { amendment, word } of this.#words())
      if (word.decision === "signed" && inForce.has(hashIn(amendment)))
        own.set(word.amendmentHash, { amendment, word });
    return [...own.values()].sort((a, b) => a.amendment.edition - b.amendment.edition);
  }

  /** Of charters that this member knows and does not go by now, by hash. */
  states(): ReadonlyMap<string, CharterState> {
    const states = new Map<string, CharterState>();
    for (const { amendment, word } of this.#words())
      if (word.decision === "signed") states.set(hashIn(amendment), "notInForce");
    const current = this.#current();
    if (current !== null) states.delete(charterHash(Charter.parse(JSON.parse(current))));
    for (const charter of this.past()) states.set(charterHash(charter), "superseded");
    return states;
  }

  /**
   * From the charter in force here on, and never back: every later one must be signed by this member, in the history,
   * with a signature that this vault gave.
   *
   * @param editions Of the own copy of the room's history, which was checked.
   */
  follow(memberId: string, editions: readonly Edition[]): Followed {
    const { followed, texts } = judged(memberId, this.#current(), this.#words(), editions);
    if (followed.type === "amended") this.#adopt(texts);
    return followed;
  }

  /** As `follow` judges, by what is known here now; nothing comes into force. */
  judging(memberId: string): (editions: readonly Edition[]) => Followed {
    const words = this.#words();
    const current = this.#current();
    return (editions) => judged(memberId, current, words, editions).followed;
  }

  /** @param texts Of the charter of before, those between, and the new one. What waits for approval is of before. */
  #adopt(texts: readonly string[]): void {
    transaction(this.#database, () => {
      for (const text of texts.slice(0, -1))
        this.#database
          .prepare("INSERT OR IGNORE INTO past_charter VALUES (?, ?)")
          .run(charterHash(Charter.parse(JSON.parse(text))), text);
      const amend =
        "UPDATE setting SET value = json_set(value, '$.charter', ?) WHERE name = 'enrolment'";
      this.#database.prepare(amend).run(texts.at(-1) ?? "");
      this.#database.prepare("UPDATE proposal SET closed = 'amended' WHERE closed IS NULL").run();
    });
  }

  #current(): string | null {
    const row = this.#database
      .prepare(
        "SELECT json_extract(value, '$.charter') AS text FROM setting WHERE name = 'enrolment'",
      )
      .get();
    return row ? String(row["text"]) : null;
  }
}

const hashIn = ({ charter }: Amendment): string => charterHash(Charter.parse(JSON.parse(charter)));

interface Judged {
  readonly followed: Followed;
  /** Canonical texts of the charter in force here and all that follow it. */
  readonly texts: readonly string[];
}

function judged(
  memberId: string,
  current: string | null,
  words: readonly OwnWord[],
  editions: readonly Edition[],
): Judged {
  const same: Judged = { followed: { type: "same" }, texts: [] };
  if (current === null) return same;
  const own = charterHash(Charter.parse(JSON.parse(current)));
  const at = editions.findIndex((edition) => edition.charterHash === own);
  const later = at < 0 ? [] : editions.slice(at + 1);
  const texts = [current];
  for (const { edition, amended } of later) {
    const inHistory = amended?.signatures.find((word) => word.memberId === memberId);
    const given = words.find(({ word }) => word.signature === inHistory?.signature);
    if (!given || given.word.amendmentHash !== amended?.amendmentHash)
      return { followed: { type: "notSigned", edition }, texts: [] };
    texts.push(given.amendment.charter);
  }
  const last = later.at(-1);
  return last ? { followed: { type: "amended", edition: last.edition }, texts } : same;
}
