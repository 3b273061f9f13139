/** EDGE: the tokens that the operator has handed out, in the coordinator's database: never the tokens themselves. */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { fromHex, toHex } from "../../shared/base/bytes.ts";
import type { Clock, Rng } from "../../shared/base/env.ts";
import { badInput } from "../../shared/base/errors.ts";
import { TOKEN_ROLES } from "./table.ts";
import {
  type AccessToken,
  DAY_MS,
  drawToken,
  isToken,
  stateOf,
  type TokenRequest,
  type TokenState,
  tokenHash,
  tokenIdOf,
} from "./token.ts";

export const ACCESS_TOKEN_SCHEMA = `
CREATE TABLE IF NOT EXISTS access_token (
  id TEXT PRIMARY KEY, hash TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL, room TEXT NOT NULL, member_id TEXT,
  created_at_ms INTEGER NOT NULL, expires_at_ms INTEGER NOT NULL, last_used_day TEXT, revoked_at_ms INTEGER
) STRICT;`;

export interface IssuedToken extends AccessToken {
  /** Shown this once. */
  readonly token: string;
}

export class AccessTokens {
  readonly #database: DatabaseSync;
  readonly #clock: Clock;

  constructor(database: DatabaseSync, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  create(request: Omit<TokenRequest, "room"> & { room: string }, rng: Rng): IssuedToken {
    const { id, text } = drawToken(rng);
    const createdAtMs = this.#clock.nowMs();
    const { name, role, room, memberId = null, days } = request;
    const expiresAtMs = createdAtMs + days * DAY_MS;
    this.#database
      .prepare("INSERT INTO access_token VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)")
      .run(id, toHex(tokenHash(text)), name, role, room, memberId, createdAtMs, expiresAtMs);
    return { token: text, ...this.#get(id) };
  }

  list(): (AccessToken & { readonly state: TokenState })[] {
    const nowMs = this.#clock.nowMs();
    const rows = this.#database.prepare("SELECT * FROM access_token ORDER BY created_at_ms, id");
    return rows
      .all()
      .map(fromRow)
      .map((token) => ({ ...token, state: stateOf(token, nowMs) }));
  }

  /** From now on it is refused. A token that was revoked before stays so, as of then. */
  revoke(id: string): AccessToken {
    this.#database
      .prepare("UPDATE access_token SET revoked_at_ms = ? WHERE id = ? AND revoked_at_ms IS NULL")
      .run(this.#clock.nowMs(), id);
    return this.#get(id);
  }

  /** Whose token this is; or why it is none. Notes the day. */
  present(text: string): AccessToken | "unknown" | "expired" | "revoked" {
    const row = this.#row(tokenIdOf(text) ?? "");
    const kept = row ? fromHex(String(row["hash"])) : null;
    if (!isToken(text, kept) || !row) return "unknown";
    const token = fromRow(row);
    const nowMs = this.#clock.nowMs();
    const state = stateOf(token, nowMs);
    if (state !== "active") return state;
    const day = new Date(nowMs).toISOString().slice(0, 10);
    if (token.lastUsedDay !== day)
      this.#database
        .prepare("UPDATE access_token SET last_used_day = ? WHERE id = ?")
        .run(day, token.id);
    return token;
  }

  /** Whether a token that was presented is good still. */
  isActive(id: string): boolean {
    return stateOf(this.#get(id), this.#clock.nowMs()) === "active";
  }

  #row(id: string): Record<string, SQLOutputValue> | undefined {
    return this.#database.prepare("SELECT * FROM access_token WHERE id = ?").get(id);
  }

  #get(id: string): AccessToken {
    const row = this.#row(id);
    if (row) return fromRow(row);
    throw badInput("token.no-such", `${id}: no token has this id; see "cloister token list"`);
  }
}

function fromRow(row: Record<string, SQLOutputValue>): AccessToken {
  const role = TOKEN_ROLES.find((known) => known === row["role"]);
  const text = (name: string): string | null => (row[name] === null ? null : String(row[name]));
  if (role === undefined)
    throw badInput("token.no-role", `token ${text("id")}: its role is unknown to this version`);
  return {
    id: String(row["id"]),
    name: String(row["name"]),
    role,
    room: String(row["room"]),
    memberId: text("member_id"),
    createdAtMs: Number(row["created_at_ms"]),
    expiresAtMs: Number(row["expires_at_ms"]),
    lastUsedDay: text("last_used_day"),
    revokedAtMs: row["revoked_at_ms"] === null ? null : Number(row["revoked_at_ms"]),
  };
}
