/**
 * EDGE: who asks over HTTP, and whether it may: the operator by the admin token, people by tokens of their own, a
 * member's agent by its signature. What each may is data: access/table.ts. No token is ever logged or repeated.
 */
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context, Next } from "hono";
import { matchedRoutes } from "hono/route";
import { type Asker, type Verdict, verifyRequest } from "../../shared/audit/request.ts";
import { equalBytes } from "../../shared/base/bytes.ts";
import { CloisterError, EXIT } from "../../shared/base/errors.ts";
import { osClock } from "../../shared/edge/os.ts";
import { FailedAttempts } from "../access/failed-attempts.ts";
import { type Caller, notAllowed, reachOf, type Within, withinOf } from "../access/table.ts";
import { tokenHash } from "../access/token.ts";
import type { AccessTokens } from "../access/tokens.ts";

export interface Access {
  Variables: { caller: Caller; within: Within };
}

export interface AccessOptions {
  readonly adminToken: string;
  /** The coordinator's own, raw. */
  readonly coordinatorKey: Uint8Array;
  /** The enrolled identity key, or null. */
  readonly identityKeyOf: (asker: Asker) => Uint8Array | null;
  readonly tokens: AccessTokens;
  /** Of one address, before it has to wait; 0: no limit. */
  readonly failuresPerMinute: number;
}

interface Refusal {
  readonly code: string;
  readonly message: string;
}

const SIGNATURE_REFUSALS: Readonly<Record<Extract<Verdict, { type: "refused" }>["code"], string>> =
  {
    malformed: "the request's signature is malformed; update the agent or the coordinator",
    notEnrolled: "this identity is not enrolled here as the member that it says it is",
    clock: "the request's time is more than a minute off the coordinator's clock; set the clock",
  };
const TOKEN_REFUSALS = {
  unknown:
    "the token is not one of this coordinator's; ask its operator for one (the admin token lies in its dataDir)",
  expired: "the token has expired; ask the operator for a new one",
  revoked: "the token was revoked; ask the operator why",
} as const;
const OPERATOR: Caller = { role: "operator", room: null, memberId: null, token: null };

/** Finds out who asks; whoever is nobody is refused, and for a while not heard if that happens often. */
export function identifyCaller(options: AccessOptions) {
  const adminHash = tokenHash(options.adminToken);
  const attempts = new FailedAttempts(options.failuresPerMinute);
  return async (context: Context<Access>, next: Next): Promise<Response | undefined> => {
    const address = getConnInfo(context).remote.address ?? "";
    const nowMs = osClock.nowMs();
    const waitMs = attempts.waitMs(address, nowMs);
    if (waitMs > 0) return mustWait(context, waitMs);
    const caller = callerOf(context, options, adminHash, nowMs);
    if ("code" in caller) {
      attempts.failed(address, nowMs);
      return refusal(context, caller, 401);
    }
    context.set("caller", caller);
    await next();
    return undefined;
  };
}

function callerOf(
  context: Context<Access>,
  { coordinatorKey, identityKeyOf, tokens }: AccessOptions,
  adminHash: Uint8Array,
  nowMs: number,
): Caller | Refusal {
  const header = context.req.header("authorization") ?? "";
  const { pathname, search } = new URL(context.req.url);
  const request = { method: context.req.method, path: `${pathname}${search}`, coordinatorKey };
  const verdict = verifyRequest(header, request, identityKeyOf, nowMs);
  if (verdict.type === "refused")
    return { code: `audit.${verdict.code}`, message: SIGNATURE_REFUSALS[verdict.code] };
  if (verdict.type === "member") return { role: "member", ...verdict.asker, token: null };
  const text = /^Bearer (\S+)$/.exec(header)?.[1] ?? "";
  if (equalBytes(tokenHash(text), adminHash)) return OPERATOR;
  const token = tokens.present(text);
  if (typeof token === "string") return { code: `token.${token}`, message: TOKEN_REFUSALS[token] };
  const { id, name, role, room, memberId } = token;
  return { role, room, memberId, token: { id, name } };
}

/** Lets through what the table allows, confined to what it says; all else is refused, also where a route is new. */
export async function authorize(
  context: Context<Access>,
  next: Next,
): Promise<Response | undefined> {
  const route = matchedRoutes(context).find(({ method }) => method !== "ALL");
  const { caller } = context.var;
  const name = route ? `${route.method} ${route.path}` : "";
  const reach = reachOf(name, caller.role);
  if (reach === null) {
    const message = "nothing is here for anybody; update the command or the coordinator";
    return refusal(context, { code: "request.unknown-path", message }, 404);
  }
  if (reach === "none")
    return refusal(context, { code: "token.role", message: notAllowed(name, caller.role) }, 403);
  context.set("within", withinOf(caller, reach));
  await next();
  return undefined;
}

/**
 * The room that a request is about.
 *
 * @param asked What it names; undefined: nothing.
 * @returns Undefined: whichever there is.
 * @throws {CloisterError} If it is not the caller's.
 */
export function roomAsked({ room }: Within, asked: string | undefined): string | undefined {
  if (room === null || asked === undefined || asked === room) return room ?? asked;
  throw refused("token.room", `this is for room "${room}" only, and "${asked}" was asked for`);
}

/** @throws {CloisterError} If the caller is confined to another member. */
export function checkMemberAsked({ memberId }: Within, asked: string): void {
  if (memberId === null || asked === memberId) return;
  throw refused("token.member", `this is for member ${memberId} only, and ${asked} was asked for`);
}

function refused(code: string, message: string): CloisterError {
  return new CloisterError(code, message, EXIT.refused);
}

function mustWait(context: Context<Access>, waitMs: number): Response {
  const seconds = Math.ceil(waitMs / 1000);
  context.header("retry-after", String(seconds));
  const message = `too many requests from this address said wrongly who asks; wait ${seconds} s`;
  return refusal(context, { code: "token.too-many", message }, 429);
}

function refusal(context: Context<Access>, what: Refusal, status: 401 | 403 | 404 | 429): Response {
  return context.json({ ...what, exitCode: EXIT.refused }, status);
}
