/**
 * How a member shows who it is when it asks for an audit over HTTP: one header, signed with its identity for
 * one method, path, moment and coordinator. It gives no more than reading, so a repeated one within the
 * minute gains nothing. Pure: time is an argument.
 */
import { fromHex, toHex } from "../base/bytes.ts";
import { framed } from "../crypto/hash.ts";
import { type Identity, verifySignature } from "../crypto/identity.ts";
import { LABELS } from "../crypto/labels.ts";

/** How far the two clocks may be apart. */
const SKEW_MS_MAX = 60_000;
const HEADER =
  /^CloisterMember ([a-z0-9._-]{1,64}) ([a-z0-9._-]{1,64}) ([0-9]{1,15}) ([0-9a-f]{128})$/;

export interface AuditRequest {
  readonly method: string;
  /** With the query, as in the request line. */
  readonly path: string;
  /** Raw public key of the coordinator that is asked. */
  readonly coordinatorKey: Uint8Array;
}

export interface Asker {
  readonly room: string;
  readonly memberId: string;
}

function statement(
  { method, path, coordinatorKey }: AuditRequest,
  { room, memberId }: Asker,
  atMs: string,
): Uint8Array {
  return framed(LABELS.auditRequest, method, path, coordinatorKey, room, memberId, atMs);
}

/** The value of the `authorization` header. */
export function signRequest(
  identity: Identity,
  request: AuditRequest,
  asker: Asker,
  atMs: number,
): string {
  const at = String(Math.floor(atMs));
  const signature = toHex(identity.sign(statement(request, asker, at)));
  return `CloisterMember ${asker.room} ${asker.memberId} ${at} ${signature}`;
}

export type Verdict =
  | { readonly type: "member"; readonly asker: Asker }
  | { readonly type: "refused"; readonly code: "malformed" | "notEnrolled" | "clock" }
  /** Not a member's header at all. */
  | { readonly type: "other" };

/** @param identityKeyOf The enrolled identity key, or null. */
export function verifyRequest(
  header: string,
  request: AuditRequest,
  identityKeyOf: (asker: Asker) => Uint8Array | null,
  nowMs: number,
): Verdict {
  if (!header.startsWith("CloisterMember")) return { type: "other" };
  const [, room, memberId, at, signature] = HEADER.exec(header) ?? [];
  if (!room || !memberId || !at || !signature) return { type: "refused", code: "malformed" };
  const asker = { room, memberId };
  const key = identityKeyOf(asker);
  if (!key || !verifySignature(key, statement(request, asker, at), fromHex(signature)))
    return { type: "refused", code: "notEnrolled" };
  if (Math.abs(nowMs - Number(at)) > SKEW_MS_MAX) return { type: "refused", code: "clock" };
  return { type: "member", asker };
}
