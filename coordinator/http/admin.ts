/** EDGE: what the operator does over HTTP: rooms, invitations, tokens. */
import type { Hono } from "hono";
import { z } from "zod";
import { Charter } from "../../shared/charter/charter.ts";
import { TokenRequest } from "../access/token.ts";
import type { CoordinatorService } from "../service.ts";
import type { Access } from "./access.ts";
import { bodyOf } from "./body.ts";

const InvitationRequest = z.strictObject({ room: z.string().optional(), memberId: z.string() });

export function adminRoutes(api: Hono<Access>, service: CoordinatorService): void {
  api.post("/v1/rooms", async (context) =>
    context.json(service.rooms.create(await bodyOf(context, Charter, "the charter"))),
  );
  api.post("/v1/invitations", async (context) => {
    const { room, memberId } = await bodyOf(context, InvitationRequest, "the invitation");
    return context.json(service.rooms.invite(room, memberId));
  });
  api.post("/v1/tokens", async (context) => {
    const issued = service.createToken(await bodyOf(context, TokenRequest, "the token"));
    context.header("cache-control", "no-store");
    return context.json(issued);
  });
  api.get("/v1/tokens", (context) => context.json(service.accessTokens.list()));
  api.post("/v1/tokens/:token/revoke", (context) =>
    context.json(service.accessTokens.revoke(context.req.param("token"))),
  );
}
