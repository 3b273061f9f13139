/** EDGE: an agent's folder: its identity, the room it belongs to, the keys it has pinned. Owner-readable only. */

import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { fromHex, toHex } from "../shared/base/bytes.ts";
import { type Rng, randomBytes } from "../shared/base/env.ts";
import { badInput } from "../shared/base/errors.ts";
import { openDatabase } from "../shared/edge/database.ts";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS pinned_key (member_id TEXT PRIMARY KEY, identity_key TEXT NOT NULL) STRICT;
DROP TABLE IF EXISTS channel;`;

const Enrolment = z.strictObject({
  memberId: z.string(),
  room: z.string(),
  coordinatorUrl: z.string(),
  /** Hexadecimal, pinned through the token's fingerprint. */
  coordinatorKey: z.string(),
  /** The charter's JSON, as signed. */
  charter: z.string(),
  dataPath: z.string(),
  /** Left out by agents of the time before: the folder's own ledger. */
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

export const vaultPath = (folder: string): string => join(folder, "vault.db");
/** Whose records a file holds, where nobody says: the file's own name. */
export const populationOfFile = (dataPath: string): string =>
  basename(dataPath)
    .replace(/\.csv(?:\.gz)?$/i, "")
    .slice(0, 100);
/** Where no other ledger is named. */
export const ledgerPath = (folder: string): string => join(folder, "ledger.db");

export class Vault {
  readonly #database: DatabaseSync;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.#database = openDatabase(vaultPath(folder), SCHEMA);
  }

  /** @throws {CloisterError} If no agent was set up in this folder. */
  static openExisting(folder: string): Vault {
    if (!existsSync(vaultPath(folder))) {
      throw badInput(
        "agent.not-enrolled",
        `${folder}: no agent is set up here; run "cloister agent init" first`,
      );
    }
    return new Vault(folder);
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
        `${this.#folder}: enrolment was not finished; run "cloister agent init" again`,
      );
    return Enrolment.parse(JSON.parse(text));
  }

  pinnedKeys(): Map<string, string> {
    const rows = this.#database.prepare("SELECT member_id, identity_key FROM pinned_key").all();
    return new Map(rows.map((row) => [String(row["member_id"]), String(row["identity_key"])]));
  }

  pinKey(memberId: string, identityKey: string): void {
    this.#database
      .prepare("INSERT OR IGNORE INTO pinned_key VALUES (?, ?)")
      .run(memberId, identityKey);
  }

  /** What this member has signed for of its room's history: so many entries, and the root over them. */
  cosigned(): Cosigned | null {
    const text = this.#setting("cosigned");
    return text === null ? null : Cosigned.parse(JSON.parse(text));
  }

  saveCosigned(cosigned: Cosigned): void {
    this.#save("cosigned", JSON.stringify(cosigned));
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
