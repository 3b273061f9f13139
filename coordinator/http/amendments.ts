/** EDGE: amendments of a room's charter over HTTP: the operator proposes them, members say their word, all may see it. */
import type { Hono } from "hono";
import { z } from "zod";
import { AmendmentWord } from "../../shared/charter/amendment.ts";
import { Charter } from "../../shared/charter/charter.ts";
import { TextLine } from "../../shared/charter/member-statement.ts";
import type { CoordinatorService } from "../service.ts";
import { type Access, checkMemberAsked, roomAsked } from "./access.ts";
import { bodyOf } from "./body.ts";

const AmendmentRequest = z.strictObject({
  charter: Charter,
  reason: TextLine,
  validDays: z.number().gt(0).max(365).default(14),
});
const Which = z.strictObject({ room: z.string().optional() });

/** Members' copies of the history are brought up to date at once: it is there that their agents read of it. */
export function amendmentRoutes(api: Hono<Access>, service: CoordinatorService): void {
  const { amendments, rooms } = service;
  api.post("/v1/amendments", async (context) => {
    const view = amendments.propose(await bodyOf(context, AmendmentRequest, "the amendment"));
    service.transcripts.flush(view.room);
    return context.json(view);
  });
  api.post("/v1/amendments/withdraw", async (context) => {
    const asked = await bodyOf(context, Which, "the request");
    const { room } = rooms.charter(asked.room);
    const view = amendments.withdraw(room);
    service.transcripts.flush(room);
    return context.json(view);
  });
  api.get("/v1/amendments", (context) => {
    const asked = roomAsked(context.var.within, context.req.query("room"));
    return context.json(amendments.view(rooms.charter(asked).room));
  });
  api.post("/v1/members/:member/amendments", async (context) => {
    const memberId = context.req.param("member");
    checkMemberAsked(context.var.within, memberId);
    const asked = roomAsked(context.var.within, context.req.query("room"));
    const { room } = rooms.charter(asked);
    const word = await bodyOf(context, AmendmentWord, "the word on the amendment");
    const view = amendments.decide({ room, memberId }, word);
    service.transcripts.flush(room);
    return context.json(view);
  });
}
