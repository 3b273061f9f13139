/**
 * A token that says who a person is to the coordinator: `cloister_ID_SECRET`, the secret 32 bytes of randomness. Only the
 * SHA-256 of the whole is kept: with 2^256 secrets to try there is nothing that a slow or salted hash would make
 * harder. Pure: randomness and time are arguments.
 */
import { z } from "zod";
import { equalBytes, toHex, utf8 } from "../../shared/base/bytes.ts";
import { type Rng, randomBytes } from "../../shared/base/env.ts";
import { sha256 } from "../../shared/crypto/hash.ts";
import { MemberId } from "../../shared/protocol/messages.ts";
import { TOKEN_ROLES, type TokenRole } from "./table.ts";

export const DAY_MS = 24 * 3600 * 1000;
const DAYS_DEFAULT = 90;
const DAYS_MAX = 365;

/** What the operator asks for. */
export const TokenRequest = z
  .strictObject({
    role: z.enum(TOKEN_ROLES),
    room: MemberId.optional(),
    /** The person's, for those who read what it did. */
    name: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .regex(/^\P{C}*$/u, "letters, digits, signs and spaces only"),
    memberId: MemberId.optional(),
    days: z.int().min(1).max(DAYS_MAX, `at most ${DAYS_MAX}: a year`).default(DAYS_DEFAULT),
  })
  .refine(({ role, memberId }) => (role === "member-admin") === (memberId !== undefined), {
    path: ["memberId"],
    message: "needed for the role member-admin, and only for it",
  });
export type TokenRequest = z.infer<typeof TokenRequest>;

/** What is kept of a token, less its hash. */
export interface AccessToken {
  /** Part of the token, and no secret: what it is listed and revoked by. */
  readonly id: string;
  readonly name: string;
  readonly role: TokenRole;
  readonly room: string;
  /** Of the role member-admin. */
  readonly memberId: string | null;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /** As `2026-11-25`, universal time. Null: never. */
  readonly lastUsedDay: string | null;
  readonly revokedAtMs: number | null;
}

export type TokenState = "active" | "expired" | "revoked";

const TOKEN = /^cloister_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

/** 38 bytes of `rng`. */
export function drawToken(rng: Rng): { id: string; text: string } {
  const id = toHex(randomBytes(rng, 6));
  const secret = Buffer.from(randomBytes(rng, 32)).toString("base64url");
  return { id, text: `cloister_${id}_${secret}` };
}

/** Null: not of a token's form. */
export function tokenIdOf(text: string): string | null {
  return TOKEN.exec(text)?.[1] ?? null;
}

export const tokenHash = (text: string): Uint8Array => sha256(utf8(text));

const NO_HASH = new Uint8Array(32);

/**
 * Whether a token is the one whose hash is kept. The id, which is public, finds the hash; then two hashes are
 * compared in constant time, also where the id is unknown, so that time tells nothing of either.
 *
 * @param kept 32 bytes; null: nothing is kept under the token's id.
 */
export function isToken(text: string, kept: Uint8Array | null): boolean {
  const isEqual = equalBytes(tokenHash(text), kept ?? NO_HASH);
  return isEqual && kept !== null;
}

export function stateOf({ expiresAtMs, revokedAtMs }: AccessToken, nowMs: number): TokenState {
  if (revokedAtMs !== null) return "revoked";
  return nowMs >= expiresAtMs ? "expired" : "active";
}
