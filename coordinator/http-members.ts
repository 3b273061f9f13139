/** EDGE: members over HTTP: what they agreed on, who is in with which key, one's part in it, what it signs about itself. */
import type { Hono } from "hono";
import { MemberStatement } from "../shared/charter/member-statement.ts";
import { type Access, checkMemberAsked, roomAsked } from "./http-access.ts";
import { bodyOf } from "./http-body.ts";
import type { CoordinatorService } from "./service.ts";

export function memberRoutes(api: Hono<Access>, service: CoordinatorService): void {
  api.get("/v1/charter", (context) =>
    context.json(service.rooms.charter(roomAsked(context.var.within, context.req.query("room")))),
  );
  api.get("/v1/roster", (context) => {
    const room = roomAsked(context.var.within, context.req.query("room"));
    return context.json(service.rosterAnswer(room));
  });
  api.get("/v1/members/:member", (context) => {
    const memberId = context.req.param("member");
    checkMemberAsked(context.var.within, memberId);
    const room = roomAsked(context.var.within, context.req.query("room"));
    return context.json(service.memberView(room, memberId));
  });
  api.post("/v1/members/:member/statements", async (context) => {
    const memberId = context.req.param("member");
    checkMemberAsked(context.var.within, memberId);
    const asked = roomAsked(context.var.within, context.req.query("room"));
    const { room } = service.rooms.charter(asked);
    const statement = await bodyOf(context, MemberStatement, "the statement");
    service.rooms.addStatement({ room, memberId }, statement);
    return context.json({ room, memberId, kind: statement.kind });
  });
}
