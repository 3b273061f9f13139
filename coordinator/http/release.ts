/** EDGE: the release of a run's model over HTTP: where it stands, and a member's signed word on it. */
import type { Context, Hono } from "hono";
import type { Charter } from "../../shared/charter/charter.ts";
import { ReleaseDecision } from "../../shared/charter/release.ts";
import type { RunSummary } from "../run/events.ts";
import type { CoordinatorService } from "../service.ts";
import { type Access, checkMemberAsked } from "./access.ts";
import { bodyOf } from "./body.ts";

export function releaseRoutes(api: Hono<Access>, service: CoordinatorService): void {
  api.get("/v1/runs/:run/release", (context) => {
    const { charter, run } = runOf(context, service);
    return context.json(service.releases.view(charter, run));
  });
  api.post("/v1/runs/:run/release/:member", async (context) => {
    checkMemberAsked(context.var.within, context.req.param("member"));
    const { charter, run } = runOf(context, service);
    const decision = await bodyOf(context, ReleaseDecision, "the word on the release");
    checkMemberAsked(context.var.within, decision.memberId);
    service.releases.decide(charter, run, decision);
    return context.json(service.releases.view(charter, runOf(context, service).run));
  });
}

function runOf(
  context: Context<Access>,
  service: CoordinatorService,
): { charter: Charter; run: RunSummary } {
  const run = service.catalog.find(context.req.param("run") ?? "", context.var.within.room);
  return { charter: service.rooms.charterOf(run.manifest), run };
}
