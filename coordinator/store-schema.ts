/** The coordinator's tables, each of which is made where it is not there yet. Pure. */
import { ACCESS_TOKEN_SCHEMA } from "./access/tokens.ts";
import { TRANSCRIPTS_SCHEMA } from "./room/transcripts.ts";

export const STORE_SCHEMA = `
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS room (name TEXT PRIMARY KEY, charter TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS token (
  hash TEXT PRIMARY KEY, room TEXT NOT NULL, member_id TEXT NOT NULL, expires_at_ms INTEGER NOT NULL, used_at_ms INTEGER
) STRICT;
CREATE TABLE IF NOT EXISTS member (
  room TEXT NOT NULL, member_id TEXT NOT NULL, identity_key TEXT NOT NULL, signature TEXT NOT NULL,
  PRIMARY KEY (room, member_id)
) STRICT;
CREATE TABLE IF NOT EXISTS run_event (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS run_state (run_id TEXT PRIMARY KEY, state BLOB NOT NULL) STRICT;
${TRANSCRIPTS_SCHEMA}${ACCESS_TOKEN_SCHEMA}`;
