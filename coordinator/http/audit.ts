/** EDGE: what is read over HTTP about runs besides their results: which there are, what audits need. */
import type { Context, Hono } from "hono";
import { badInput } from "../../shared/base/errors.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import { mayReadCard } from "../access/receivers.ts";
import { runLine } from "../run/views.ts";
import type { CoordinatorService } from "../service.ts";
import { type Access, roomAsked } from "./access.ts";

export function auditRoutes(api: Hono<Access>, service: CoordinatorService): void {
  api.get("/v1/runs", (context) =>
    context.json(service.catalog.list(context.var.within.room).map(runLine)),
  );
  api.get("/v1/runs/:run/manifest", (context) => {
    const { runId, manifest } = runOf(context, service);
    return context.json({ runId, manifest, charter: service.rooms.charterOf(manifest) });
  });
  api.get("/v1/transcript", (context) => {
    const asked = roomAsked(context.var.within, context.req.query("room"));
    return context.text(service.transcripts.whole(service.rooms.charter(asked).room));
  });
  api.get("/v1/runs/:run/documents", (context) => {
    const { runId, manifest } = runOf(context, service);
    const charter = service.rooms.charterOf(manifest);
    const isShown = mayReadCard(context.var.caller, charter, manifest);
    const modelCard = isShown ? service.transcripts.document(runId, "modelCard") : null;
    const privacyStatement = service.transcripts.document(runId, "privacyStatement");
    return context.json({ modelCard, privacyStatement });
  });
  api.get("/v1/runs/:run/rounds/:round/audit", (context) => {
    const { runId } = runOf(context, service);
    return context.json(service.audits.record(runId, roundOf(context)));
  });
  api.get("/v1/runs/:run/rounds/:round/prekeys", async (context) => {
    const { runId } = runOf(context, service);
    return binary(await service.audits.prekeys(runId, roundOf(context)));
  });
  api.get("/v1/runs/:run/rounds/:round/audit/:member", async (context) => {
    const { runId, manifest } = runOf(context, service);
    const round = roundOf(context);
    const memberId = context.req.param("member") ?? "";
    const index = manifest.roster.findIndex((member) => member.memberId === memberId);
    const vector = await service.audits.vector(runId, round, index);
    if (vector.length > 0) return binary(vector);
    throw badInput("audit.no-vector", `round ${round} has no vector of ${memberId}`);
  });
}

function runOf(
  context: Context<Access>,
  service: CoordinatorService,
): { runId: string; manifest: Manifest } {
  return service.catalog.manifestOf(context.req.param("run") ?? "", context.var.within.room);
}

function roundOf(context: Context<Access>): number {
  const text = context.req.param("round") ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw badInput("audit.round", `${text}: not the number of a round; rounds count from 0`);
}

function binary(bytes: Uint8Array): Response {
  const headers = { "content-type": "application/octet-stream" };
  return new Response(new Uint8Array(bytes), { headers });
}
