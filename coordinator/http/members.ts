/** EDGE: members over HTTP: what they agreed on, who is in with which key, one's part in it, what it signs about itself. */
import type { Hono } from "hono";
import { badInput } from "../../shared/base/errors.ts";
import { KeyRotation } from "../../shared/charter/key-change.ts";
import { MemberStatement } from "../../shared/charter/member-statement.ts";
import { fingerprint } from "../../shared/crypto/identity.ts";
import type { MemberAddress } from "../peer.ts";
import { checkMember } from "../room/rooms.ts";
import { type MemberView, memberRuns } from "../run/views.ts";
import type { CoordinatorService } from "../service.ts";
import { type Access, checkMemberAsked, roomAsked } from "./access.ts";
import { bodyOf } from "./body.ts";

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
    return context.json(memberView(service, room, memberId));
  });
  api.post("/v1/members/:member/statements", async (context) => {
    const memberId = context.req.param("member");
    checkMemberAsked(context.var.within, memberId);
    const asked = roomAsked(context.var.within, context.req.query("room"));
    const { room } = service.rooms.charter(asked);
    const statement = await bodyOf(context, MemberStatement, "the statement");
    const revoked = service.rooms.addStatement({ room, memberId }, statement);
    if (revoked !== null && statement.kind === "keyRevoked")
      service.keyGone({ room, memberId: revoked }, statement.identityKey);
    return context.json({ room, memberId, kind: statement.kind, revoked });
  });
  api.post("/v1/members/:member/keys", async (context) => {
    const memberId = context.req.param("member");
    checkMemberAsked(context.var.within, memberId);
    const asked = roomAsked(context.var.within, context.req.query("room"));
    const member = { room: service.rooms.charter(asked).room, memberId };
    const rotation = await bodyOf(context, KeyRotation, "the key rotation");
    rotate(service, member, rotation);
    return context.json({ ...member, identityKey: rotation.identityKey });
  });
}

/** @throws {CloisterError} If it is not signed as it has to be, or a run with the member is under way. */
function rotate(service: CoordinatorService, member: MemberAddress, rotation: KeyRotation): void {
  if (service.isAtWork(member))
    throw badInput(
      "rotation.run-under-way",
      "a run with this key is under way; rotate it after that",
    );
  const old = service.rooms.keyOf(member) ?? "";
  service.rooms.rotateKey(member, rotation);
  service.keyGone(member, old);
}

function memberView(
  { rooms, catalog, isConnected }: CoordinatorService,
  room: string | undefined,
  memberId: string,
): MemberView {
  const charter = rooms.charter(room);
  checkMember(charter, memberId);
  const address = { room: charter.room, memberId };
  const key = rooms.identityKeyOf(address);
  return {
    ...address,
    identity: key && fingerprint(key),
    isConnected: isConnected(address),
    runs: memberRuns(catalog.list(charter.room), memberId),
  };
}
