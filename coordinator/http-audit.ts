/** EDGE: what members may read over HTTP, of runs of their own room: which there are, and what audits need. */
import type { Context, Hono } from "hono";
import { badInput } from "../shared/base/errors.ts";
import type { Manifest } from "../shared/charter/manifest.ts";
import { type Access, roomOf } from "./http-access.ts";
import type { RunSummary } from "./run-events.ts";
import type { CoordinatorService } from "./service.ts";

export function auditRoutes(api: Hono<Access>, service: CoordinatorService): void {
  api.get("/v1/runs", (context) => {
    const room = roomOf(context);
    const runs = service.runs().filter(({ manifest }) => (room ?? manifest.room) === manifest.room);
    return context.json(runs.map(brief));
  });
  api.get("/v1/runs/:run/manifest", (context) => {
    const { runId, manifest } = runOf(context, service);
    return context.json({ runId, manifest, charter: service.rooms.charter(manifest.room) });
  });
  api.get("/v1/transcript", (context) => {
    const { room } = service.rooms.charter(roomOf(context) ?? context.req.query("room"));
    return context.text(service.transcripts.whole(room));
  });
  api.get("/v1/runs/:run/documents", (context) => {
    const { runId, manifest } = runOf(context, service);
    const { receivers: agreed } = service.rooms.charter(manifest.room);
    const receivers = (manifest.receivers ?? agreed)?.metrics;
    const { caller } = context.var;
    const isReceiver = caller.type === "operator" || (receivers?.includes(caller.memberId) ?? true);
    const modelCard = isReceiver ? service.document(runId, "modelCard") : null;
    return context.json({
      modelCard,
      privacyStatement: service.document(runId, "privacyStatement"),
    });
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
  return service.manifestOf(context.req.param("run") ?? "", roomOf(context));
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

function brief({ runId, status, reason, createdAtMs, rounds, manifest }: RunSummary): object {
  const metrics = rounds.findLast((round) => round.metrics)?.metrics ?? null;
  return {
    runId,
    room: manifest.room,
    task: manifest.task.kind,
    status,
    reason,
    createdAtMs,
    rounds: rounds.length,
    metrics,
  };
}
