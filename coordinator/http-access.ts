/** EDGE: who may ask what over HTTP: the operator, by its token, everything; a member, by its identity, audits. */
import { timingSafeEqual } from "node:crypto";
import type { Context, Next } from "hono";
import { type Asker, type Verdict, verifyRequest } from "../shared/audit/request.ts";
import { utf8 } from "../shared/base/bytes.ts";
import { EXIT } from "../shared/base/errors.ts";
import { osClock } from "../shared/edge/os.ts";

export type Caller = { readonly type: "operator" } | ({ readonly type: "member" } & Asker);
export interface Access {
  Variables: { caller: Caller };
}

export interface AccessOptions {
  readonly adminToken: string;
  /** The coordinator's own, raw. */
  readonly coordinatorKey: Uint8Array;
  /** The enrolled identity key, or null. */
  readonly identityKeyOf: (asker: Asker) => Uint8Array | null;
}

const REFUSALS: Readonly<Record<Extract<Verdict, { type: "refused" }>["code"], string>> = {
  malformed: "the request's signature is malformed; update the agent or the coordinator",
  notEnrolled: "this identity is not enrolled here as the member that it says it is",
  clock: "the request's time is more than a minute off the coordinator's clock; set the clock",
};

/** Finds out who asks; whoever is nobody is refused. */
export function identifyCaller({ adminToken, coordinatorKey, identityKeyOf }: AccessOptions) {
  const expected = utf8(`Bearer ${adminToken}`);
  return async (context: Context<Access>, next: Next): Promise<Response | undefined> => {
    const header = context.req.header("authorization") ?? "";
    const { pathname, search } = new URL(context.req.url);
    const request = { method: context.req.method, path: `${pathname}${search}`, coordinatorKey };
    const verdict = verifyRequest(header, request, identityKeyOf, osClock.nowMs());
    const given = utf8(header);
    if (verdict.type === "refused")
      return refusal(context, `audit.${verdict.code}`, REFUSALS[verdict.code]);
    if (verdict.type === "member") context.set("caller", { type: "member", ...verdict.asker });
    else if (given.length === expected.length && timingSafeEqual(given, expected))
      context.set("caller", { type: "operator" });
    else {
      const message = "the admin token is wrong; it lies in the coordinator's dataDir";
      return refusal(context, "admin.token", message);
    }
    await next();
    return undefined;
  };
}

/** Everything behind this is the operator's alone. */
export async function operatorOnly(
  context: Context<Access>,
  next: Next,
): Promise<Response | undefined> {
  if (context.var.caller.type !== "operator")
    return refusal(context, "admin.only", "this is for the operator's admin token alone", 403);
  await next();
  return undefined;
}

/** The room that the caller is confined to; null: it may see all. */
export function roomOf(context: Context<Access>): string | null {
  const { caller } = context.var;
  return caller.type === "member" ? caller.room : null;
}

function refusal(
  context: Context<Access>,
  code: string,
  message: string,
  status: 401 | 403 = 401,
): Response {
  return context.json({ code, message, exitCode: EXIT.refused }, status);
}
